"""A business of the call tests' own."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from aidial.bulk.loading import Loader
from aidial.bulk.plan import Plan, tenants
from aidial_api.kernel import counting
from aidial_api.kernel.db import Database
from aidial_api.kernel.reach import Reach as DatabaseReach
from aidial_api.surfaces.calls import listing
from aidial_contract.scope import ProjectReach, Reach
from tests.api.calls.lines import Business, open_business
from tests.api.calls.seeded import CALLS, CLIENT, UNTIL
from tests.support.api import World
from tests.support.postgres import PostgresServer


@pytest.fixture(scope="session")
async def clinic(world: World) -> Business:
    """Two lines, Sydney and Brisbane."""
    business = await open_business(world, "Australia/Sydney", "Australia/Brisbane")
    await world.sql(  # a slow run takes longer than the half hour after which a session that rests ends
        "UPDATE sessions SET idle_expires_at = absolute_expires_at WHERE session_id = any($1::uuid[])",
        [business.admin.session_id, business.staff.session_id],
    )
    return business


@pytest.fixture(scope="module")
async def ground(
    postgres_server: PostgresServer, worker_id: str, request: pytest.FixtureRequest
) -> AsyncIterator[tuple[Database, Reach]]:
    """Four hundred seeded calls of one tenant with two lines, in a database of the module's own."""
    module = request.module.__name__.rpartition(".")[2]
    urls = postgres_server.migrated_database(f"aidial_{module}_{worker_id}")
    await Loader(urls.owner_url, bytes(32), Plan(tenants(CALLS, 1, 1, CLIENT), UNTIL, 90, 3)).load()
    db = await Database.connect(urls.app_url, min_size=1, max_size=2)
    async with db.transaction(DatabaseReach((CLIENT,))) as tx:
        rows = await tx.fetch("SELECT project_id::text FROM projects ORDER BY display_name DESC")
    projects = tuple(ProjectReach(CLIENT, row["project_id"], "Australia/Sydney") for row in rows)
    with pytest.MonkeyPatch.context() as patch:
        # However busy this machine is.
        patch.setattr(counting, "COUNT_MS", 5_000)
        patch.setattr(listing, "COUNT_MS", 5_000)
        yield db, Reach((CLIENT,), projects)
    await db.close()
