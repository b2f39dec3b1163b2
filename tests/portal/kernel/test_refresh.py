"""Tokens at their end: one refresh over all portals, the newest generation for everybody."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta

import aiohttp
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from aidial_contract import errors
from aidial_portal.kernel.nextauth.jwe import CookieCipher
from aidial_portal.kernel.nextauth.keys import derive_keys
from aidial_portal.kernel.nextauth.names import cookie_names
from aidial_portal.kernel.tokens import TokenSet
from tests.portal.kernel.scripted import (
    RunningPortal,
    ScriptedApi,
    ScriptedIssuer,
    code_of,
    context_of,
    failing,
    running_portal,
    sealed,
)


class Registry:
    """The API's side of a lease: one winner per generation, compare-and-set, newest token only."""

    def __init__(self, api: ScriptedApi, portal: RunningPortal, kept: str = "refresh-0") -> None:
        self.generation = 0
        self.valid = "access-0"
        self.expired = False
        self.lease_until = 0.0
        self.lease_s = 5.0
        self.not_stored: list[Response] = []
        self.wins = 0
        self.asked = 0
        self.tokens = sealed(portal.settings, TokenSet("access-0", time.time() + 5, kept))
        base = f"/v1/sessions/{portal.session_id}"
        api.answers[f"POST {base}/refresh-lease"] = self.lease
        api.answers[f"PUT {base}/tokens"] = self.store
        api.answers["GET /v1/projects"] = self.projects
        api.answers[f"POST {base}/sign-out"] = self.end
        api.context = self.context
        self.ended = False

    def _refused(self, request: Request) -> bool:
        number = int(request.headers["authorization"].rpartition("-")[2])
        return number < self.generation or (self.expired and number == 0)

    async def projects(self, request: Request) -> Response:
        return failing(errors.TOKEN_EXPIRED) if self._refused(request) else JSONResponse({"projects": []})

    async def context(self, request: Request) -> Response:
        return failing(errors.TOKEN_EXPIRED) if self._refused(request) else JSONResponse(context_of())

    async def lease(self, _: Request) -> Response:
        self.asked += 1
        won = time.monotonic() >= self.lease_until
        taken_over = won and self.lease_until > 0
        if won:
            self.wins += 1
            self.lease_until = time.monotonic() + self.lease_s
        until = (datetime.now(UTC) + timedelta(seconds=self.lease_s)).isoformat()
        return JSONResponse(
            {
                "won": won,
                "token_generation": self.generation,
                "lease_until": until,
                "tokens": self.tokens,
                "taken_over": taken_over,
            }
        )

    async def store(self, request: Request) -> Response:
        if self.not_stored:
            return self.not_stored.pop()
        body = await request.json()
        if body["expected_generation"] != self.generation:
            return failing(errors.VERSION_CONFLICT)
        self.generation += 1
        self.tokens = body["tokens"]
        self.lease_until = 0.0
        return JSONResponse({"token_generation": self.generation})

    async def end(self, request: Request) -> Response:
        self.ended = await request.json() == {"reason": "refresh_refused"}
        return Response(status_code=204)


def _claims(portal: RunningPortal, answer: aiohttp.ClientResponse) -> dict[str, object]:
    names = cookie_names(portal.settings.nextauth_url)
    cipher = CookieCipher(derive_keys(portal.settings.nextauth_secret, names).session)
    for header in answer.headers.getall("set-cookie"):
        name, _, rest = header.partition("=")
        if name == names.session:
            return cipher.decode(rest.partition(";")[0]) or {}
    raise AssertionError("no session cookie was set")


async def test_fifty_requests_on_three_portals_at_expiry_refresh_once(
    api_url: str, api: ScriptedApi, issuer: ScriptedIssuer, browser: aiohttp.ClientSession
) -> None:
    async with AsyncExitStack() as stack:
        portals = [await stack.enter_async_context(running_portal(api_url, issuer)) for _ in range(3)]
        for portal in portals:
            portal.session_id = portals[0].session_id
        registry = Registry(api, portals[0])
        issuer.delay_s = 0.05
        cookie = {"cookie": portals[0].cookie(expires_at=int(time.time()) + 2)}

        async def one(number: int) -> tuple[int, object]:
            portal = portals[number % 3]
            async with browser.get(f"{portal.url}/api/projects", headers=cookie) as answer:
                return answer.status, _claims(portal, answer)["token_generation"]

        answers = await asyncio.gather(*(one(number) for number in range(50)))
    assert answers == [(200, 1)] * 50
    assert issuer.refreshes == 1
    assert registry.generation == 1


async def test_a_refused_token_is_refreshed_and_the_read_repeated_once(
    portal: RunningPortal, api: ScriptedApi, issuer: ScriptedIssuer, browser: aiohttp.ClientSession
) -> None:
    registry = Registry(api, portal)
    registry.expired = True
    async with browser.get(f"{portal.url}/api/projects", headers=portal.signed_in()) as answer:
        assert answer.status == 200
        claims = _claims(portal, answer)
    assert claims["access_token"] == "access-1"
    assert "refresh-1" not in str(claims)
    assert issuer.refreshes == 1


async def test_a_late_cookie_of_an_older_generation_reads_the_newest_without_a_refresh(
    api_url: str, api: ScriptedApi, issuer: ScriptedIssuer, browser: aiohttp.ClientSession
) -> None:
    async with running_portal(api_url, issuer) as portal:
        registry = Registry(api, portal)
        registry.expired = True
        old = portal.signed_in()
        async with browser.get(f"{portal.url}/api/projects", headers=old) as answer:
            assert answer.status == 200
        async with browser.get(f"{portal.url}/api/projects", headers=old) as answer:
            assert (answer.status, _claims(portal, answer)["token_generation"]) == (200, 1)
        async with running_portal(api_url, issuer) as other:
            other.session_id = portal.session_id
            async with browser.get(f"{other.url}/api/projects", headers=old) as answer:
                assert (answer.status, _claims(other, answer)["token_generation"]) == (200, 1)
    assert issuer.refreshes == 1


async def test_a_refresh_the_issuer_refuses_ends_the_session(
    portal: RunningPortal, api: ScriptedApi, issuer: ScriptedIssuer, browser: aiohttp.ClientSession
) -> None:
    registry = Registry(api, portal, kept="refused")
    registry.expired = True
    async with browser.get(f"{portal.url}/api/projects", headers=portal.signed_in()) as answer:
        assert (answer.status, code_of(await answer.read())) == (401, "session_expired")
        assert any(
            "next-auth.session-token=; Max-Age=0" in one for one in answer.headers.getall("set-cookie")
        )
    assert registry.ended


async def test_an_issuer_that_is_down_matters_only_once_the_token_is_unusable(
    portal: RunningPortal, api: ScriptedApi, issuer: ScriptedIssuer, browser: aiohttp.ClientSession
) -> None:
    Registry(api, portal)
    issuer.down = True
    soon = portal.signed_in(expires_at=int(time.time()) + 5)
    async with browser.get(f"{portal.url}/api/projects", headers=soon) as answer:
        assert answer.status == 200
    over = portal.signed_in(expires_at=int(time.time()) - 5)
    async with browser.get(f"{portal.url}/api/projects", headers=over) as answer:
        assert answer.status == 503
