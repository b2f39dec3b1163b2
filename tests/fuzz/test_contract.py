"""A short slice of `make fuzz`: schemathesis over our OpenAPI, the same few hundred requests each time."""

from __future__ import annotations

import pytest
from fuzz.contract import SHORT, run
from fuzz.report import Budget

from tests.support.api import open_world
from tests.support.postgres import PostgresServer


@pytest.mark.slow
async def test_the_api_answers_as_its_description_says(
    postgres_server: PostgresServer, worker_id: str
) -> None:
    async with open_world(postgres_server.migrated_database(f"aidial_fuzz_{worker_id}")) as world:
        report = await run(world, Budget(seed=1), SHORT)
    assert report.findings == {}
    assert report.cases >= 300
