"""A question asked beside a transaction reaches what that may, leaves nothing, and never takes long."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

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

NOBODY = settings_of(NOTHING)
REACHED = (
    "SELECT count(*) FROM reached($1, $2, $3, $4, $5, $6, $7) AS mine CROSS JOIN LATERAL"
    " (SELECT 1 FROM calls c WHERE c.client_id = mine.client_id AND c.project_id = mine.project_id) AS c"
)
ASLEEP = "SELECT 1 FROM pg_sleep(20) WHERE $1::text || $2::text || $3::text IS NOT NULL"
BACKEND = "SELECT pg_backend_pid() WHERE $1::text || $2::text || $3::text IS NOT NULL"


@pytest.fixture
async def hasty(database_urls: PostgresUrls, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Database]:
    """A database whose questions may take 300 ms, and that waits 200 ms for a connection."""
    monkeypatch.setattr(counting, "COUNT_MS", 300)
    database = await Database.connect(
        database_urls.app_url, min_size=1, max_size=1, acquire_timeout_s=0.2, command_timeout_s=3
    )
    yield database
    await database.close()


def everywhere(*tenants: Tenant) -> tuple[list[str], list[str], list[None], list[None]]:
    nothing = [None] * len(tenants)
    return [one.client_id for one in tenants], [one.project_id for one in tenants], nothing, nothing


async def test_each_question_reaches_its_own_and_the_next_on_the_same_connection_nothing_of_it(
    hasty: Database, harbour: Tenant, northside: Tenant
) -> None:
    ground = everywhere(harbour, northside)
    async with hasty.transaction(harbour.whole_reach) as tx:
        own = await tx.fetchval("SELECT count(*) FROM calls")
    for _ in range(3):
        assert await hasty.counting.fetchval(settings_of(harbour.whole_reach), REACHED, *ground) == own > 0
        assert await hasty.counting.fetchval(NOBODY, REACHED, *ground) == 0


async def test_a_question_that_takes_too_long_has_no_answer_and_the_next_one_has(hasty: Database) -> None:
    began = asyncio.get_running_loop().time()
    assert await hasty.counting.fetchval(NOBODY, ASLEEP) is None
    assert asyncio.get_running_loop().time() - began < 3
    assert await hasty.counting.fetchval(NOBODY, BACKEND)


async def test_nothing_is_written_beside_a_transaction(hasty: Database) -> None:
    writing = "UPDATE clients SET version = version + 1 WHERE $1::text || $2 || $3 IS NULL RETURNING 1"
    with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
        await hasty.counting.fetchval(NOBODY, writing)
    assert await hasty.counting.fetchval(NOBODY, BACKEND)


async def test_who_finds_every_connection_busy_is_told_so_in_time(hasty: Database) -> None:
    busy = [asyncio.create_task(hasty.counting.fetchval(NOBODY, ASLEEP)) for _ in range(CONNECTIONS)]
    await asyncio.sleep(0.05)
    with pytest.raises(DatabaseUnavailable):
        await hasty.counting.fetchval(NOBODY, BACKEND)
    assert await asyncio.gather(*busy) == [None] * CONNECTIONS
    assert await hasty.counting.fetchval(NOBODY, BACKEND)


async def test_a_question_nobody_waits_for_any_more_leaves_nothing(hasty: Database, harbour: Tenant) -> None:
    question = asyncio.create_task(hasty.counting.fetchval(settings_of(harbour.whole_reach), ASLEEP))
    await asyncio.sleep(0.05)
    question.cancel()
    with pytest.raises(asyncio.CancelledError):
        await question
    assert await hasty.counting.fetchval(NOBODY, REACHED, *everywhere(harbour)) == 0


async def test_a_lost_connection_is_said_to_be_lost_and_the_next_question_is_answered(
    hasty: Database, database_urls: PostgresUrls
) -> None:
    pid = await hasty.counting.fetchval(NOBODY, BACKEND)
    connection = await asyncpg.connect(database_urls.superuser_url)
    question = asyncio.create_task(hasty.counting.fetchval(NOBODY, ASLEEP))
    await asyncio.sleep(0.05)
    await connection.fetchval("SELECT pg_terminate_backend($1, 5000)", pid)
    await connection.close()
    with pytest.raises(DatabaseUnavailable):
        await question
    assert await hasty.counting.fetchval(NOBODY, BACKEND) != pid
