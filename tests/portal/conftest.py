"""The town: everything running, for tests of what people see."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest

from tests.support.postgres import PostgresServer

if TYPE_CHECKING:
    from tests.support.portal import Town


@pytest.fixture(scope="session")
async def town(postgres_server: PostgresServer, worker_id: str) -> AsyncIterator[Town]:
    """Portal, API, PostgreSQL and identity provider on sockets; people sign in when they are needed."""
    # Not at the top: tests that need no portal must not import it.
    from tests.support.portal import open_town  # noqa: PLC0415

    async with open_town(postgres_server.migrated_database(f"aidial_town_{worker_id}")) as opened:
        yield opened
