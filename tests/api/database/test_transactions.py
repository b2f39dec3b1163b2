"""A connection carries nothing from one request to the next, and a lost one is said to be lost."""

# ruff: noqa: PT012 - what is tried is a whole transaction
from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING

import asyncpg
import psycopg
import pytest
from sqlalchemy import make_url

from aidial_api.kernel.db import NOTHING, Database, DatabaseUnavailable, observe, owner_transaction
from tests.api.database.rows import START, Tenant, add_call, new_id

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from aidial.postgres import PostgresUrls
    from tests.support.postgres import PostgresServer

LEFTOVERS = (
    "SELECT concat(current_setting('app.client_ids', true), current_setting('app.actor_id', true),"
    " current_setting('app.partner_org_id', true))"
)

PAGE = (
    "SELECT c.* FROM reached($1, $2, $3, $4, $5, $6, $7) AS mine CROSS JOIN LATERAL (SELECT * FROM calls c"
    " WHERE c.client_id = mine.client_id AND c.project_id = mine.project_id AND c.started_at >= mine.since"
    " AND c.started_at < mine.until ORDER BY c.started_at DESC LIMIT 5) c"
)


@pytest.fixture
async def one(database_urls: PostgresUrls) -> AsyncIterator[Database]:
    """A pool of a single connection: every transaction meets what the one before left."""
    database = await Database.connect(
        database_urls.app_url, min_size=1, max_size=1, acquire_timeout_s=20, command_timeout_s=3
    )
    yield database
    await database.close()


async def leftovers(database: Database) -> tuple[str, str, int]:
    async with database.transaction(NOTHING) as tx:
        return (
            await tx.fetchval(LEFTOVERS),
            await tx.fetchval("SHOW statement_timeout"),
            await tx.fetchval("SELECT count(*) FROM calls"),
        )


async def backend(database: Database) -> int:
    async with database.transaction(NOTHING) as tx:
        return int(await tx.fetchval("SELECT pg_backend_pid()"))


async def test_nothing_of_a_request_is_left_for_the_next(one: Database, harbour: Tenant) -> None:
    before = await backend(one)
    async with one.transaction(harbour.whole_reach) as tx:
        assert await tx.fetchval("SELECT count(*) FROM calls") > 0
    assert await leftovers(one) == ("", "3500ms", 0)
    with pytest.raises(asyncpg.DivisionByZeroError):
        async with one.transaction(harbour.whole_reach) as tx:
            await tx.fetchval_within(500, "SELECT 1")
            await tx.fetchval("SELECT 1/0")
    assert await leftovers(one) == ("", "3500ms", 0)
    assert await backend(one) == before


async def test_a_page_in_one_statement_reaches_what_a_transaction_would_and_leaves_nothing(
    one: Database, harbour: Tenant, northside: Tenant
) -> None:
    clients, projects = [harbour.client_id, northside.client_id], [harbour.project_id, northside.project_id]
    spans = ([START - timedelta(days=9)] * 2, [START + timedelta(days=9)] * 2)
    async with one.transaction(harbour.whole_reach, read_only=True) as tx:
        rows = await tx.fetch_reaching(PAGE, clients, projects, *spans)
        assert not tx.is_begun
    assert {row["client_id"] for row in rows} == {harbour.client_id}
    assert await leftovers(one) == ("", "3500ms", 0)
    async with one.transaction(NOTHING, read_only=True) as tx:
        assert await tx.fetch_reaching(PAGE, clients, projects, *spans) == []
        # What follows begins, with the same reach.
        assert await tx.fetchval("SELECT count(*) FROM calls") == 0
        assert tx.is_begun


async def test_a_request_cancelled_in_the_middle_leaves_nothing(one: Database, harbour: Tenant) -> None:
    begun = asyncio.Event()

    async def slow() -> None:
        async with one.transaction(harbour.whole_reach) as tx:
            begun.set()
            await tx.fetchval("SELECT pg_sleep(30)")

    request = asyncio.create_task(slow())
    await begun.wait()
    request.cancel()
    with pytest.raises(asyncio.CancelledError):
        await request
    assert await leftovers(one) == ("", "3500ms", 0)


async def test_an_exception_writes_nothing(db: Database, harbour: Tenant) -> None:
    call_id = new_id()
    with pytest.raises(KeyError):
        async with db.transaction(harbour.reach) as tx:
            await add_call(tx, harbour, call_id, START)
            raise KeyError
    async with db.transaction(harbour.reach) as tx:
        assert await tx.fetchval("SELECT count(*) FROM calls WHERE call_id = $1", call_id) == 0


async def test_a_swallowed_error_is_not_taken_for_success(db: Database, harbour: Tenant) -> None:
    with pytest.raises(RuntimeError, match="nothing was written"):
        async with db.transaction(harbour.reach) as tx:
            await tx.execute("UPDATE clients SET version = version + 1")
            with pytest.raises(asyncpg.DivisionByZeroError):
                await tx.fetchval("SELECT 1/0")


async def test_a_savepoint_undoes_its_part_only(db: Database, harbour: Tenant) -> None:
    kept, undone = new_id(), new_id()
    async with db.transaction(harbour.reach) as tx:
        await add_call(tx, harbour, kept, START)
        with pytest.raises(asyncpg.UniqueViolationError):
            async with tx.savepoint():
                await add_call(tx, harbour, undone, START)
                await add_call(tx, harbour, kept, START)
    async with db.transaction(harbour.reach) as tx:
        found = await tx.fetch(
            "SELECT call_id::text FROM calls WHERE call_id = any($1::uuid[])", [kept, undone]
        )
    assert [row[0] for row in found] == [kept]


async def test_a_count_that_takes_too_long_is_given_up_and_the_request_goes_on(one: Database) -> None:
    async with one.transaction(NOTHING) as tx:
        assert await tx.fetchval_within(30, "SELECT 'late' FROM pg_sleep(20)") is None
        assert await tx.fetchval_within(2000, "SELECT $1::int", 7) == 7
        assert await tx.fetchval("SHOW statement_timeout") == "3500ms"
    assert await leftovers(one) == ("", "3500ms", 0)


async def test_a_read_only_request_cannot_write(db: Database, harbour: Tenant) -> None:
    with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
        async with db.transaction(harbour.reach, read_only=True) as tx:
            await tx.execute("UPDATE clients SET version = version + 1")


async def test_statements_are_counted(db: Database, harbour: Tenant) -> None:
    seen: list[str] = []
    with observe(seen.append):
        async with db.transaction(harbour.reach) as tx:
            await tx.fetch("SELECT 1")
            await tx.executemany("SELECT $1::int", [(1,), (2,)])
            assert tx.statements == 2
        await db.lookup("lookup_session", new_id())
    assert seen == ["SELECT 1", "SELECT $1::int", "lookup_session"]


async def test_a_full_pool_answers_instead_of_hanging(one: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    async with one.transaction(NOTHING):
        with monkeypatch.context() as hasty, pytest.raises(DatabaseUnavailable):
            hasty.setattr(one, "_acquire_timeout_s", 0.2)
            async with asyncio.timeout(10), one.transaction(NOTHING):
                pass
    await backend(one)


async def test_a_crowd_takes_turns_at_few_connections(database_urls: PostgresUrls) -> None:
    db = await Database.connect(database_urls.app_url, min_size=1, max_size=2, acquire_timeout_s=20)

    async def once(number: int) -> int:
        async with db.transaction(NOTHING, read_only=number % 2 == 0, reserved=number % 3 == 0) as tx:
            await tx.execute("SELECT pg_sleep(0.005)")
            return int(await tx.fetchval("SELECT pg_backend_pid()"))

    try:
        backends = [await once(0), *await asyncio.gather(*(once(number) for number in range(60)))]
        assert 1 <= len(set(backends)) <= 2
        assert await db.lookup("lookup_api_key", "none") is None
    finally:
        began = asyncio.get_running_loop().time()
        await db.close()
        assert asyncio.get_running_loop().time() - began < 5


async def test_a_command_without_an_end_is_given_up(database_urls: PostgresUrls) -> None:
    hasty = await Database.connect(database_urls.app_url, min_size=1, max_size=1, command_timeout_s=1)
    try:
        with pytest.raises(DatabaseUnavailable):
            async with hasty.transaction(NOTHING) as tx:
                await tx.fetchval("SELECT pg_sleep(30)")
        async with asyncio.timeout(20):
            while True:
                with suppress(DatabaseUnavailable):  # opening a connection is given a second as well
                    await backend(hasty)
                    break
    finally:
        await hasty.close()


async def killed(database_urls: PostgresUrls, pid: int) -> None:
    connection = await asyncpg.connect(database_urls.superuser_url)
    try:
        await connection.fetchval("SELECT pg_terminate_backend($1, 5000)", pid)
    finally:
        await connection.close()


async def test_a_connection_lost_before_commit_says_so_and_the_next_request_works(
    one: Database, database_urls: PostgresUrls, harbour: Tenant
) -> None:
    call_id = new_id()
    with pytest.raises(DatabaseUnavailable) as lost:
        async with one.transaction(harbour.reach) as tx:
            await add_call(tx, harbour, call_id, START)
            await killed(database_urls, await tx.fetchval("SELECT pg_backend_pid()"))
    assert lost.value.reason
    async with one.transaction(harbour.reach) as tx:
        assert await tx.fetchval("SELECT count(*) FROM calls WHERE call_id = $1", call_id) == 0


async def test_an_idle_connection_that_was_cut_is_replaced(
    one: Database, database_urls: PostgresUrls
) -> None:
    await killed(database_urls, await backend(one))
    try:
        await backend(one)
    except DatabaseUnavailable:  # the news of the cut had not arrived yet
        await backend(one)


async def test_no_server_is_said_not_raised_raw() -> None:
    with pytest.raises(DatabaseUnavailable):
        await Database.connect("postgresql://aidial_app:wrong@127.0.0.1:1/aidial")


async def test_a_revoked_key_is_told_at_once_and_a_lost_listener_comes_back(
    database_urls: PostgresUrls, harbour: Tenant, db: Database
) -> None:
    heard: asyncio.Queue[str | None] = asyncio.Queue()
    listening = await Database.connect(database_urls.app_url, min_size=1, max_size=1)
    try:
        await listening.listen("aidial_credentials", heard.put_nowait)
        await revoke(db, harbour)
        await until(heard, f"api_key:{harbour.api_key_id}")
        connection = await asyncpg.connect(database_urls.superuser_url)
        await connection.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND query LIKE 'LISTEN%'"
        )
        await connection.close()
        await until(heard, None)
        async with db.transaction(harbour.whole_reach) as tx:
            await tx.execute(
                "UPDATE sessions SET state = 'revoked' WHERE session_id = $1", harbour.session_id
            )
        await until(heard, f"session:{harbour.session_id}")
    finally:
        await listening.close()


async def revoke(db: Database, tenant: Tenant) -> None:
    async with db.transaction(tenant.reach) as tx:
        await tx.execute("UPDATE api_keys SET revoked_at = now() WHERE api_key_id = $1", tenant.api_key_id)


async def until(heard: asyncio.Queue[str | None], wanted: str | None) -> None:
    async with asyncio.timeout(20):
        while await heard.get() != wanted:
            pass


async def test_a_server_that_writes_days_another_way_is_read_all_the_same(
    postgres_server: PostgresServer, worker_id: str
) -> None:
    urls = postgres_server.migrated_database(f"aidial_days_{worker_id}")
    at = datetime(2026, 3, 4, 5, 6, tzinfo=UTC)
    with psycopg.connect(urls.superuser_url, autocommit=True) as connection:
        for setting in ("datestyle = 'SQL, DMY'", "timezone = 'Australia/Sydney'"):
            connection.execute(f"ALTER DATABASE {make_url(urls.owner_url).database} SET {setting}")
    db = await Database.connect(urls.app_url, min_size=1, max_size=1)
    async with db.transaction(NOTHING) as tx, owner_transaction(urls.owner_url, NOTHING) as owner:
        for one in (tx, owner):
            read = await one.fetchval("SELECT $1::timestamptz", at)
            assert (read, read.tzinfo) == (at, UTC)
    await db.close()


async def test_times_are_read_in_utc_to_the_microsecond_wherever_they_were_told(db: Database) -> None:
    perth = timezone(timedelta(hours=8))
    told = [
        datetime(2026, 11, 26, 9, 0, 0, 1, tzinfo=perth),
        datetime(2026, 11, 26, 9, 0, 0, 500_000, tzinfo=UTC),
        datetime(1970, 1, 1, tzinfo=UTC),
        datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    ]
    async with db.transaction(NOTHING) as tx:
        for at in told:
            read = await tx.fetchval("SELECT $1::timestamptz", at)
            assert (read, read.tzinfo) == (at, UTC)
        assert await tx.fetchval("SELECT $1::timestamptz[]", [*told, None]) == [*told, None]
        assert await tx.fetchval("SELECT NULL::timestamptz") is None
        with pytest.raises(asyncpg.DataError):
            await tx.fetchval("SELECT $1::timestamptz", "yesterday")
