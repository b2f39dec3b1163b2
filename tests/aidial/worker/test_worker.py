"""The worker ends what nobody ended: live calls that were forgotten, sessions whose time is over."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator

import asyncpg
import pytest

from aidial.postgres import PostgresUrls
from aidial.worker import work
from aidial_api.kernel.db import Database
from aidial_api.kernel.jobs import enqueue
from aidial_api.surfaces.calls import stalled
from aidial_api.surfaces.sessions import expiry
from tests.api.database.rows import Tenant, add_call, make_tenant, new_id


@pytest.fixture
async def db(database_urls: PostgresUrls) -> AsyncIterator[Database]:
    database = await Database.connect(database_urls.app_url, min_size=1, max_size=2)
    yield database
    await database.close()


@pytest.fixture
async def harbour(db: Database) -> Tenant:
    return await make_tenant(db, "harbour")


@pytest.fixture
async def anybody(database_urls: PostgresUrls) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    """Somebody past every policy, to look at what was written."""
    connection = await asyncpg.connect(database_urls.superuser_url)
    yield connection
    await connection.close()


async def live_call(db: Database, tenant: Tenant, age: dt.timedelta, *, messages: int = 2) -> str:
    """Have a call delivered that began so long ago and is still live."""
    call_id, began = new_id(), dt.datetime.now(dt.UTC) - age
    async with db.transaction(tenant.reach) as tx:
        await add_call(tx, tenant, call_id, began)
        await tx.execute(
            "UPDATE calls SET status = 'live', ended_at = NULL, transcript_state = 'live', message_count = $3"
            " WHERE client_id = $1 AND call_id = $2",
            tenant.client_id,
            call_id,
            messages,
        )
        await stalled.watch(tx, tenant.client_id, tenant.project_id, call_id, began)
    return call_id


async def call_of(anybody: asyncpg.Connection[asyncpg.Record], call_id: str) -> asyncpg.Record:
    row = await anybody.fetchrow("SELECT * FROM calls WHERE call_id = $1", call_id)
    assert row is not None
    return row


async def jobs_about(
    anybody: asyncpg.Connection[asyncpg.Record], name: str, value: str
) -> list[asyncpg.Record]:
    return await anybody.fetch(
        "SELECT * FROM jobs.procrastinate_jobs WHERE args ->> $1 = $2 AND status = 'todo'", name, value
    )


async def test_a_call_nobody_ended_becomes_unknown_and_asks_for_attention(
    db: Database,
    harbour: Tenant,
    database_urls: PostgresUrls,
    anybody: asyncpg.Connection[asyncpg.Record],
) -> None:
    call_id = await live_call(db, harbour, dt.timedelta(minutes=26))
    await work(database_urls.app_url, wait=False)
    call = await call_of(anybody, call_id)
    assert (call["status"], call["attention_flag"], call["attention_reason"]) == ("unknown", True, "stalled")
    assert (call["transcript_state"], call["version"]) == ("incomplete", 2)
    events = await anybody.fetch("SELECT * FROM audit_events WHERE target_id = $1", call_id)
    assert [(e["action"], e["actor_kind"], e["client_id"]) for e in events] == [
        ("calls.call.stalled", "system", harbour.client_id)
    ]
    assert await jobs_about(anybody, "call_id", call_id) == []


async def test_a_call_within_its_time_is_left_alone_and_watched_on(
    db: Database,
    harbour: Tenant,
    database_urls: PostgresUrls,
    anybody: asyncpg.Connection[asyncpg.Record],
) -> None:
    call_id = await live_call(db, harbour, dt.timedelta(minutes=26))
    async with db.transaction(harbour.reach) as tx:  # the project's maximum grew meanwhile
        await tx.execute(
            "UPDATE projects SET max_duration_minutes = 30 WHERE client_id = $1", harbour.client_id
        )
    await work(database_urls.app_url, wait=False)
    call = await call_of(anybody, call_id)
    assert (call["status"], call["version"]) == ("live", 1)
    (job,) = await jobs_about(anybody, "call_id", call_id)
    assert job["scheduled_at"] == call["started_at"] + dt.timedelta(minutes=40)


async def test_a_call_that_ended_is_left_alone(
    db: Database,
    harbour: Tenant,
    database_urls: PostgresUrls,
    anybody: asyncpg.Connection[asyncpg.Record],
) -> None:
    call_id = await live_call(db, harbour, dt.timedelta(minutes=26))
    async with db.transaction(harbour.reach) as tx:
        await tx.execute(
            "UPDATE calls SET status = 'completed', ended_at = now() WHERE client_id = $1 AND call_id = $2",
            harbour.client_id,
            call_id,
        )
    await work(database_urls.app_url, wait=False)
    call = await call_of(anybody, call_id)
    assert (call["status"], call["attention_flag"]) == ("completed", False)


async def test_a_job_that_names_another_tenant_finds_nothing(
    db: Database,
    harbour: Tenant,
    database_urls: PostgresUrls,
    anybody: asyncpg.Connection[asyncpg.Record],
) -> None:
    northside = await make_tenant(db, "northside")
    call_id = await live_call(db, harbour, dt.timedelta(minutes=5))
    async with db.transaction(northside.reach) as tx:
        about = {"client_id": northside.client_id, "call_id": call_id}
        await enqueue(tx, stalled.CHECK.name, about, at=dt.datetime.now(dt.UTC))
    await work(database_urls.app_url, wait=False)
    assert (await call_of(anybody, call_id))["status"] == "live"


async def test_what_is_rolled_back_leaves_no_job(
    db: Database, harbour: Tenant, anybody: asyncpg.Connection[asyncpg.Record]
) -> None:
    call_id = new_id()

    async def refused() -> None:
        async with db.transaction(harbour.reach) as tx:
            at = dt.datetime.now(dt.UTC)
            await stalled.watch(tx, harbour.client_id, harbour.project_id, call_id, at)
            raise RuntimeError("refused")

    with pytest.raises(RuntimeError, match="refused"):
        await refused()
    assert await jobs_about(anybody, "call_id", call_id) == []


@pytest.mark.parametrize(
    ("idle", "absolute", "why"),
    [("-1 min", "5 h", "idle"), ("-1 min", "-1 min", "absolute"), ("10 min", "5 h", None)],
)
async def test_a_session_whose_time_is_over_becomes_expired(
    db: Database,
    harbour: Tenant,
    database_urls: PostgresUrls,
    anybody: asyncpg.Connection[asyncpg.Record],
    idle: str,
    absolute: str,
    why: str | None,
) -> None:
    await anybody.execute(
        "UPDATE sessions SET idle_expires_at = now() + $2::text::interval,"
        " absolute_expires_at = now() + $3::text::interval WHERE session_id = $1",
        harbour.session_id,
        idle,
        absolute,
    )
    about = {"user_id": harbour.user_id, "session_id": harbour.session_id, "client_id": harbour.client_id}
    async with db.transaction(harbour.reach) as tx:
        await enqueue(tx, expiry.EXPIRE.name, about, at=dt.datetime.now(dt.UTC))
    await work(database_urls.app_url, wait=False)
    session = await anybody.fetchrow("SELECT * FROM sessions WHERE session_id = $1", harbour.session_id)
    assert session is not None
    assert (session["state"], session["revoked_reason"]) == (("expired", why) if why else ("active", None))
    later = await jobs_about(anybody, "session_id", harbour.session_id)
    assert [job["scheduled_at"] for job in later] == ([] if why else [session["idle_expires_at"]])
    events = await anybody.fetch(
        "SELECT action, why FROM audit_events WHERE target_id = $1", harbour.session_id
    )
    assert [tuple(e) for e in events] == ([("sessions.session.expired", why)] if why else [])


async def test_a_job_that_a_killed_worker_left_half_way_is_run_again(
    db: Database,
    harbour: Tenant,
    database_urls: PostgresUrls,
    anybody: asyncpg.Connection[asyncpg.Record],
) -> None:
    call_id = await live_call(db, harbour, dt.timedelta(minutes=26))
    (job,) = await jobs_about(anybody, "call_id", call_id)
    dead = await anybody.fetchval(
        "INSERT INTO jobs.procrastinate_workers (last_heartbeat) VALUES (now() - interval '1 h') RETURNING id"
    )
    await anybody.execute(
        "UPDATE jobs.procrastinate_jobs SET status = 'doing', worker_id = $2, attempts = 1 WHERE id = $1",
        job["id"],
        dead,
    )
    await anybody.execute(
        "INSERT INTO jobs.procrastinate_jobs (queue_name, task_name, args)"
        " VALUES ('aidial', 'jobs.rescue', '{\"timestamp\": 0}')",
    )
    await work(database_urls.app_url, wait=False)
    await work(database_urls.app_url, wait=False)
    assert (await call_of(anybody, call_id))["status"] == "unknown"


async def test_the_application_may_enqueue_whatever_its_search_path(db: Database, harbour: Tenant) -> None:
    async with db.transaction(harbour.reach) as tx:
        await tx.execute("SET LOCAL search_path = public")
        await enqueue(tx, "nobody.runs_this", {}, at=dt.datetime(2099, 1, 1, tzinfo=dt.UTC))
