"""Fixtures of the whole suite: one real PostgreSQL a run, one migrated database a worker."""

from __future__ import annotations

import pytest

from aidial.postgres import PostgresUrls
from tests.support import postgres
from tests.support.postgres import PostgresServer


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        postgres.begin_run()


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        postgres.end_run()


@pytest.fixture(scope="session")
def postgres_server() -> PostgresServer:
    """The run's PostgreSQL: `.empty_database(name)` and `.migrated_database(name)` make more databases."""
    return postgres.shared_server()


@pytest.fixture(scope="session")
def database_urls(postgres_server: PostgresServer, worker_id: str) -> PostgresUrls:
    """This worker's migrated database: `.owner_url`, `.app_url`, `.superuser_url`."""
    return postgres_server.migrated_database(f"aidial_{worker_id}")
