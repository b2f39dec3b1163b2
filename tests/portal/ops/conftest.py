"""Nothing is wrong before a test begins: what other tests left open is resolved."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.support.portal import Town


@pytest.fixture(autouse=True)
async def calm(town: Town) -> None:
    await town.sql("UPDATE incidents SET state = 'resolved', resolved_at = now() WHERE state <> 'resolved'")
