"""Clients of the world's API, with the keys of `tests/people.py`."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from aidial_client import AsyncAidial
from tests.client.scripted import ScriptedServer
from tests.support.api import World


@pytest.fixture
async def harbour(world: World) -> AsyncIterator[AsyncAidial]:
    """A client with Harbour Dental's manage key."""
    async with AsyncAidial(world.api.url, world.harbour_manage.key) as client:
        yield client


@pytest.fixture
async def reader(world: World) -> AsyncIterator[AsyncAidial]:
    """A client with Harbour Dental's read key."""
    async with AsyncAidial(world.api.url, world.harbour_read.key) as client:
        yield client


@pytest.fixture
async def scripted() -> AsyncIterator[ScriptedServer]:
    """A server that answers by script, for what networks and proxies do."""
    async with ScriptedServer().serving() as server:
        yield server
