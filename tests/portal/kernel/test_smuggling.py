"""Bytes on the portal's connection that another server might read differently: refused, or framed right."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.portal.kernel.scripted import ScriptedIssuer, running_portal
from tests.support.smuggling import CASES, Make, Outcome, Place, expected, statuses


@pytest.fixture(scope="module")
async def place() -> AsyncIterator[Place]:
    async with running_portal("http://127.0.0.1:1", ScriptedIssuer()) as portal:
        host = f"127.0.0.1:{portal.port}"
        yield Place(portal.port, host, "/api/session/touch", "/api/health/live")


@pytest.mark.parametrize(("make", "outcome"), CASES.values(), ids=CASES.keys())
async def test_a_doubtful_request_is_refused_or_framed_right(
    place: Place, make: Make, outcome: Outcome
) -> None:
    found = await statuses(place, make(place) + place.behind)
    assert expected(outcome, found), found
