from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from aidial.postgres import PostgresUrls
from aidial_api.kernel.audit_chain import reading
from aidial_api.kernel.db import Database
from tests.api.audit_chain.chains import Chain, seconds_apart
from tests.api.database.rows import make_tenant
from tests.support.postgres import PostgresServer


@pytest.fixture(scope="session")
def chained_urls(postgres_server: PostgresServer, worker_id: str) -> PostgresUrls:
    """A database nobody else writes to: these tests forge its log."""
    return postgres_server.migrated_database(f"aidial_chain_{worker_id}")


@pytest.fixture(scope="session")
async def chained_db(chained_urls: PostgresUrls) -> AsyncIterator[Database]:
    database = await Database.connect(chained_urls.app_url, min_size=1, max_size=4)
    yield database
    await database.close()


@pytest.fixture(scope="session")
async def superuser(chained_urls: PostgresUrls) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    connection = await asyncpg.connect(chained_urls.superuser_url)
    yield connection
    await connection.close()


@pytest.fixture(autouse=True)
def small_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chains of a few seals are read in several slices, as long ones are."""
    monkeypatch.setattr(reading, "SLICE_SEALS", 3)


@pytest.fixture
async def log(
    chained_db: Database,
    chained_urls: PostgresUrls,
    superuser: asyncpg.Connection[asyncpg.Record],
    tmp_path: Path,
) -> Chain:
    """Harbour's log: one event from its making, not yet sealed."""
    tenant = await make_tenant(chained_db, "harbour")
    return Chain(chained_db, chained_urls, superuser, tenant.client_id, seconds_apart(tmp_path))


@pytest.fixture
async def sealed(log: Chain) -> Chain:
    """A log of ten sealed events, the first of its making; a checkpoint vouches for the first eight."""
    await log.write(7)
    await log.seal()
    await log.checkpoint()
    await log.write(2)
    await log.seal()
    rows = await log.owner.fetch(
        "SELECT event_id FROM audit_seals WHERE client_id = $1 ORDER BY seq", log.client_id
    )
    log.event_ids = [str(row["event_id"]) for row in rows]
    return log
