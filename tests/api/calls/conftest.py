"""A business of the call tests' own."""

from __future__ import annotations

import pytest

from tests.api.calls.lines import Business, open_business
from tests.support.api import World


@pytest.fixture(scope="session")
async def clinic(world: World) -> Business:
    """Two lines, Sydney and Brisbane."""
    return await open_business(world, "Australia/Sydney", "Australia/Brisbane")
