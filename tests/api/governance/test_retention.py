"""What retention deletes, what it leaves, what it writes down, and that a killed run goes on."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from aidial_api.kernel import erasing
from aidial_api.kernel.db import Database
from aidial_api.surfaces.governance import retention, store
from tests.api.calls.lines import Business, open_business
from tests.api.governance.clinics import (
    hold,
    old_call,
    partner_of,
    path_of,
    queued,
    receipts,
    run_due,
    save,
    states,
)
from tests.support.api import World
from tests.support.askers import Asker
from tests.support.recordings import wav
from tests.support.unlocks import new_unlock


class KilledError(BaseException):
    """The worker is gone in the middle of something."""


EARLY, LATE = {"/first_day": "too_small"}, {"/last_day": "too_large"}


@pytest.fixture
async def clinic(world: World) -> Business:
    return await open_business(world, "Australia/Sydney")


@pytest.fixture
async def priya(world: World, clinic: Business) -> Asker:
    return await partner_of(world, clinic)


async def test_what_could_not_be_counted_is_not_said_to_be_none(
    world: World, clinic: Business, priya: Asker, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, held = await old_call(clinic, days=40), await old_call(clinic, days=41)
    await hold(priya, clinic, kind="call", call_id=held)
    await save(priya, clinic, transcripts_days=30)

    async def too_long(*_: Any) -> None:
        """As counting many calls may take."""

    monkeypatch.setattr(store, "count_due", too_long)
    await run_due(world, clinic)
    assert await states(world, old, held) == ["retention_expired", "available"]
    (receipt,) = await receipts(priya, clinic)
    assert (receipt["calls"], receipt["held"]) == (1, None)
    assert receipt["completed_at"] is not None
    (event,) = await world.events(receipt["receipt_id"])
    assert '"held": null' in event["technical"]


async def test_old_transcripts_go_with_their_words_and_young_ones_stay(
    world: World, clinic: Business, priya: Asker
) -> None:
    old, young = await old_call(clinic, days=40), await old_call(clinic, days=29)
    before = (await clinic.admin.get(f"/v1/calls/{old}")).headers["etag"]
    await save(priya, clinic, transcripts_days=30)
    await run_due(world, clinic)
    assert await states(world, old, young) == ["retention_expired", "available"]
    (row,) = await world.sql("SELECT * FROM transcripts WHERE call_id = $1", old)
    assert (row["turns"], row["raw"]) == ("[]", None)
    assert "PHONE" in row["redaction_counts"]
    answer = await clinic.admin.get(f"/v1/calls/{old}/transcript")
    assert (answer.json["state"], answer.json["turns"]) == ("retention_expired", [])
    assert answer.json["deleted_for"] == "retention"
    assert answer.headers["etag"] != before
    counted = {one: (await clinic.admin.get(f"/v1/calls/{one}")).json["entities"] for one in (old, young)}
    assert (counted[old], bool(counted[young])) == (None, True)
    assert (await clinic.admin.get(f"/v1/calls/{young}/transcript")).json["turns"]
    refused = await clinic.admin.post(f"/v1/calls/{old}/pii-unlocks", new_unlock())
    assert (refused.code, refused.json["details"]["current_state"]) == ("state_conflict", "retention_expired")


async def test_hidden_words_go_as_well_and_do_not_come_back(
    world: World, clinic: Business, priya: Asker
) -> None:
    old = await old_call(clinic, days=40)
    for is_hidden, state in ((True, "hidden"), (False, "retention_expired")):
        change = {"transcript_hidden": is_hidden}
        answer = await clinic.key.patch(f"/v1/calls/{old}", change, if_match="*")
        assert (answer.status, answer.json["transcript_state"]) == (200, state)
        if is_hidden:
            await save(priya, clinic, transcripts_days=30)
            await run_due(world, clinic)
    refused = await clinic.key.patch(f"/v1/calls/{old}", {"transcript_hidden": True}, if_match="*")
    assert (refused.status, refused.code) == (409, "state_conflict")


async def test_who_was_written_to_is_known_no_longer_than_transcripts_are_kept(
    world: World, clinic: Business, priya: Asker
) -> None:
    call_id = await old_call(clinic, days=40)
    for days in (40, 29):
        await world.sql(
            "INSERT INTO deliveries (client_id, delivery_id, project_id, kind, channel, about_id, mask,"
            " recipient, recipient_mark, recipient_shown, state, created_at)"
            " SELECT client_id, gen_random_uuid(), project_id, 'call_transcript', 'email', call_id, true, '',"
            " sha256($2::text::bytea), 'r...@harbour.example', 'kept', now() - make_interval(days => $3)"
            " FROM calls WHERE call_id = $1",
            call_id,
            str(days),
            days,
        )
    await save(priya, clinic, transcripts_days=30)
    await run_due(world, clinic)
    left = await world.sql("SELECT now() - created_at AS age FROM deliveries WHERE about_id = $1", call_id)
    assert [row["age"].days for row in left] == [29]


async def test_a_receipt_says_what_how_many_when_and_proves_which(
    world: World, clinic: Business, priya: Asker
) -> None:
    calls = [await old_call(clinic, days=days) for days in (60, 50, 40)]
    await save(priya, clinic, transcripts_days=30)
    await run_due(world, clinic)
    (receipt,) = await receipts(priya, clinic)
    assert (receipt["category"], receipt["days"], receipt["calls"], receipt["held"]) == (
        "transcripts",
        30,
        3,
        0,
    )
    assert receipt["policy_version"] == 2
    begun = datetime.fromisoformat(receipt["started_at"])
    assert (begun - datetime.fromisoformat(receipt["before"])).days == 30
    assert begun <= datetime.fromisoformat(receipt["completed_at"])
    ids = b"".join(UUID(call).bytes for call in calls)
    assert receipt["manifest_sha256"] == hashlib.sha256(bytes(32) + ids).hexdigest()
    events = await world.events(receipt["receipt_id"])
    assert [one["action"] for one in events] == ["governance.retention.completed"]
    assert (events[0]["actor_kind"], events[0]["client_id"]) == ("system", clinic.client_id)


async def test_held_calls_stay_until_their_hold_is_released(
    world: World, clinic: Business, priya: Asker
) -> None:
    one, of_days, free = [await old_call(clinic, days=days) for days in (60, 50, 40)]
    (row,) = await world.sql(
        "SELECT (started_at AT TIME ZONE 'Australia/Sydney')::date::text AS day FROM calls"
        " WHERE call_id = $1",
        of_days,
    )
    first = await hold(priya, clinic, kind="call", call_id=one)
    await hold(priya, clinic, kind="period", first_day=row["day"], last_day=row["day"])
    await save(priya, clinic, transcripts_days=30)
    await run_due(world, clinic)
    assert await states(world, one, of_days, free) == ["available", "available", "retention_expired"]
    assert [(done["calls"], done["held"]) for done in await receipts(priya, clinic)] == [(1, 2)]
    path = f"/v1/legal-holds/{first['hold_id']}/release?client_id={clinic.client_id}"
    assert (await priya.post(path, {})).json["hold"]["state"] == "released"
    again = await priya.post(path, {})
    assert (again.code, again.json["details"]) == (
        "state_conflict",
        {"current_state": "released", "allowed": []},
    )
    await save(priya, clinic, transcripts_days=31)
    await run_due(world, clinic)
    assert await states(world, one, of_days) == ["retention_expired", "available"]


async def test_a_hold_of_the_whole_client_stops_everything(
    world: World, clinic: Business, priya: Asker
) -> None:
    call = await old_call(clinic, days=40)
    await hold(priya, clinic, kind="tenant")
    await save(priya, clinic, transcripts_days=30, analytics_days=30, recordings_days=30)
    await run_due(world, clinic)
    assert await states(world, call) == ["available"]
    assert {done["calls"] for done in await receipts(priya, clinic)} == {0}


async def test_a_run_that_was_killed_goes_on_where_it_was(
    world: World, clinic: Business, priya: Asker, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = [await old_call(clinic, days=60 - number) for number in range(5)]
    await save(priya, clinic, transcripts_days=30)
    (due,) = await queued(world, clinic)
    arguments = {name: due[name] for name in ("client_id", "version", "run_id")}
    monkeypatch.setattr(erasing, "BATCH_CALLS", 2)
    taken = erasing.take

    async def dies(tx: Any, *rest: Any) -> Sequence[asyncpg.Record]:
        if len([one for one in await states(world, *calls) if one == "retention_expired"]) == 2:
            await taken(tx, *rest)
            raise KilledError
        return await taken(tx, *rest)

    db = await Database.connect(world.urls.app_url, min_size=1, max_size=2)
    try:
        with monkeypatch.context() as killing:
            killing.setattr(erasing, "take", dies)
            with pytest.raises(KilledError):
                await retention.run(db, **arguments)
        assert [one == "retention_expired" for one in await states(world, *calls)] == [True] * 2 + [False] * 3
        (half,) = await receipts(priya, clinic)
        assert (half["calls"], half["completed_at"]) == (2, None)
        await retention.run(db, **arguments)
        await retention.run(db, **arguments)
    finally:
        await db.close()
    (whole,) = await receipts(priya, clinic)
    assert whole["receipt_id"] == half["receipt_id"]
    assert whole["before"] == half["before"]
    assert whole["calls"] == 5
    ids = [UUID(call).bytes for call in calls]
    manifest = bytes(32)
    for batch in (ids[:2], ids[2:4], ids[4:]):
        manifest = hashlib.sha256(manifest + b"".join(batch)).digest()
    assert whole["manifest_sha256"] == manifest.hex()
    assert len(await queued(world, clinic)) == 2  # the one that was run here by hand, and tomorrow's, once


async def test_each_day_has_its_run_and_a_new_policy_ends_the_old_ones(
    world: World, clinic: Business, priya: Asker
) -> None:
    await save(priya, clinic, transcripts_days=30)
    await run_due(world, clinic)
    (tomorrow,) = await queued(world, clinic)
    (receipt,) = await receipts(priya, clinic)
    assert (tomorrow["at"] - datetime.fromisoformat(receipt["started_at"])).days == 1
    await save(priya, clinic, transcripts_days=60)
    await world.sql(
        "UPDATE jobs.procrastinate_jobs SET scheduled_at = now() WHERE args ->> 'run_id' = $1",
        tomorrow["run_id"],
    )
    await run_due(world, clinic)
    assert [one["days"] for one in await receipts(priya, clinic)] == [60, 30]
    assert [one["version"] for one in await queued(world, clinic)] == ["3"]
    await save(priya, clinic)
    await run_due(world, clinic)
    assert len(await receipts(priya, clinic)) == 2


async def test_receipts_and_holds_are_paged_and_never_anothers(
    world: World, clinic: Business, priya: Asker
) -> None:
    placed = [await hold(priya, clinic, kind="tenant", reason=f"Matter {number}") for number in range(3)]
    where = f"/v1/legal-holds?client_id={clinic.client_id}&limit=2"
    first = (await priya.get(where)).json
    rest = (await priya.get(f"{where}&cursor={first['next_cursor']}")).json
    assert [one["hold_id"] for one in first["holds"] + rest["holds"]] == [
        one["hold_id"] for one in reversed(placed)
    ]
    assert rest["next_cursor"] is None
    elsewhere = await open_business(world, "Australia/Sydney")
    await partner_of(world, elsewhere)
    other = f"/v1/legal-holds?client_id={elsewhere.client_id}"
    assert (await priya.get(other)).json["holds"] == []
    assert (await priya.get(f"{other}&cursor={first['next_cursor']}")).code == "invalid_cursor"
    for somebody in (clinic.admin, world.tom, world.omar):
        assert (await somebody.get(where)).status == 404


@pytest.mark.parametrize(
    ("what", "wrong"),
    [
        ({"kind": "call"}, {"/call_id": "required"}),
        ({"kind": "period", "first_day": "2026-02-30", "last_day": "2026-03-01"}, {"/first_day": "format"}),
        (
            {"kind": "period", "first_day": "0001-01-01", "last_day": "2026-03-01"},
            {"/first_day": "too_small"},
        ),
        ({"kind": "period", "first_day": "2026-03-01", "last_day": "9999-12-31"}, LATE),
        ({"kind": "period", "first_day": "2026-03-02", "last_day": "2026-03-01"}, {"/last_day": "order"}),
        ({"kind": "tenant", "last_day": "2026-03-01"}, {"/last_day": "conflict"}),
        ({"kind": "everything"}, {"/kind": "not_allowed"}),
    ],
)
async def test_a_hold_says_what_it_covers(
    clinic: Business, priya: Asker, what: dict[str, str], wrong: dict[str, str]
) -> None:
    answer = await priya.post("/v1/legal-holds", {"client_id": clinic.client_id, "reason": "M", **what})
    assert answer.status == 422
    assert {one["field"]: one["code"] for one in answer.json["field_errors"]} == wrong


async def test_a_hold_of_a_call_that_is_not_the_clients_is_404(
    world: World, clinic: Business, priya: Asker
) -> None:
    for call_id in (world.calls["front-1"], world.calls["northside-1"]):
        body = {"client_id": clinic.client_id, "kind": "call", "call_id": call_id, "reason": "M"}
        assert (await priya.post("/v1/legal-holds", body)).status == 404
    where = path_of(clinic)
    assert (await priya.get(where)).status == 200


async def test_numbers_of_old_days_go_but_not_those_of_a_day_that_is_held(
    world: World, clinic: Business, priya: Asker
) -> None:
    await old_call(clinic, days=60)
    held = await old_call(clinic, days=50)
    await old_call(clinic, days=2)
    await hold(priya, clinic, kind="call", call_id=held)
    where = path_of(clinic, "dry-run") + "&analytics_days=30"
    counted = (await priya.get(where)).json["counts"][-1]
    assert (counted["calls"], counted["held"]) == (1, 1)
    await save(priya, clinic, analytics_days=30)
    await run_due(world, clinic)
    (receipt,) = await receipts(priya, clinic)
    assert (receipt["category"], receipt["calls"], receipt["held"]) == ("analytics", 1, 1)
    summary = await clinic.admin.get("/v1/analytics/summary?range=90d")
    assert summary.json["kpis"]["total_calls"]["value"] == 2
    again = (await priya.get(where)).json["counts"][-1]
    assert (again["calls"], again["held"]) == (0, 1)


async def test_a_receipt_of_numbers_says_the_midnight_it_stopped_at_and_what_the_dry_run_said(
    world: World, clinic: Business, priya: Asker
) -> None:
    midnight = erasing.day_of(datetime.now(UTC) - timedelta(days=30))
    for began in (midnight - timedelta(minutes=5), midnight + timedelta(minutes=5)):
        times = {"started_at": began.isoformat(), "ended_at": (began + timedelta(minutes=3)).isoformat()}
        held = await old_call(clinic, days=30, **times)
        await hold(priya, clinic, kind="call", call_id=held)
    tried = (await priya.get(path_of(clinic, "dry-run") + "&analytics_days=30")).json["counts"][-1]
    await save(priya, clinic, analytics_days=30)
    await run_due(world, clinic)
    (receipt,) = await receipts(priya, clinic)
    assert datetime.fromisoformat(receipt["before"]) == midnight
    said = ("before", "calls", "held")
    assert [receipt[name] for name in said] == [tried[name] for name in said]
    assert receipt["held"] == 1  # the later one's day is kept by the policy, whatever is held


async def test_old_recordings_go_and_their_calls_say_so(world: World, clinic: Business, priya: Asker) -> None:
    old, young = [await old_call(clinic, days=days) for days in (40, 20)]
    for call_id in (old, young):
        answer = await clinic.key.put(f"/v1/calls/{call_id}/recording", wav(), content_type="audio/wav")
        assert answer.status in {200, 201}, answer
    where = path_of(clinic, "dry-run") + "&recordings_days=30"
    assert (await priya.get(where)).json["counts"][0]["calls"] == 1
    await save(priya, clinic, recordings_days=30)
    await run_due(world, clinic)
    rows = await world.sql(
        "SELECT call_id::text, state FROM recordings WHERE call_id = any($1::uuid[])", [old, young]
    )
    assert {row["call_id"]: row["state"] for row in rows} == {old: "deleting", young: "stored"}
    assert (await clinic.admin.get(f"/v1/calls/{old}")).json["recording"]["availability"] == "deleted"
    assert [(one["category"], one["calls"]) for one in await receipts(priya, clinic)] == [("recordings", 1)]
