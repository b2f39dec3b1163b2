"""Data is asked to be deleted, reviewed by somebody else, deleted past what is held, and proven."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from aidial_api.kernel import call_counts, erasing
from aidial_api.kernel.db import Database
from aidial_api.kernel.reach import Reach
from aidial_api.surfaces.deletions import executing
from tests.api.calls.lines import Business, administrator_of, leave_priya, open_business
from tests.api.governance.clinics import hold, old_call, partner_of, states
from tests.support.api import World
from tests.support.askers import Asker
from tests.support.deletions import WHY, new_deletion

PATH = "/v1/data-deletions"
EVERYTHING = {"scope": "tenant", "confirmation": "DELETE ALL"}


class KilledError(BaseException):
    """The worker is gone in the middle of something."""


@pytest.fixture
async def clinic(world: World) -> Business:
    return await open_business(world, "Australia/Sydney")


@pytest.fixture
async def priya(world: World, clinic: Business) -> AsyncIterator[Asker]:
    yield await partner_of(world, clinic)
    await leave_priya(world)
    world.api.hear()


async def ask(business: Business, **changes: Any) -> str:
    """A request just submitted; its id."""
    answer = await business.admin.post(PATH, new_deletion(**changes))
    assert answer.status == 201, answer
    return str(answer.json["request"]["request_id"])


async def approve(reviewer: Asker, request_id: str) -> None:
    said = {"decision": "approve", "reason": "As agreed with the practice."}
    answer = await reviewer.post(f"{PATH}/{request_id}/review", said)
    assert answer.status == 200, answer


async def execute(world: World, business: Business, request_id: str) -> None:
    """What the worker does; the worker itself is in `tests/aidial/worker`."""
    db = await Database.connect(world.urls.app_url, min_size=1, max_size=2)
    try:
        await executing.execute(db, client_id=business.client_id, request_id=request_id)
    finally:
        await db.close()


async def given_up(world: World, business: Business, request_id: str) -> None:
    """What the worker does once a run failed for the last time."""
    db = await Database.connect(world.urls.app_url, min_size=1, max_size=2)
    try:
        await executing.give_up(db, client_id=business.client_id, request_id=request_id)
    finally:
        await db.close()


async def shown(business: Business, request_id: str) -> dict[str, Any]:
    found: dict[str, Any] = (await business.admin.get(f"{PATH}/{request_id}")).json["request"]
    return found


def day(days_ago: float) -> str:
    return (datetime.now(UTC) - timedelta(days=days_ago)).isoformat()


async def test_from_the_request_over_the_approval_to_the_receipt(
    world: World, clinic: Business, priya: Asker
) -> None:
    calls = [await old_call(clinic, days=days) for days in (40, 30, 20)]
    young = await old_call(clinic, days=1)
    request_id = await ask(clinic, scope={"from": day(60), "to": day(10)})
    found = await shown(clinic, request_id)
    assert (found["state"], found["allowed"], found["is_own"]) == ("submitted", ["cancel"], True)
    (queued,) = (await priya.get(f"{PATH}?state=submitted&client_id={clinic.client_id}")).json["requests"]
    assert queued["allowed"] == ["begin", "approve", "reject"]
    begun = await priya.post(f"{PATH}/{request_id}/review", {"decision": "begin"})
    assert begun.json["request"]["state"] == "under_review"
    await execute(world, clinic, request_id)
    assert await states(world, *calls) == ["available"] * 3
    await approve(priya, request_id)
    late = await clinic.admin.post(f"{PATH}/{request_id}/cancel")
    assert (late.code, late.json["details"]) == (
        "state_conflict",
        {"current_state": "approved", "allowed": ["executing", "failed"]},
    )
    for _ in range(2):
        await execute(world, clinic, request_id)
    assert await states(world, *calls, young) == ["retention_expired"] * 3 + ["available"]
    gone = (await clinic.admin.get(f"/v1/calls/{calls[0]}/transcript")).json
    assert (gone["state"], gone["deleted_for"]) == ("retention_expired", "request")
    assert (await clinic.admin.get(f"/v1/calls/{young}/transcript")).json["deleted_for"] is None
    done = await shown(clinic, request_id)
    assert [one["state"] for one in done["history"]] == [
        "submitted",
        "under_review",
        "approved",
        "executing",
        "completed",
    ]
    assert done["history"][2]["note"] == "As agreed with the practice."
    (receipt,) = done["receipts"]
    assert (receipt["category"], receipt["expected"], receipt["calls"], receipt["held"]) == (
        "transcripts",
        3,
        3,
        0,
    )
    assert receipt["policy_version"] == 1
    ids = b"".join(UUID(call).bytes for call in calls)
    assert receipt["manifest_sha256"] == hashlib.sha256(bytes(32) + ids).hexdigest()
    assert receipt["completed_at"] is not None
    actions = [one["action"].rpartition(".")[2] for one in await world.events(request_id)]
    assert actions == ["submitted", "review_begun", "approved", "begun", "completed"]


async def test_what_is_held_is_kept_and_counted(world: World, clinic: Business, priya: Asker) -> None:
    one, free = await old_call(clinic, days=40), await old_call(clinic, days=30)
    await hold(priya, clinic, kind="call", call_id=one)
    request_id = await ask(clinic, categories=["transcripts", "analytics"], **EVERYTHING)
    await approve(priya, request_id)
    await execute(world, clinic, request_id)
    assert await states(world, one, free) == ["available", "retention_expired"]
    receipts = {each["category"]: each for each in (await shown(clinic, request_id))["receipts"]}
    assert (receipts["transcripts"]["calls"], receipts["transcripts"]["held"]) == (1, 1)
    assert (receipts["analytics"]["calls"], receipts["analytics"]["held"]) == (1, 1)


async def test_a_hold_over_everything_stops_the_approval(
    world: World, clinic: Business, priya: Asker
) -> None:
    call = await old_call(clinic, days=40)
    await hold(priya, clinic, kind="tenant")
    request_id = await ask(clinic, **EVERYTHING)
    said = {"decision": "approve", "reason": "As agreed with the practice."}
    refused = await priya.post(f"{PATH}/{request_id}/review", said)
    assert (refused.status, refused.code) == (409, "state_conflict")
    assert refused.json["details"] == {
        "current_state": "submitted",
        "allowed": ["under_review", "rejected"],
        "reason": "legal_hold",
    }
    await execute(world, clinic, request_id)
    assert await states(world, call) == ["available"]
    rejected = await priya.post(
        f"{PATH}/{request_id}/review", {"decision": "reject", "reason": "Matter 12/2026 is open."}
    )
    assert rejected.json["request"]["history"][-1]["note"] == "Matter 12/2026 is open."


async def test_what_broke_off_says_how_far_it_came_and_goes_on(
    world: World, clinic: Business, priya: Asker, monkeypatch: pytest.MonkeyPatch
) -> None:
    for days in (40, 30):
        await old_call(clinic, days=days)
    request_id = await ask(clinic, categories=["transcripts", "analytics"], **EVERYTHING)
    await approve(priya, request_id)

    async def breaks_off(*_: Any) -> AsyncIterator[int]:
        raise OSError
        yield 0

    with monkeypatch.context() as broken:
        broken.setattr(call_counts, "forget", breaks_off)
        with pytest.raises(OSError):  # noqa: PT011 - ours has no words
            await execute(world, clinic, request_id)
    await given_up(world, clinic, request_id)
    failed = await shown(clinic, request_id)
    assert (failed["state"], failed["allowed"]) == ("failed", [])
    assert {one["category"]: (one["calls"], one["completed_at"] is None) for one in failed["receipts"]} == {
        "transcripts": (2, False),
        "analytics": (0, True),
    }
    (listed,) = (await priya.get(f"{PATH}?state=failed&client_id={clinic.client_id}")).json["requests"]
    assert (listed["request_id"], listed["allowed"]) == (request_id, [])
    refused = await priya.post(f"{PATH}/{request_id}/review", {"decision": "begin"})
    assert refused.json["details"] == {"current_state": "failed", "allowed": ["executing"]}
    (event,) = [one for one in await world.events(request_id) if one["action"].endswith(".failed")]
    assert (event["outcome"], event["actor_kind"]) == ("failed", "system")
    await execute(world, clinic, request_id)
    done = await shown(clinic, request_id)
    assert [one["state"] for one in done["history"]][-4:] == ["executing", "failed", "executing", "completed"]
    assert {one["calls"] for one in done["receipts"]} == {2}
    await given_up(world, clinic, request_id)
    assert (await shown(clinic, request_id))["state"] == "completed"


async def test_numbers_of_the_span_are_forgotten_and_a_recount_agrees(
    world: World, clinic: Business, priya: Asker
) -> None:
    for days in (40, 30, 2):
        await old_call(clinic, days=days)
    request_id = await ask(clinic, categories=["analytics"], scope={"from": day(60), "to": day(10)})
    await approve(priya, request_id)
    await execute(world, clinic, request_id)
    (receipt,) = (await shown(clinic, request_id))["receipts"]
    assert (receipt["expected"], receipt["calls"], receipt["held"]) == (2, 2, 0)
    summary = (await clinic.admin.get("/v1/analytics/summary?range=90d")).json
    assert summary["kpis"]["total_calls"]["value"] == 1
    db = await Database.connect(world.urls.app_url, min_size=1, max_size=2)
    try:
        reach = Reach((clinic.client_id,))
        async with db.transaction(reach) as tx:
            for since, until in await call_counts.counted_parts(tx, clinic.client_id):
                await call_counts.recount(tx, clinic.client_id, since, until)
    finally:
        await db.close()
    again = (await clinic.admin.get("/v1/analytics/summary?range=90d")).json
    assert again["kpis"]["total_calls"]["value"] == 1


async def test_a_run_that_is_killed_after_a_day_of_numbers_counts_each_day_once(
    world: World, clinic: Business, priya: Asker, monkeypatch: pytest.MonkeyPatch
) -> None:
    for days in (40, 30, 20):
        await old_call(clinic, days=days)
    request_id = await ask(clinic, categories=["analytics"], scope={"from": day(60), "to": day(10)})
    await approve(priya, request_id)
    forgotten = call_counts.forget

    async def dies(*about: Any) -> AsyncIterator[int]:
        async for calls in forgotten(*about):
            if calls:
                raise KilledError
            yield calls

    with monkeypatch.context() as killing:
        killing.setattr(call_counts, "forget", dies)
        with pytest.raises(KilledError):
            await execute(world, clinic, request_id)
    (receipt,) = (await shown(clinic, request_id))["receipts"]
    assert (receipt["calls"], receipt["completed_at"]) == (1, None)
    await execute(world, clinic, request_id)
    (receipt,) = (await shown(clinic, request_id))["receipts"]
    assert (receipt["expected"], receipt["calls"], receipt["held"]) == (3, 3, 0)
    manifest = bytes(32)
    for _ in range(3):
        manifest = hashlib.sha256(manifest + (1).to_bytes(8, "big")).digest()
    assert receipt["manifest_sha256"] == manifest.hex()
    actions = [one["action"].rpartition(".")[2] for one in await world.events(request_id)]
    assert actions == ["submitted", "approved", "begun", "completed"]


async def test_what_could_not_be_counted_is_not_said_to_be_none(
    world: World, clinic: Business, priya: Asker, monkeypatch: pytest.MonkeyPatch
) -> None:
    await hold(priya, clinic, kind="call", call_id=await old_call(clinic, days=40))
    request_id = await ask(clinic, categories=["transcripts"], **EVERYTHING)
    await approve(priya, request_id)

    async def too_long(*_: Any) -> None:
        """As counting many calls may take."""

    monkeypatch.setattr(erasing, "count_due", too_long)
    await execute(world, clinic, request_id)
    done = await shown(clinic, request_id)
    (receipt,) = done["receipts"]
    assert (done["state"], receipt["expected"], receipt["calls"], receipt["held"]) == (
        "completed",
        None,
        0,
        None,
    )


async def test_nobody_reviews_their_own_and_nobody_else_learns_of_it(
    world: World, clinic: Business, priya: Asker
) -> None:
    request_id = await ask(clinic)
    said = {"decision": "reject", "reason": "Not needed any more."}
    for somebody in (clinic.staff, world.ben, world.tom, world.omar, world.mallory, world.alice):
        assert (await somebody.get(f"{PATH}/{request_id}")).status == 404
        assert (await somebody.post(f"{PATH}/{request_id}/cancel")).status == 404
        assert (await somebody.post(f"{PATH}/{request_id}/review", said)).status == 404
    assert (await clinic.admin.post(f"{PATH}/{request_id}/review", said)).status == 404
    assert (await priya.post(PATH, new_deletion())).status == 404
    assert (await clinic.key.get(PATH)).code == "auth_mode_not_allowed"
    await world.sql(
        "UPDATE data_deletions SET requested_by = $2 WHERE request_id = $1",
        request_id,
        world.user_ids["priya"],
    )
    assert (await priya.post(f"{PATH}/{request_id}/review", said)).status == 404
    named = f"{PATH}/{request_id}/review?client_id={clinic.client_id}"
    assert (await world.ada.post(named, said)).json["request"]["state"] == "rejected"


async def test_who_is_assigned_to_some_of_the_lines_asks_sees_and_takes_back_nothing(world: World) -> None:
    shop = await open_business(world, "Australia/Sydney", "Australia/Perth")
    request_id = await ask(shop)
    of_one = await administrator_of(world, shop, shop.lines[0])
    refused = (
        await of_one.post(PATH, new_deletion()),
        await of_one.post(PATH, new_deletion(**EVERYTHING)),
        await of_one.get(PATH),
        await of_one.get(f"{PATH}/{request_id}"),
        await of_one.post(f"{PATH}/{request_id}/cancel"),
    )
    assert {(one.status, one.code) for one in refused} == {(404, "not_found")}
    of_both = await administrator_of(world, shop, *shop.lines)
    assert (await of_both.get(PATH)).json["requests"][0]["request_id"] == request_id
    assert (await of_both.post(PATH, new_deletion())).status == 201
    assert (await of_both.post(f"{PATH}/{request_id}/cancel")).json["request"]["state"] == "cancelled"


async def test_a_partner_decides_about_clients_they_look_after_as_a_whole(world: World) -> None:
    shop = await open_business(world, "Australia/Sydney", "Australia/Perth")
    request_id = await ask(shop)
    await world.sql(
        "INSERT INTO assignments (user_id, client_id, project_id) VALUES ($1, $2, $3)",
        world.priya.user_id,
        shop.client_id,
        shop.lines[0],
    )
    world.api.hear()
    said = {"decision": "approve", "reason": "As agreed with the practice."}
    try:
        reviewed = await world.priya.post(f"{PATH}/{request_id}/review", said)
        seen = await world.priya.get(f"{PATH}?client_id={shop.client_id}")
    finally:
        await leave_priya(world)
    assert (reviewed.status, seen.status) == (404, 404)
    assert (await shown(shop, request_id))["state"] == "submitted"


async def test_it_is_cancelled_while_nobody_has_decided(clinic: Business, priya: Asker) -> None:
    request_id = await ask(clinic)
    cancelled = await clinic.admin.post(f"{PATH}/{request_id}/cancel")
    assert (cancelled.status, cancelled.json["request"]["state"]) == (200, "cancelled")
    again = await clinic.admin.post(f"{PATH}/{request_id}/cancel")
    assert (again.code, again.json["details"]) == (
        "state_conflict",
        {"current_state": "cancelled", "allowed": []},
    )
    decided = await priya.post(f"{PATH}/{request_id}/review", {"decision": "begin"})
    assert decided.code == "state_conflict"


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"scope": "tenant"}, {"/confirmation": "required"}),
        ({"scope": "tenant", "confirmation": "delete all"}, {"/confirmation": "not_allowed"}),
        ({"acknowledged": False}, {"/acknowledged": "required"}),
        ({"justification": "Too short"}, {"/justification": "too_short"}),
        ({"justification": " " * 30}, {"/justification": "too_short"}),
        ({"categories": []}, {"/categories": "too_short"}),
        ({"categories": ["calls"]}, {"/categories/0": "not_allowed"}),
        ({"scope": {"from": "2026-01-02", "to": "2026-01-01"}}, {"/scope/to": "order"}),
        ({"scope": {"from": "2026-02-30", "to": "2026-03-01"}}, {"/scope/from": "format"}),
        (
            {"scope": {"from": "20260101", "to": "2026-W01-5"}},
            {"/scope/from": "format", "/scope/to": "format"},
        ),
        ({"scope": {"from": "2026-01-01"}}, {"/scope/to": "required"}),
        ({"scope": {"from": "2026-01-01", "to": "2199-01-01"}}, {"/scope/to": "too_large"}),
    ],
)
async def test_what_is_no_request_is_refused(
    world: World, changes: dict[str, Any], wrong: dict[str, str]
) -> None:
    answer = await world.alice.post(PATH, new_deletion(**changes))
    assert answer.code == "validation_failed", answer
    assert {one["field"]: one["code"] for one in answer.json["field_errors"]} == wrong


async def test_numbers_in_the_justification_are_blacked_out(world: World, clinic: Business) -> None:
    request_id = await ask(clinic, justification=f"{WHY} Ring me on 0412 345 678.")
    assert "0412" not in (await shown(clinic, request_id))["justification"]
    assert "[PHONE]" in (await world.events(request_id))[0]["why"]
