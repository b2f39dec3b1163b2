"""Somebody who opens pages is there: their session goes on, with a script or without one."""

from __future__ import annotations

import asyncio
import re

import aiohttp
import pytest

from aidial_contract import errors
from aidial_contract.ids import new_id
from aidial_portal.kernel import presence
from tests.portal.kernel.scripted import RunningPortal, ScriptedApi

PAGE = "/status"
_TOUCH = re.compile(r"POST /v1/sessions/[^/]+/touch")


class Somebody:
    """One session's visits, and how often the registry was told."""

    def __init__(self, portal: RunningPortal, api: ScriptedApi, browser: aiohttp.ClientSession) -> None:
        self._portal, self._api, self._browser = portal, api, browser
        self._signed_in = portal.signed_in(session_id=new_id())

    async def opens(self, path: str = PAGE, **headers: str) -> int:
        """Load a page; the status."""
        sent = {**self._signed_in, **{name.replace("_", "-"): value for name, value in headers.items()}}
        async with self._browser.get(self._portal.url + path, headers=sent) as answer:
            await answer.read()
        guard = self._portal.app._guard
        assert guard is not None
        await asyncio.gather(*guard._portal.presence._telling)
        return answer.status

    @property
    def was_told(self) -> int:
        """How many touches the registry got."""
        return sum(_TOUCH.fullmatch(line) is not None for line in self._api.lines)


@pytest.fixture
def alice(portal: RunningPortal, api: ScriptedApi, browser: aiohttp.ClientSession) -> Somebody:
    api.fallback = {
        "state": "active",
        "idle_expires_at": None,
        "absolute_expires_at": None,
        "degraded": False,
    }
    api.answers["GET /v1/status"] = {"overall": "operational", "incidents": [], "history": [], "projects": []}
    return Somebody(portal, api, browser)


async def test_a_page_that_is_opened_is_told_to_the_registry_once_a_minute(
    alice: Somebody, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert [await alice.opens() for _ in range(3)] == [200] * 3
    assert alice.was_told == 1
    monkeypatch.setattr(presence, "TOLD_EVERY_S", 0.0)  # the minute is over
    await alice.opens(sec_fetch_dest="document")
    assert alice.was_told == 2


@pytest.mark.parametrize(
    "headers", [{"hx_request": "true"}, {"sec_fetch_dest": "empty"}, {"sec_purpose": "prefetch;prerender"}]
)
async def test_what_a_script_fetches_or_a_browser_guesses_keeps_nobody_signed_in(
    alice: Somebody, headers: dict[str, str]
) -> None:
    assert await alice.opens(**headers) == 200
    assert alice.was_told == 0


async def test_a_registry_that_is_away_is_told_by_the_next_page_and_the_page_is_there(
    alice: Somebody, api: ScriptedApi
) -> None:
    api.fallback = errors.DEPENDENCY_UNAVAILABLE
    assert await alice.opens() == 200
    assert await alice.opens() == 200
    assert alice.was_told == 2


async def test_a_page_that_is_denied_tells_nothing(alice: Somebody) -> None:
    assert await alice.opens("/ops") == 404
    assert alice.was_told == 0
