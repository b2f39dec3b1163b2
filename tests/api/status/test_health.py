"""What a project's own calls say of its parts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from aidial_api.kernel.jobs import MEASURING, enqueue
from aidial_api.kernel.reach import NOTHING
from aidial_api.surfaces.status.health import judged
from aidial_contract.ids import new_id
from aidial_contract.shapes.status import PARTS
from tests.api.status.incidents import incident
from tests.people import BAYSIDE, PHYSIO_LINE
from tests.support.api import World
from tests.support.world_calls import new_call


async def parts(world: World) -> dict[str, Any]:
    """The parts of Bayside's line, as Bella sees them, and the line's own state."""
    (project,) = (await world.bella.get("/v1/status")).json["projects"]
    assert project["project_id"] == PHYSIO_LINE
    assert [one["part"] for one in project["parts"]] == list(PARTS)
    return {one["part"]: one for one in project["parts"]} | {"": project}


async def ring(world: World, count: int, **changes: Any) -> list[str]:
    """So many calls of today."""
    at = datetime.now(UTC) - timedelta(minutes=10)
    ids = []
    for _ in range(count):
        when = {"started_at": at.isoformat(), "answered_at": None, "ended_at": at.isoformat()}
        call = new_call(PHYSIO_LINE, f"health-{new_id()}", **(when | changes))
        answer = await world.bayside_manage.post("/v1/calls", call)
        assert answer.status == 201, answer
        ids.append(answer.json["call_id"])
    return ids


@pytest.fixture
async def quiet_line(world: World) -> Any:
    """A line that has had no call this week, and has none after the test."""
    moved = "UPDATE calls SET started_at = started_at - interval '{}' WHERE project_id = $1"
    await world.sql(moved.format("30 days"), PHYSIO_LINE)
    # Nothing works here: what other tests asked the worker for waits for ever, and would be late.
    await world.sql("DELETE FROM jobs.procrastinate_jobs WHERE status = 'todo'")
    yield
    await world.sql("DELETE FROM calls WHERE external_id LIKE 'health-%'")
    await world.sql(moved.format("-30 days"), PHYSIO_LINE)


@pytest.mark.usefixtures("quiet_line")
async def test_a_line_nobody_rang_is_neither_well_nor_down(world: World) -> None:
    found = await parts(world)
    assert found[""]["state"] == "no_evidence"
    assert {one["state"] for name, one in found.items() if name not in {"", "incidents"}} == {"no_evidence"}
    assert found["phone_path"]["last_at"] is None


@pytest.mark.usefixtures("quiet_line")
async def test_parts_follow_what_calls_report(world: World) -> None:
    await ring(world, 3, booking={"at": "2026-12-01T09:00:00+08:00"}, sms_status="delivered")
    found = await parts(world)
    assert found["phone_path"]["state"] == found["booking"]["state"] == found["sms"]["state"] == "operational"
    assert (found["booking"]["seen"], found["booking"]["failed"]) == (3, 0)
    assert found["email"]["state"] == "no_evidence"
    assert found[""]["state"] == "operational"
    await ring(world, 3, sms_status="failed", transfer={"destination": "Desk", "result": "failed"})
    found = await parts(world)
    assert (found["sms"]["seen"], found["sms"]["failed"], found["sms"]["state"]) == (6, 3, "down")
    assert found["transfers"]["state"] == "down"
    assert found["phone_path"]["state"] == "operational"
    assert found[""]["state"] == "down"
    report = (await world.bella.get("/v1/status")).json
    assert report["overall"] == "operational", "incidents alone decide it"


@pytest.mark.usefixtures("quiet_line")
async def test_failed_calls_are_the_phone_paths(world: World) -> None:
    await ring(world, 8)
    await ring(world, 3, status="failed", end_reason="failed")
    found = await parts(world)
    assert (found["phone_path"]["failed"], found["phone_path"]["state"]) == (3, "degraded")


@pytest.mark.usefixtures("quiet_line")
async def test_what_the_worker_sends_is_late_when_its_queue_is(world: World) -> None:
    await ring(world, 1, sms_status="delivered")
    services = world.api.app.services
    assert services is not None
    async with services.db.transaction(NOTHING) as tx:
        await enqueue(tx, "test.late", {}, at=datetime.now(UTC) - timedelta(minutes=6))
    try:
        found = await parts(world)
        assert found["sms"]["state"] == found["reports"]["state"] == "degraded"
        assert found["phone_path"]["state"] == "operational"
    finally:
        await world.sql("DELETE FROM jobs.procrastinate_jobs WHERE task_name = 'test.late'")


@pytest.mark.usefixtures("quiet_line")
async def test_recordings_that_wait_to_be_measured_make_nothing_late(world: World) -> None:
    await ring(world, 1, sms_status="delivered")
    services = world.api.app.services
    assert services is not None
    async with services.db.transaction(NOTHING) as tx:
        since = datetime.now(UTC) - timedelta(minutes=6)
        await enqueue(tx, "test.late", {}, at=since, queue=MEASURING)
    try:
        found = await parts(world)
        assert (found["sms"]["state"], found["reports"]["state"]) == ("operational", "no_evidence")
    finally:
        await world.sql("DELETE FROM jobs.procrastinate_jobs WHERE task_name = 'test.late'")


_MESSAGES = """
INSERT INTO deliveries (client_id, delivery_id, project_id, kind, channel, about_id, mask, recipient,
    recipient_mark, recipient_shown, state, failure, sent_at, created_at)
SELECT $1, gen_random_uuid(), $2, $3, 'email', gen_random_uuid(), true, 'health', sha256($4::text::bytea),
    'a...@b.example', $4, $5, CASE $4 WHEN 'sent' THEN now() END, now() - $6 * interval '1 day'
FROM generate_series(1, 3)
"""


@pytest.mark.usefixtures("quiet_line")
async def test_reports_are_what_became_of_messages_to_people(world: World) -> None:
    async def three(state: str, *, line: str | None = PHYSIO_LINE, days: int = 1, failure: str = "") -> None:
        kind = "monthly_report" if line is None else "call_transcript"
        await world.sql(_MESSAGES, BAYSIDE, line, kind, state, failure or None, days)

    async def reports() -> tuple[int, int, str]:
        found = (await parts(world))["reports"]
        return found["seen"], found["failed"], found["state"]

    try:
        # Nobody was to get these, they wait, there was nothing to tell, or it is long ago.
        await three("kept")
        await three("queued")
        await three("gave_up", failure="nothing_to_send")
        await three("sent", days=8)
        assert await reports() == (0, 0, "no_evidence")
        await three("sent")
        await three("sent", line=None, days=30)
        assert await reports() == (6, 0, "operational")
        await three("failed", failure="unreachable_TimeoutError")
        assert await reports() == (9, 3, "degraded")
        await three("gave_up", line=None, failure="recipient_refused_550")
        assert await reports() == (12, 6, "down")
    finally:
        await world.sql("DELETE FROM deliveries WHERE recipient = 'health'")


async def test_an_incident_shows_at_the_line_it_is_about(world: World) -> None:
    async with incident(world.omar, severity="critical", project_ids=[PHYSIO_LINE]):
        found = await parts(world)
        assert found["incidents"]["state"] == found[""]["state"] == "down"
    assert (await parts(world))["incidents"]["state"] == "operational"


@pytest.mark.parametrize(
    ("seen", "failed", "state"),
    [
        (0, 0, "no_evidence"),
        (1, 1, "operational"),
        (2, 2, "operational"),
        (3, 3, "down"),
        (50, 9, "operational"),
        (50, 10, "degraded"),
        (50, 24, "degraded"),
        (50, 25, "down"),
    ],
)
def test_a_few_failures_say_nothing_and_half_of_all_says_down(seen: int, failed: int, state: str) -> None:
    assert judged(seen, failed) == state
