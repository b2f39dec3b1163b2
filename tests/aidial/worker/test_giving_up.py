"""What failed every time is a dead letter, what it was about says so, and both go on when it is run again."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator
from typing import Any

import pytest

from aidial.postgres import PostgresUrls
from aidial.worker import RETRIES, work
from aidial_api.kernel.db import Database
from aidial_api.surfaces.deletions import executing
from aidial_api.surfaces.deletions import store as deletions
from aidial_api.surfaces.ops import store as ops
from tests.api.database.rows import Tenant, make_tenant, new_id


@pytest.fixture
async def db(database_urls: PostgresUrls) -> AsyncIterator[Database]:
    database = await Database.connect(database_urls.app_url, min_size=1, max_size=2)
    yield database
    await database.close()


@pytest.fixture
async def harbour(db: Database) -> Tenant:
    return await make_tenant(db, "harbour")


async def approved(db: Database, tenant: Tenant) -> str:
    """A request to delete every transcript, approved; its id. Its job is due."""
    request_id, now = new_id(), dt.datetime.now(dt.UTC)
    said = (["transcripts"], None, None, None, None, "As our lawyers ask.", tenant.user_id, "Alice", now)
    async with db.transaction(tenant.reach) as tx:
        await deletions.add(tx, (tenant.client_id, request_id, *said))
        place = tenant.client_id, request_id
        await deletions.move(tx, place, "approved", ("submitted",), (now, "Priya", "As agreed."))
        await executing.ask_for(tx, *place)
    return request_id


async def told(db: Database, tenant: Tenant, request_id: str) -> list[str]:
    """The states it went through."""
    async with db.transaction(tenant.reach) as tx:
        row = await deletions.locked(tx, tenant.client_id, request_id)
        assert row is not None
        steps, _ = await deletions.steps_and_receipts(tx, [row])
        assert steps[-1]["state"] == row["state"]
        return [step["state"] for step in steps]


async def the_job(db: Database, tenant: Tenant, request_id: str, *, tried: int | None = None) -> int:
    """The id of its job; with `tried`, as if it had been tried so often already."""
    async with db.transaction(tenant.reach) as tx:
        if tried is not None:
            await tx.execute(
                "UPDATE jobs.procrastinate_jobs SET attempts = $2, scheduled_at = now()"
                " WHERE args ->> 'request_id' = $1",
                request_id,
                tried,
            )
        job_id: int = await tx.fetchval(
            "SELECT id FROM jobs.procrastinate_jobs WHERE args ->> 'request_id' = $1", request_id
        )
        return job_id


async def test_a_deletion_that_breaks_off_every_time_is_failed_until_it_is_run_again(
    db: Database, harbour: Tenant, database_urls: PostgresUrls, monkeypatch: pytest.MonkeyPatch
) -> None:
    request_id = await approved(db, harbour)

    async def breaks_off(*_: Any) -> None:
        raise RuntimeError("the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(executing, "_delete", breaks_off)
        await the_job(db, harbour, request_id, tried=RETRIES - 1)
        await work(database_urls.app_url, wait=False)
        assert await told(db, harbour, request_id) == ["submitted", "approved", "executing"]
        job_id = await the_job(db, harbour, request_id, tried=RETRIES)
        await work(database_urls.app_url, wait=False)
    assert (await told(db, harbour, request_id))[-1] == "failed"
    async with db.transaction(harbour.reach) as tx:
        (event,) = await tx.fetch(
            "SELECT outcome FROM audit_events WHERE target_id = $1 AND action = 'deletions.request.failed'",
            request_id,
        )
        assert event["outcome"] == "failed"
        dead = await ops.find_job(tx, job_id)
        assert dead is not None
        assert ops.state_of(dead["status"]) == "failed"
    await work(database_urls.app_url, wait=False)
    assert (await told(db, harbour, request_id))[-1] == "failed"
    async with db.transaction(harbour.reach) as tx:
        assert await ops.retry_job(tx, job_id, dt.datetime.now(dt.UTC))
        assert not await ops.retry_job(tx, job_id, dt.datetime.now(dt.UTC))
    await work(database_urls.app_url, wait=False)
    assert await told(db, harbour, request_id) == [
        "submitted",
        "approved",
        "executing",
        "failed",
        "executing",
        "completed",
    ]
