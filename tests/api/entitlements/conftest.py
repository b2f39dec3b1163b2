"""A clinic that Priya looks after for as long as a module runs."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.api.calls.lines import Business, leave_priya, open_business
from tests.api.governance.clinics import partner_of
from tests.support.api import World


@pytest.fixture
async def clinic(world: World) -> AsyncIterator[Business]:
    """A clinic for whom nothing was saved yet."""
    business = await open_business(world, "Australia/Sydney")
    await partner_of(world, business)
    yield business
    await leave_priya(world)
