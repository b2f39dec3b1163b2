"""As the application role, the pages that matter are ranges of their index."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import asyncpg
import pytest

from aidial_api.kernel.db import Database, Tx
from tests.api.database.rows import Tenant, make_tenant, new_id

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from aidial.postgres import PostgresUrls
    from tests.support.postgres import PostgresServer

PROJECT = """
INSERT INTO projects (client_id, project_id, display_name, timezone) VALUES ($1, $2, 'P', 'UTC')
ON CONFLICT DO NOTHING
"""
MANY = """
INSERT INTO calls (client_id, call_id, project_id, external_id, fingerprint, channel, direction, status,
                   started_at, ended_at, duration_seconds)
SELECT $1, gen_random_uuid(), $2, 'many-' || n, ''::bytea, 'voice', 'inbound',
       CASE WHEN n % 7 = 0 THEN 'missed' ELSE 'completed' END,
       timestamptz '2026-01-01 00:00Z' + n * interval '1 minute', now(), n % 600
FROM generate_series(1, 2000) n
"""
MANY_CALLERS = """
INSERT INTO caller_tokens (client_id, token, started_at, call_id, project_id)
SELECT client_id, decode(md5((duration_seconds % 9)::text), 'hex'), started_at, call_id, project_id FROM calls
WHERE external_id LIKE 'many-%'
"""
PAGE = """
SELECT c.* FROM unnest($1::text[], $2::uuid[]) AS p (client_id, project_id)
CROSS JOIN LATERAL (
    SELECT * FROM calls c WHERE c.client_id = p.client_id AND c.project_id = p.project_id
        AND (c.started_at, c.call_id) < ('2026-02-01', 'ffffffff-ffff-ffff-ffff-ffffffffffff')
    ORDER BY c.started_at DESC, c.call_id DESC LIMIT 21) c
ORDER BY c.started_at DESC, c.call_id DESC LIMIT 21
"""
LONGEST = """
SELECT * FROM calls WHERE client_id = $1 AND project_id = $2
ORDER BY coalesce(duration_seconds, 0) DESC, call_id DESC LIMIT 21
"""
COUNT = """
SELECT count(*) FROM (SELECT FROM calls WHERE client_id = $1 AND project_id = $2
    AND started_at >= '2026-01-01' AND status = any('{missed,failed}'::text[])
    ORDER BY started_at DESC, call_id DESC LIMIT 10001) c
"""
CALLER = """
SELECT call_id FROM caller_tokens
WHERE client_id = $1 AND project_id = $2 AND token = decode(md5('7'), 'hex')
ORDER BY started_at DESC, call_id DESC LIMIT 21
"""
STALLED = """
SELECT call_id FROM calls WHERE client_id = $1 AND project_id = $2 AND status = 'live'
    AND started_at < now() - interval '1 hour'
"""


@pytest.fixture(scope="session")
def database_urls(postgres_server: PostgresServer, worker_id: str) -> PostgresUrls:
    """A database of its own: nobody else's rows or transactions change what the planner knows."""
    return postgres_server.migrated_database(f"plans_{worker_id}")


@pytest.fixture(scope="session")
async def db(database_urls: PostgresUrls) -> AsyncIterator[Database]:
    database = await Database.connect(database_urls.app_url, min_size=1, max_size=3)
    yield database
    await database.close()


@pytest.fixture(scope="session")
async def busy(db: Database, database_urls: PostgresUrls) -> Tenant:
    """Harbour's neighbour with 2,000 calls in each of three projects, of which the planner knows."""
    tenant = await make_tenant(db, "busy")
    async with db.transaction(tenant.reach) as tx:
        for project_id in (tenant.project_id, new_id(), new_id()):
            await tx.execute(PROJECT, tenant.client_id, project_id)
            await tx.execute(MANY, tenant.client_id, project_id)
        await tx.execute(MANY_CALLERS)
    owner = await asyncpg.connect(database_urls.owner_url)
    try:
        async with asyncio.timeout(30):
            # At least once, because what is known may be of before these rows; and again while another
            # transaction under way keeps pages from being known as visible to all.
            known = False
            while not known:
                await owner.execute("VACUUM (ANALYZE) calls, caller_tokens")
                known = await owner.fetchval(
                    "SELECT relallvisible >= relpages FROM pg_class WHERE relname = 'calls'"
                )
    finally:
        await owner.close()
    return tenant


async def plan(tx: Tx, sql: str, *args: object) -> str:
    return "\n".join(row[0] for row in await tx.fetch(f"EXPLAIN {sql}", *args))


@pytest.mark.parametrize(
    ("sql", "index"),
    [
        (LONGEST, "Index Scan using calls_by_duration on calls"),
        (COUNT, "Index Only Scan using calls_by_start on calls"),
        (CALLER, "Index Only Scan Backward using caller_tokens_pkey on caller_tokens"),
        (STALLED, "Index Scan using calls_live on calls"),
    ],
)
async def test_one_project_is_one_range(db: Database, busy: Tenant, sql: str, index: str) -> None:
    async with db.transaction(busy.reach) as tx:
        text = await plan(tx, sql, busy.client_id, busy.project_id)
    assert index in text, text
    assert "Sort" not in text, text


async def test_the_newest_calls_of_many_projects_are_one_range_each(db: Database, busy: Tenant) -> None:
    async with db.transaction(busy.reach) as tx:
        text = await plan(tx, PAGE, [busy.client_id], [busy.project_id])
    inner = text[text.index("Function Scan") :]
    assert "Index Scan using calls_by_start on calls" in inner, text
    assert "Sort" not in inner, text
    condition = next(line for line in inner.splitlines() if "Index Cond" in line)
    assert "ROW(started_at, call_id) <" in condition, text
    assert "client_id" in condition, text
