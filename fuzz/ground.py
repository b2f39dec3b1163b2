"""A world and a town of their own for the long runs: the tests' people and servers, without pytest."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from tests.support import postgres
from tests.support.api import World, open_world
from tests.support.portal import Town, open_town
from tests.support.postgres import PostgresServer


@contextmanager
def database_server() -> Iterator[PostgresServer]:
    """A real PostgreSQL for the run, gone afterwards."""
    postgres.begin_run()
    try:
        yield postgres.shared_server()
    finally:
        postgres.end_run()


@asynccontextmanager
async def world_of(server: PostgresServer, name: str) -> AsyncIterator[World]:
    """A world that nobody else uses: what a run does to it is nobody's loss."""
    async with open_world(server.migrated_database(f"fuzz_{name}")) as world:
        yield world


@asynccontextmanager
async def town_of(server: PostgresServer, name: str) -> AsyncIterator[Town]:
    """A town that nobody else uses."""
    async with open_town(server.migrated_database(f"fuzz_{name}")) as town:
        yield town
