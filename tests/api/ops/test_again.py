"""Two of AiDial's administrators have failed jobs run again at the same moment."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from aidial_api.kernel.jobs import enqueue
from aidial_api.kernel.reach import NOTHING
from tests.people import HARBOUR
from tests.support.api import World

NAME = "test.again"
AT_ONCE = 8


@pytest.fixture
async def failed(world: World) -> AsyncIterator[list[int]]:
    """Two jobs of which only one may wait at a time, both failed; gone after the test."""
    services = world.api.app.services
    assert services is not None
    async with services.db.transaction(NOTHING) as tx:
        for _ in range(2):
            await enqueue(tx, NAME, {"client_id": HARBOUR}, at=datetime.now(UTC))
    rows = await world.sql(
        "UPDATE jobs.procrastinate_jobs SET status = 'failed', attempts = 8, queueing_lock = task_name"
        " WHERE task_name = $1 RETURNING id",
        NAME,
    )
    yield [row["id"] for row in rows]
    await world.sql("DELETE FROM jobs.procrastinate_jobs WHERE task_name = $1", NAME)


async def test_of_many_who_press_again_at_once_one_is_heard_and_the_others_are_told(
    world: World, failed: list[int]
) -> None:
    path = f"/v1/ops/jobs/{failed[0]}/retry"
    answers = await asyncio.gather(*(world.ada.post(path) for _ in range(AT_ONCE)))
    assert sorted(one.status for one in answers) == [200, *[409] * (AT_ONCE - 1)]
    for late in answers:
        if late.status != 200:
            assert (late.code, late.json["details"]["current_state"]) == ("state_conflict", "waiting")
    assert len(await world.events(str(failed[0]))) == 1


async def test_of_two_jobs_of_which_one_may_wait_at_a_time_one_waits(world: World, failed: list[int]) -> None:
    paths = [f"/v1/ops/jobs/{one}/retry" for one in failed]
    answers = await asyncio.gather(*(world.ada.post(path) for path in paths * (AT_ONCE // 2)))
    assert sorted(one.status for one in answers) == [200, *[409] * (AT_ONCE - 1)]
    rows = await world.sql("SELECT status FROM jobs.procrastinate_jobs WHERE task_name = $1", NAME)
    assert sorted(row["status"] for row in rows) == ["failed", "todo"]
