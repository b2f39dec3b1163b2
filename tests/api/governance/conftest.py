"""Priya looks after the clinics of these tests for as long as a module of them runs."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.api.calls.lines import leave_priya
from tests.support.api import World


@pytest.fixture(scope="module", autouse=True)
async def priya_as_she_was(world: World) -> AsyncIterator[None]:
    yield
    await leave_priya(world)
