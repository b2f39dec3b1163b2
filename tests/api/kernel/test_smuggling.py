"""Bytes on the API's connection that another server might read differently: refused, or framed right."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.support.api import World
from tests.support.smuggling import CASES, Make, Outcome, Place, expected, statuses


@pytest.fixture
def place(world: World) -> Place:
    return Place(urlsplit(world.api.url).port or 0, "localhost", "/v1/calls", "/v1/health/live")


@pytest.mark.parametrize(("make", "outcome"), CASES.values(), ids=CASES.keys())
async def test_a_doubtful_request_is_refused_or_framed_right_and_nothing_is_seen_twice(
    world: World, place: Place, monkeypatch: pytest.MonkeyPatch, make: Make, outcome: Outcome
) -> None:
    answer, seen = world.api.app._answer, []

    async def heard(scope: Any, receive: Any, send: Any) -> None:
        seen.append((scope["method"], scope["path"]))
        await answer(scope, receive, send)

    monkeypatch.setattr(world.api.app, "_answer", heard)
    found = await statuses(place, make(place) + place.behind)
    assert expected(outcome, found), found
    assert len(seen) <= (2 if outcome is Outcome.FRAMED else 1), seen
