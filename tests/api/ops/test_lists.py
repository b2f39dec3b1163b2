"""What AiDial's own people see of everybody: tenants, live sessions, jobs and dead letters."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from aidial_api.kernel.jobs import enqueue
from aidial_api.kernel.reach import NOTHING
from tests.people import CHLOE, CLOSED, FRONT_DESK, HARBOUR, NORTHSIDE
from tests.support.api import World


async def test_omar_reads_every_tenant_page_by_page(world: World) -> None:
    found: list[dict[str, Any]] = []
    path = "/v1/ops/tenants?limit=2"
    cursor = ""
    while True:
        page = (await world.omar.get(path + cursor)).json
        assert len(page["tenants"]) <= 2
        found += page["tenants"]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    ids = [one["client_id"] for one in found]
    assert ids == sorted(set(ids))
    assert {HARBOUR, NORTHSIDE, CLOSED} <= set(ids)
    harbour = found[ids.index(HARBOUR)]
    assert (harbour["project_count"], harbour["lifecycle"]) == (3, "active")
    assert FRONT_DESK in {one["project_id"] for one in harbour["projects"]}


async def test_tenants_are_found_by_words_and_state(world: World) -> None:
    named = (await world.ada.get("/v1/ops/tenants?q=HARBOUR%20dental")).json["tenants"]
    assert [one["client_id"] for one in named] == [HARBOUR]
    closed = (await world.ada.get("/v1/ops/tenants?lifecycle=archived")).json["tenants"]
    assert CLOSED in [one["client_id"] for one in closed]
    assert {one["lifecycle"] for one in closed} == {"archived"}
    exactly = (await world.ada.get(f"/v1/ops/tenants?tenant={HARBOUR}")).json["tenants"]
    assert [one["client_id"] for one in exactly] == [HARBOUR]
    assert (await world.ada.get("/v1/ops/tenants?tenant=harbour")).json["tenants"] == []
    nothing = await world.ada.get("/v1/ops/tenants?q=no-such-tenant")
    assert nothing.json == {"tenants": [], "next_cursor": None}


async def test_live_sessions_are_listed_until_they_end(world: World) -> None:
    chloe = await world.sign_in(CHLOE)

    async def listed() -> dict[str, Any]:
        sessions = (await world.omar.get("/v1/ops/sessions?limit=100")).json["sessions"]
        return {one["session_id"]: one for one in sessions}

    mine = (await listed())[chloe.session_id]
    assert (mine["person"], mine["organisation"], mine["role"]) == (CHLOE.email, HARBOUR, "client_staff")
    assert not {"ip", "token_set", "subject"} & mine.keys()
    assert (await chloe.post(f"/v1/sessions/{chloe.session_id}/sign-out", {})).status == 204
    assert chloe.session_id not in await listed()


async def test_dead_letters_are_the_jobs_that_failed(world: World) -> None:
    services = world.api.app.services
    assert services is not None
    async with services.db.transaction(NOTHING) as tx:
        for name in ("test.dead", "test.waiting"):
            at = datetime.now(UTC) - timedelta(seconds=90)
            await enqueue(tx, name, {"call_id": "0193", "client_id": HARBOUR}, at=at)
    await world.sql(
        "UPDATE jobs.procrastinate_jobs SET status = 'failed', attempts = 8 WHERE task_name = 'test.dead'"
    )
    try:
        (dead,) = [
            one
            for one in (await world.omar.get("/v1/ops/jobs?state=failed&limit=100")).json["jobs"]
            if one["name"] == "test.dead"
        ]
        assert (dead["state"], dead["attempts"]) == ("failed", 8)
        assert dead["ids"] == {"call_id": "0193", "client_id": HARBOUR}
        assert dead["failed_at"] is not None
        page = (await world.omar.get("/v1/ops/jobs?limit=1")).json
        assert page["jobs"][0]["name"] == "test.waiting"
        assert page["queue"]["due"] >= 1
        assert page["queue"]["oldest_due_seconds"] >= 90
        again = f"/v1/ops/jobs/{dead['job_id']}/retry"
        assert (await world.omar.post(again)).code == "not_found"
        retried = await world.ada.post(again)
        assert retried.status == 200, retried
        assert (retried.json["job"]["state"], retried.json["job"]["attempts"]) == ("waiting", 0)
        twice = await world.ada.post(again)
        assert (twice.code, twice.json["details"]["current_state"]) == ("state_conflict", "waiting")
        (event,) = await world.events(str(dead["job_id"]))
        assert (event["action"], str(event["actor_id"])) == ("ops.jobs.retried", world.ada.user_id)
        for lost in ("0", "x", "99999999999999999", "9" * 30):
            assert (await world.ada.post(f"/v1/ops/jobs/{lost}/retry")).code == "not_found"
        more = (await world.omar.get(f"/v1/ops/jobs?limit=1&cursor={page['next_cursor']}")).json
        assert more["jobs"][0]["job_id"] < page["jobs"][0]["job_id"]
    finally:
        await world.sql("DELETE FROM jobs.procrastinate_jobs WHERE task_name LIKE 'test.%'")


@pytest.mark.parametrize("what", ["tenants", "sessions", "jobs"])
async def test_whoever_looks_at_everybodys_is_written_down(world: World, what: str) -> None:
    answer = await world.omar.get(f"/v1/ops/{what}?limit=2")
    assert answer.status == 200, answer
    (event,) = await world.sql(
        "SELECT * FROM audit_events WHERE request_id = $1", answer.headers["x-request-id"]
    )
    assert (event["action"], event["actor_id"], event["client_id"]) == (
        f"ops.{what}.viewed",
        world.omar.user_id,
        None,
    )
    assert json.loads(event["technical"]) == {what: len(answer.json[what])}
    refused = await world.alice.get(f"/v1/ops/{what}")
    assert refused.status == 404
    left = await world.sql(
        "SELECT * FROM audit_events WHERE request_id = $1 AND action LIKE 'ops.%'",
        refused.headers["x-request-id"],
    )
    assert left == []
