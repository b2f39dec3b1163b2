"""A client's policy: who saves it, over which version, within which bounds, and what it would delete."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from tests.api.calls.lines import Business, open_business
from tests.api.governance.clinics import hold, old_call, partner_of, path_of, queued, save, states
from tests.api.support.tickets import failing
from tests.people import NORTHSIDE
from tests.support.api import World
from tests.support.askers import Asker


@pytest.fixture(scope="module")
async def clinic(world: World) -> Business:
    return await open_business(world, "Australia/Sydney")


@pytest.fixture(scope="module")
async def priya(world: World, clinic: Business) -> Asker:
    return await partner_of(world, clinic)


async def test_a_client_without_a_policy_keeps_everything(world: World) -> None:
    clinic = await open_business(world, "Australia/Sydney")
    priya = await partner_of(world, clinic)
    document = (await priya.get(path_of(clinic))).json
    assert document["working"] == document["published"]
    assert (document["section"], document["mode"], document["client_id"]) == (
        "data-governance",
        "edit",
        clinic.client_id,
    )
    assert set(document["working"].values()) == {None, False}
    assert (document["version"], document["last_changed"]) == (1, None)


async def test_partners_and_aidials_administrators_edit_it_and_clients_do_not_know_of_it(
    world: World, clinic: Business, priya: Asker
) -> None:
    assert (await save(priya, clinic, transcripts_days=400)).status == 200
    assert (await save(world.ada, clinic, transcripts_days=401)).json["working"]["transcripts_days"] == 401
    for somebody in (clinic.admin, clinic.staff, world.tom, world.omar, world.mallory):
        answer = await somebody.get(path_of(clinic))
        assert (answer.status, answer.code) == (404, "not_found")
    assert (await priya.get(f"/v1/settings/data-governance?client_id={NORTHSIDE}")).status == 404
    nameless = await priya.get("/v1/settings/data-governance")
    assert (nameless.status, failing(nameless)) == (400, {"query.client_id": "required"})


async def test_a_save_names_its_version_and_of_many_at_once_one_wins(clinic: Business, priya: Asker) -> None:
    document = (await priya.get(path_of(clinic))).json
    missing = await priya.put(path_of(clinic), {"value": {}})
    assert (missing.status, missing.code) == (428, "precondition_required")
    body = {"value": {"transcripts_days": 500}, "expected_version": document["version"]}
    answers = await asyncio.gather(*(priya.put(path_of(clinic), body) for _ in range(5)))
    assert sorted(one.status for one in answers) == [200, 409, 409, 409, 409]
    stale = next(one for one in answers if one.status == 409)
    assert (stale.code, stale.json["details"]) == (
        "version_conflict",
        {"current_version": document["version"] + 1},
    )
    saved = await priya.get(path_of(clinic))
    assert saved.json["last_changed"]["by"].startswith("priya@")
    assert (await priya.get(path_of(clinic), if_none_match=saved.headers["etag"])).status == 304


async def test_days_have_bounds_and_a_typing_mistake_is_no_policy(clinic: Business, priya: Asker) -> None:
    value = {"transcripts_days": 6, "analytics_days": 3_651, "transcript_days": 30}
    answer = await save(priya, clinic, **value)
    assert failing(answer) == {
        "/value/transcripts_days": "too_small",
        "/value/analytics_days": "too_large",
        "/value/transcript_days": "unknown",
    }
    for days in (7, 3_650):
        assert (await save(priya, clinic, transcripts_days=days)).status == 200
    await save(priya, clinic)


async def test_a_save_is_recorded_with_what_changed(world: World, clinic: Business, priya: Asker) -> None:
    await save(priya, clinic)
    await save(priya, clinic, transcripts_days=90, unlocks_need_approval=True)
    rows = await world.sql(
        "SELECT * FROM audit_events WHERE client_id = $1 AND action = 'governance.policy.updated'"
        " ORDER BY event_id DESC LIMIT 1",
        clinic.client_id,
    )
    assert "[null, 90]" in rows[0]["technical"]
    assert "[false, true]" in rows[0]["technical"]
    await save(priya, clinic)


async def test_a_dry_run_counts_what_a_policy_would_delete_and_deletes_nothing(
    world: World, priya: Asker
) -> None:
    clinic = await open_business(world, "Australia/Sydney")
    priya = await partner_of(world, clinic)
    began = datetime.now(UTC) - timedelta(days=40)  # the three of them on one day
    times = {"started_at": began.isoformat(), "ended_at": (began + timedelta(minutes=3)).isoformat()}
    old = [await old_call(clinic, days=40, **times) for _ in range(3)]
    young = await old_call(clinic, days=20)
    await old_call(clinic, days=50, turns=[])
    await hold(priya, clinic, kind="call", call_id=old[0])
    answer = await priya.get(path_of(clinic, "dry-run") + "&transcripts_days=30&analytics_days=30")
    counts = {one["category"]: one for one in answer.json["counts"]}
    assert {name: (one["days"], one["calls"], one["held"]) for name, one in counts.items()} == {
        "recordings": (None, 0, 0),
        "transcripts": (30, 2, 1),
        "analytics": (30, 1, 3),  # by whole days: all three of them began on the held one
    }
    assert set(await states(world, *old, young)) == {"available"}
    assert await queued(world, clinic) == []
    refused = await priya.get(path_of(clinic, "dry-run") + "&transcripts_days=6&analytics_days=x")
    assert set(failing(refused)) == {"query.transcripts_days", "query.analytics_days"}
