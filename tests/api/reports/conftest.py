"""A clinic of a test's own, whose months nobody else turns."""

from __future__ import annotations

import pytest

from tests.api.settings.clinics import Clinic, open_clinic
from tests.support.api import World


@pytest.fixture
async def clinic(world: World) -> Clinic:
    """A tenant that nobody has set anything for."""
    return await open_clinic(world)
