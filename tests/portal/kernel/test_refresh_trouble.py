"""A refresh in trouble: what the issuer gave is not lost, and nobody is signed out by mistake.

What a newcomer gets wrong: the registry's refusals here are the API's own answers, given once and in order;
afterwards it stores again.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack

import aiohttp
import pytest
from starlette.requests import Request
from starlette.responses import Response

from aidial_contract import errors
from aidial_portal.kernel import rotation
from aidial_portal.kernel.newest import Newest
from tests.portal.kernel.scripted import (
    RunningPortal,
    ScriptedApi,
    ScriptedIssuer,
    code_of,
    failing,
    running_portal,
)
from tests.portal.kernel.test_refresh import Registry


async def asked(browser: aiohttp.ClientSession, portal: RunningPortal, left_s: int = -5) -> tuple[int, str]:
    """Status and code of a read whose token has so long to live."""
    headers = portal.signed_in(expires_at=int(time.time()) + left_s)
    async with browser.get(f"{portal.url}/api/projects", headers=headers) as answer:
        body = await answer.read()
        return answer.status, "" if answer.status == 200 else code_of(body)


@pytest.mark.parametrize(
    "row",
    [errors.DEPENDENCY_UNAVAILABLE, errors.DEPENDENCY_TIMEOUT, errors.RATE_LIMITED, errors.TOKEN_INVALID],
    ids=lambda row: row.code,
)
async def test_tokens_that_could_not_be_stored_are_stored_a_moment_later(
    portal: RunningPortal,
    api: ScriptedApi,
    issuer: ScriptedIssuer,
    browser: aiohttp.ClientSession,
    row: errors.ErrorRow,
) -> None:
    registry = Registry(api, portal)
    registry.not_stored = [failing(row) for _ in range(2)]
    assert await asked(browser, portal) == (200, "")
    assert (issuer.refreshes, registry.generation, registry.ended) == (1, 1, False)


async def test_tokens_that_could_not_be_stored_at_all_are_tried_before_another_refresh(
    portal: RunningPortal,
    api: ScriptedApi,
    issuer: ScriptedIssuer,
    browser: aiohttp.ClientSession,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rotation, "STORED_WITHIN_S", 0.0)
    registry = Registry(api, portal)
    registry.not_stored = [failing(errors.DEPENDENCY_UNAVAILABLE)]
    assert await asked(browser, portal) == (503, "dependency_unavailable")
    assert await asked(browser, portal) == (200, "")
    assert (issuer.refreshes, registry.generation, registry.ended) == (1, 1, False)


async def test_unstored_tokens_too_old_to_be_stored_are_the_ones_refreshed(
    portal: RunningPortal,
    api: ScriptedApi,
    issuer: ScriptedIssuer,
    browser: aiohttp.ClientSession,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rotation, "STORED_WITHIN_S", 0.0)
    registry = Registry(api, portal)
    registry.lease_s = 0.0
    registry.not_stored = [failing(errors.DEPENDENCY_UNAVAILABLE)]
    issuer.lifetime_s = -1.0
    assert await asked(browser, portal) == (503, "dependency_unavailable")
    issuer.lifetime_s = 3600.0
    assert await asked(browser, portal) == (200, "")
    assert issuer.used == {"refresh-0", "refresh-1"}
    assert not registry.ended


async def test_tokens_of_a_session_that_ended_meanwhile_are_dropped(
    portal: RunningPortal, api: ScriptedApi, browser: aiohttp.ClientSession
) -> None:
    registry = Registry(api, portal)
    registry.not_stored = [failing(errors.SESSION_REVOKED)]
    assert await asked(browser, portal) == (401, "session_revoked")
    assert registry.generation == 0


def test_what_is_remembered_of_sessions_is_bounded() -> None:
    memory: Newest[int] = Newest(2)
    for number, session_id in enumerate(["a", "b", "a", "c"]):
        memory.keep(session_id, number)
    assert [memory.get(session_id) for session_id in "abc"] == [2, None, 3]


async def two_at_once(
    api_url: str,
    issuer: ScriptedIssuer,
    browser: aiohttp.ClientSession,
    kind: type[Registry],
    api: ScriptedApi,
) -> tuple[list[tuple[int, str]], Registry]:
    """Two portals at one expiry, and a lease that is over before the first has stored anything."""
    async with AsyncExitStack() as stack:
        first, second = [await stack.enter_async_context(running_portal(api_url, issuer)) for _ in range(2)]
        second.session_id = first.session_id
        registry = kind(api, first)
        registry.lease_s = 0.1
        answers = await asyncio.gather(asked(browser, first), asked(browser, second))
    return list(answers), registry


async def test_a_second_portal_refused_by_a_slow_issuer_takes_what_the_first_stored(
    api_url: str, api: ScriptedApi, issuer: ScriptedIssuer, browser: aiohttp.ClientSession
) -> None:
    issuer.delay_s = 1.0
    answers, registry = await two_at_once(api_url, issuer, browser, Registry, api)
    assert answers == [(200, "")] * 2
    assert issuer.refreshes == 2
    assert (registry.generation, registry.ended) == (1, False)


async def test_a_second_portal_refused_waits_for_what_the_first_is_still_storing(
    api_url: str, api: ScriptedApi, issuer: ScriptedIssuer, browser: aiohttp.ClientSession
) -> None:
    class Away(Registry):
        """Stores nothing until the token was spent twice."""

        async def store(self, request: Request) -> Response:
            if issuer.refreshes < 2:
                return failing(errors.DEPENDENCY_UNAVAILABLE)
            return await super().store(request)

    answers, registry = await two_at_once(api_url, issuer, browser, Away, api)
    assert answers == [(200, "")] * 2
    assert issuer.refreshes == 2
    assert (registry.generation, registry.ended) == (1, False)


async def test_a_hiccup_of_the_issuer_is_asked_over_under_the_same_lease(
    portal: RunningPortal, api: ScriptedApi, issuer: ScriptedIssuer, browser: aiohttp.ClientSession
) -> None:
    registry = Registry(api, portal)
    issuer.hiccups = 1
    assert await asked(browser, portal) == (200, "")
    assert (issuer.refreshes, registry.asked) == (2, 1)


async def test_whoever_waits_for_another_portals_refresh_asks_ever_more_seldom(
    api_url: str, api: ScriptedApi, issuer: ScriptedIssuer, browser: aiohttp.ClientSession
) -> None:
    async with running_portal(api_url, issuer, api_timeout_ms=1_500.0) as portal:
        registry = Registry(api, portal)
        registry.lease_until = time.monotonic() + 60
        assert await asked(browser, portal) == (503, "dependency_timeout")
    assert 2 <= registry.asked <= 8


@pytest.mark.parametrize("left_s", [5, 8])
async def test_a_usable_token_is_used_while_a_slow_issuer_makes_the_next(
    api_url: str, api: ScriptedApi, issuer: ScriptedIssuer, browser: aiohttp.ClientSession, left_s: int
) -> None:
    async with running_portal(api_url, issuer, api_timeout_ms=1_000.0) as portal:
        registry = Registry(api, portal)
        issuer.delay_s = 1.2
        assert await asked(browser, portal, left_s) == (200, "")
        async with asyncio.timeout(5):
            while not registry.generation:  # noqa: ASYNC110 - the portal goes on by itself
                await asyncio.sleep(0.02)
    assert issuer.refreshes == 1


async def test_a_portal_that_stops_stores_what_its_issuer_is_about_to_give(
    api_url: str, api: ScriptedApi, issuer: ScriptedIssuer, browser: aiohttp.ClientSession
) -> None:
    issuer.delay_s = 1.5
    async with running_portal(api_url, issuer, api_timeout_ms=1_000.0) as portal:
        registry = Registry(api, portal)
        assert await asked(browser, portal, 8) == (200, "")
        assert (issuer.refreshes, registry.generation) == (1, 0)
    assert registry.generation == 1


async def test_a_usable_token_is_used_when_the_registry_has_no_time_for_a_lease(
    portal: RunningPortal, api: ScriptedApi, browser: aiohttp.ClientSession
) -> None:
    Registry(api, portal)
    api.answers[f"POST /v1/sessions/{portal.session_id}/refresh-lease"] = errors.RATE_LIMITED
    assert await asked(browser, portal, 5) == (200, "")
