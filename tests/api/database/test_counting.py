"""A question asked beside a transaction reaches what that may, leaves nothing, and nobody waits to ask it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest

from aidial_api.kernel import counting
from aidial_api.kernel.counting import CONNECTIONS
from aidial_api.kernel.db import NOTHING, Database, DatabaseUnavailable
from aidial_api.kernel.reach import settings_of
from tests.api.database.rows import Tenant

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from aidial.postgres import PostgresUrls
    from aidial_api.kernel.reach import Settings

NOBODY = settings_of(NOTHING)
REACHED = (
    "SELECT count(*) FROM reached($1, $2, $3, $4, $5, $6, $7) AS mine CROSS JOIN LATERAL"
    " (SELECT 1 FROM calls c WHERE c.client_id = mine.client_id AND c.project_id = mine.project_id) AS c"
)
ASLEEP = "SELECT 1 FROM pg_sleep(20) WHERE $1::text || $2::text || $3::text IS NOT NULL"
BACKEND = "SELECT pg_backend_pid() WHERE $1::text || $2::text || $3::text IS NOT NULL"
SLEEPING = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()"


@pytest.fixture
async def one(database_urls: PostgresUrls, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Database]:
    """A database whose questions may take a second, with its first connection for them."""
    monkeypatch.setattr(counting, "COUNT_MS", 3_000)
    database = await Database.connect(database_urls.app_url, min_size=1, max_size=1)
    await asked(database, NOBODY, BACKEND)
    yield database
    await database.close()


async def asked(database: Database, settings: Settings, sql: str, *args: object) -> Any:
    """The answer, asked again until a connection is free."""
    async with asyncio.timeout(20):
        while (question := await database.counting.ask(settings, sql, *args)) is None:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        return await question


async def asleep(connection: asyncpg.Connection, count: int) -> list[int]:
    """Which connections of this database sleep, once they are so many."""
    async with asyncio.timeout(20):
        while len(found := await connection.fetch(SLEEPING)) < count:  # noqa: ASYNC110 - the server's state
            await asyncio.sleep(0.01)
        return [row["pid"] for row in found]


@pytest.fixture
async def onlooker(database_urls: PostgresUrls) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(database_urls.superuser_url)
    yield connection
    await connection.close()


def everywhere(*tenants: Tenant) -> tuple[list[str], list[str], list[None], list[None]]:
    nothing = [None] * len(tenants)
    return [one.client_id for one in tenants], [one.project_id for one in tenants], nothing, nothing


async def test_each_question_reaches_its_own_and_the_next_on_the_same_connection_nothing_of_it(
    one: Database, harbour: Tenant, northside: Tenant
) -> None:
    ground = everywhere(harbour, northside)
    async with one.transaction(harbour.whole_reach) as tx:
        own = await tx.fetchval("SELECT count(*) FROM calls")
    for _ in range(3):
        assert await asked(one, settings_of(harbour.whole_reach), REACHED, *ground) == own > 0
        assert await asked(one, NOBODY, REACHED, *ground) == 0


async def test_a_question_that_takes_too_long_has_no_answer_and_the_next_one_has(one: Database) -> None:
    backend = await asked(one, NOBODY, BACKEND)
    assert await asked(one, NOBODY, ASLEEP) is None
    assert await asked(one, NOBODY, BACKEND) == backend


async def test_nothing_is_written_beside_a_transaction(one: Database) -> None:
    writing = "UPDATE clients SET version = version + 1 WHERE $1::text || $2 || $3 IS NULL RETURNING 1"
    with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
        await asked(one, NOBODY, writing)
    assert await asked(one, NOBODY, BACKEND)


async def test_who_finds_no_connection_free_is_told_so_at_once(
    one: Database, onlooker: asyncpg.Connection
) -> None:
    busy = [asyncio.create_task(asked(one, NOBODY, ASLEEP)) for _ in range(CONNECTIONS)]
    await asleep(onlooker, CONNECTIONS)
    assert await one.counting.ask(NOBODY, BACKEND) is None
    assert await asyncio.gather(*busy) == [None] * CONNECTIONS
    assert await asked(one, NOBODY, BACKEND)


async def test_both_connections_are_free_again_after_a_crowd(one: Database) -> None:
    first = await one.counting.ask(NOBODY, BACKEND)
    assert first is not None
    assert await one.counting.ask(NOBODY, BACKEND) is None  # so that another is opened, which takes longer
    await first
    assert one.counting._opening is not None
    await one.counting._opening
    both = [await one.counting.ask(NOBODY, BACKEND) for _ in range(CONNECTIONS)]
    backends = await asyncio.gather(*(question for question in both if question is not None))
    assert len(set(backends)) == CONNECTIONS


async def test_a_question_nobody_waits_for_any_more_ends_by_itself_and_leaves_nothing(
    one: Database, onlooker: asyncpg.Connection, harbour: Tenant
) -> None:
    question = await one.counting.ask(settings_of(harbour.whole_reach), ASLEEP)
    assert question is not None
    waiting = asyncio.ensure_future(asyncio.shield(question))
    (backend,) = await asleep(onlooker, 1)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert await question is None
    assert await asked(one, NOBODY, BACKEND) == backend
    assert await asked(one, NOBODY, REACHED, *everywhere(harbour)) == 0


async def test_a_lost_connection_is_said_to_be_lost_and_another_takes_its_place(
    database_urls: PostgresUrls, onlooker: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counting, "COUNT_MS", 20_000)
    one = await Database.connect(database_urls.app_url, min_size=1, max_size=1)
    try:
        question = asyncio.create_task(asked(one, NOBODY, ASLEEP))
        (backend,) = await asleep(onlooker, 1)
        await onlooker.fetchval("SELECT pg_terminate_backend($1, 5000)", backend)
        with pytest.raises(DatabaseUnavailable):
            await question
        assert await asked(one, NOBODY, BACKEND) != backend
    finally:
        await one.close()
