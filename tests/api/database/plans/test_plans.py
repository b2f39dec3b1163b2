"""As the application role, the pages that matter are ranges of their index."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest

from aidial_api.kernel.db import Database, Tx
from aidial_api.surfaces.calls.question import After, question_of
from aidial_contract.params import CALL_FILTERS, CALL_LIST_PARAMS, SORTS
from aidial_contract.query import Kind, parse_query
from aidial_contract.scope import ProjectReach
from aidial_contract.scope import Reach as ListReach
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
                   started_at, ended_at, duration_seconds, summary)
SELECT $1, gen_random_uuid(), $2, 'many-' || n, ''::bytea, 'voice', 'inbound',
       CASE WHEN n % 7 = 0 THEN 'missed' ELSE 'completed' END,
       timestamptz '2026-01-01 00:00Z' + n * interval '1 minute', now(), n % 600,
       CASE WHEN n % 500 = 0 THEN 'A wombat.' ELSE 'A visit was booked.' END
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
SAMPLES: dict[Kind, str] = {Kind.TEXTS: "one,two", Kind.WHOLE: "60"}
ONE_FILTER = [{param.name: SAMPLES.get(param.kind, ",".join(param.choices[:1]))} for param in CALL_FILTERS]
QUESTIONS: list[dict[str, str]] = [
    {},
    *ONE_FILTER,
    {"from": "2026-01-01", "to": "2026-01-31"},
    {"status": "missed", "sentiment": "upset", "from": "2026-01-01"},
]
AFTER: dict[str, After] = {
    "started_at": (datetime(2026, 1, 2, tzinfo=UTC), new_id()),
    "duration": (300, new_id()),
}


def asked(tenant: Tenant, query: dict[str, str]) -> tuple[ListReach, dict[str, Any]]:
    reach = ListReach((tenant.client_id,), (ProjectReach(tenant.client_id, tenant.project_id, "UTC"),))
    return reach, dict(parse_query(query.items(), CALL_LIST_PARAMS))


def per_project(text: str) -> str:
    """What happens once a project, below the function that gives the projects."""
    return text[text.index("Function Scan on reached") :]


def walks_the_project(text: str) -> bool:
    """Whether it reads the index of all calls; an index of few, such as the live ones, may do as it likes."""
    return re.search(r"using calls_by_(start|duration) ", text) is not None


def sorts_much(text: str) -> bool:
    return "Sort" in text and walks_the_project(text)


@pytest.mark.parametrize("sort", SORTS)
async def test_every_list_is_a_range_of_an_index_in_its_own_order(
    db: Database, busy: Tenant, sort: str
) -> None:
    """Nothing is sorted and no table read through, from the start and from the middle; nor is its count."""
    async with db.transaction(busy.reach) as tx:
        for query in QUESTIONS:
            reach, values = asked(busy, {"sort": sort, **query})
            for after in (None, AFTER[sort.lstrip("-")]):
                page = question_of(reach, values, None, after)
                text = await plan(tx, page.rows(21), *tx.settings, *page.values)
                below = per_project(text)
                assert "Seq Scan" not in text, (query, text)
                assert not sorts_much(below), (query, text)
                condition = next(line for line in below.splitlines() if "Index Cond" in line)
                assert "client_id" in condition, (query, text)
                assert "project_id" in condition, (query, text)
                assert "ROW(" in condition or after is None or not walks_the_project(below), (query, text)
            count = question_of(reach, values, None)
            text = await plan(tx, count.count(10_001), *tx.settings, *count.values)
            assert "Seq Scan" not in text, (query, text)
            assert not sorts_much(text), (query, text)


@pytest.mark.parametrize("sort", SORTS)
async def test_a_search_walks_the_list_or_reads_the_few_that_its_words_index_found(
    db: Database, busy: Tenant, sort: str
) -> None:
    reach, values = asked(busy, {"sort": sort, "q": "visit", "project_id": "x", "status": "missed"})
    async with db.transaction(busy.reach) as tx:
        walk = question_of(reach, values, None)
        walk.through = 5_000
        walk.add(
            "c.words @@ (SELECT call_query($8::uuid, 'visit'))".replace("$8", walk.place(busy.project_id))
        )
        text = await plan(tx, walk.rows(21), *tx.settings, *walk.values)
        assert "Seq Scan" not in text, text
        assert "Sort" not in per_project(text), text
        few = question_of(reach, values, None)
        few.among = f"{few.place([busy.call_id])}::uuid[]"
        text = await plan(tx, few.rows(21), *tx.settings, *few.values)
    assert "Seq Scan" not in text, text
    condition = next(line for line in per_project(text).splitlines() if "Index Cond" in line)
    assert "call_id" in condition, text


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
        assert await tx.fetchval(search, busy.project_id, "wombats") == 4
