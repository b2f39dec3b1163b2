"""A business of these tests' own, and its neighbour."""

from __future__ import annotations

import pytest

from tests.api.calls.lines import Business, open_business
from tests.support.api import World


@pytest.fixture(scope="session")
async def surgery(world: World) -> Business:
    """Two lines and a manage key."""
    return await open_business(world, "Australia/Sydney", "Australia/Brisbane")


@pytest.fixture(scope="session")
async def neighbour(world: World) -> Business:
    """Another tenant."""
    return await open_business(world, "Australia/Perth")
