"""A busy tenant in a database of its own, of whose calls the planner knows."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import asyncpg
import pytest

from aidial_api.kernel.db import Database
from tests.api.database.plans.busy import CALLS
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
                   started_at, ended_at, duration_seconds, summary, outcome, sentiment_caller,
                   resolution, call_type, agent_id, sms_status, email_status, attention_flag, booking,
                   transfer, follow_up)
SELECT $1, gen_random_uuid(), $2, 'many-' || n, ''::bytea, CASE WHEN n % 19 = 0 THEN 'sms' ELSE 'voice' END,
       CASE WHEN n % 10 = 0 THEN 'outbound' ELSE 'inbound' END,
       CASE WHEN n % 7 = 0 THEN 'missed' ELSE 'completed' END,
       timestamptz '2026-01-01 00:00Z' + n * $4 * interval '1 minute', now(), n % 600,
       CASE WHEN n % 500 = 0 THEN 'A wombat.' ELSE 'A visit was booked.' END, 'outcome-' || n % 11,
       CASE WHEN n % 17 = 0 THEN 'upset' WHEN n % 4 = 0 THEN 'positive' ELSE 'neutral' END,
       'resolution-' || n % 5, 'type-' || n % 13, 'agent-' || n % 3,
       CASE WHEN n % 6 = 0 THEN 'delivered' END, CASE WHEN n % 50 = 0 THEN 'sent' END, n % 12 = 0,
       CASE WHEN n % 5 < 2 THEN '{}'::jsonb END, CASE WHEN n % 14 = 0 THEN '{}'::jsonb END,
       CASE WHEN n % 8 = 0 THEN '{}'::jsonb END
FROM generate_series($3 - 1999, $3) n
"""
MANY_CALLERS = """
INSERT INTO caller_tokens (client_id, token, started_at, call_id, project_id)
SELECT client_id, decode(md5((duration_seconds % 9)::text), 'hex'), started_at, call_id, project_id FROM calls
WHERE external_id LIKE 'many-%'
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
    """Harbour's neighbour, of whose calls the planner knows: 12,000 in one project, 2,000 in two more each.

    They are of the same days. Of fewer calls one index would do as well as another.
    """
    tenant = await make_tenant(db, "busy")
    async with db.transaction(tenant.reach) as tx:
        for project_id, calls in ((tenant.project_id, CALLS), (new_id(), 2_000), (new_id(), 2_000)):
            await tx.execute(PROJECT, tenant.client_id, project_id)
            for until in range(2_000, calls + 1, 2_000):
                await tx.execute(MANY, tenant.client_id, project_id, until, CALLS // calls)
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
