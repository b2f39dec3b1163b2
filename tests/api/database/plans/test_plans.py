"""As the application role, the pages that matter are ranges of their index."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import asyncpg
import pytest

from aidial_api.kernel.db import Database, Tx
from tests.api.database.plans.busy import CALLS

if TYPE_CHECKING:
    from aidial.postgres import PostgresUrls
    from tests.api.database.rows import Tenant

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
ORDER BY CASE WHEN duration_seconds IS NULL THEN 0 ELSE duration_seconds END DESC, call_id DESC LIMIT 21
"""
COUNT = """
SELECT count(*) FROM (SELECT FROM calls WHERE client_id = $1 AND project_id = $2
    AND started_at >= '2026-01-01'
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


TYPES = {
    "of_project": "uuid",
    "asked": "tsquery",
    "first_week": "integer",
    "last_week": "integer",
    "of_client": "text",
    "since": "timestamptz",
    "until": "timestamptz",
    "most": "integer",
}


async def test_words_are_looked_up_in_their_index(
    db: Database, busy: Tenant, database_urls: PostgresUrls
) -> None:
    """As the role the search runs as, with its settings: what the function does is a query of its index."""
    superuser = await asyncpg.connect(database_urls.superuser_url)
    try:
        body = await superuser.fetchval("SELECT prosrc FROM pg_proc WHERE proname = 'search_calls'")
        await superuser.execute("SET ROLE aidial_lookup")
        await superuser.execute("SET enable_seqscan = off")
        await superuser.execute("SET plan_cache_mode = force_generic_plan")
        body = body[body.index("WITH matched") :].partition(";")[0]
        names = {"of_project": "$1", "asked": "$2", "first_week": "$3", "last_week": "$4"}
        names |= {"of_client": "$5", "since": "$6", "until": "$7", "most": "$8"}
        for name, number in names.items():
            body = re.sub(rf"\b{name}\b", f"{number}::{TYPES[name]}", body)
        await superuser.execute(f"PREPARE search AS {body}")
        call = f"EXECUTE search('{busy.project_id}', 'wombat', 1, 9, 'x', '-infinity', 'infinity', 10)"
        text = "\n".join(row[0] for row in await superuser.fetch(f"EXPLAIN {call}"))
    finally:
        await superuser.close()
    assert "Bitmap Index Scan on calls" in text, text
    assert "Seq Scan" not in text, text
    async with db.transaction(busy.reach) as tx:
        search = "SELECT count(*) FROM search_calls($1, $2, '-infinity', 'infinity', 5000)"
        assert await tx.fetchval(search, busy.project_id, "wombats") == CALLS / 500
