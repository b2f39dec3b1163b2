"""Harbour Dental and the rival Northside, in this worker's database."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from aidial_api.kernel.db import Database
from tests.api.database.rows import Tenant, make_tenant

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from aidial.postgres import PostgresUrls


@pytest.fixture(scope="session")
async def db(database_urls: PostgresUrls) -> AsyncIterator[Database]:
    database = await Database.connect(database_urls.app_url, min_size=1, max_size=3)
    yield database
    await database.close()


@pytest.fixture(scope="session")
async def harbour(db: Database) -> Tenant:
    return await make_tenant(db, "harbour")


@pytest.fixture(scope="session")
async def northside(db: Database) -> Tenant:
    return await make_tenant(db, "northside")
