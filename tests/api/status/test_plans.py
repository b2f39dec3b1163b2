"""Whether the queue is late is found at the ends of an index, however many jobs wait."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import pytest

from aidial_api.kernel.jobs import OLDEST_DUE, OLDEST_DUE_TO_SEND
from aidial_api.kernel.reach import NOTHING
from aidial_api.surfaces.ops import store as ops
from aidial_api.surfaces.status import store
from tests.support.api import World

MANY = """
INSERT INTO jobs.procrastinate_jobs (queue_name, task_name, args, status, scheduled_at)
SELECT 'waiting', 'nobody.runs', '{}', 'todo', CASE n % 3 WHEN 0 THEN now() + interval '1 day'
    WHEN 1 THEN now() - n * interval '1 second' END
FROM generate_series(1, 9000) n
"""


@pytest.fixture
async def many_jobs(world: World) -> AsyncIterator[None]:
    """Thousands that wait: for tomorrow, since some time, and since now."""
    await world.sql("DELETE FROM jobs.procrastinate_jobs WHERE status = 'todo'")
    await world.sql(MANY)
    await world.sql("ANALYZE jobs.procrastinate_jobs")
    yield
    await world.sql("DELETE FROM jobs.procrastinate_jobs WHERE queue_name = 'waiting'")


@pytest.mark.usefixtures("many_jobs")
@pytest.mark.parametrize("asked", [OLDEST_DUE, OLDEST_DUE_TO_SEND], ids=["any", "to send"])
async def test_the_oldest_due_job_is_found_and_no_other_is_looked_at(world: World, asked: str) -> None:
    assert world.api.app.services is not None
    async with world.api.app.services.db.transaction(NOTHING, read_only=True) as tx:
        assert 8_998 <= (await store.oldest_due_seconds(tx) or 0) <= 9_100
        plan = await tx.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) {asked}")
    assert "Seq Scan" not in plan
    assert plan.count("jobs_by_due") == 2
    assert max(map(int, re.findall(r'"Actual Rows": (\d+)', plan))) <= 1
    await world.sql("DELETE FROM jobs.procrastinate_jobs WHERE status = 'todo' AND scheduled_at IS NOT NULL")
    async with world.api.app.services.db.transaction(NOTHING, read_only=True) as tx:
        assert 0 <= (await store.oldest_due_seconds(tx) or 0) <= 100


@pytest.mark.usefixtures("many_jobs")
async def test_what_runs_and_failed_is_counted_without_what_waits(world: World) -> None:
    assert world.api.app.services is not None
    async with world.api.app.services.db.transaction(NOTHING, read_only=True) as tx:
        queue = await ops.queue(tx)
        plan = await tx.fetchval(f"EXPLAIN (FORMAT JSON) {ops.QUEUE}")
    assert (queue["waiting"], queue["due"]) == (9_000, 6_000)
    assert 8_998 <= queue["oldest_due_seconds"] <= 9_100
    assert plan.count("jobs_begun") == 1
    assert plan.count("jobs_by_due") >= 2
