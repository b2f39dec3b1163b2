"""More requests than the portal can work on: a quick 503 each in its family, and room for what matters."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from aidial_contract import errors
from aidial_contract.envelopes import Envelope, fault_headers, render
from aidial_contract.fault import BUSY, Fault
from aidial_contract.ids import new_id
from tests.matrix.portal_expected import assert_is_error, family
from tests.portal.kernel.scripted import (
    RunningPortal,
    ScriptedApi,
    ScriptedIssuer,
    code_of,
    running_portal,
)
from tests.support.portal import Page

PLACES, QUEUE = 2, 1
ACTIVE = {"state": "active", "idle_expires_at": None, "absolute_expires_at": None, "degraded": False}


async def seen(browser: aiohttp.ClientSession, portal: RunningPortal, path: str) -> Page:
    async with browser.get(
        f"{portal.url}{path}", headers=portal.signed_in(), allow_redirects=False
    ) as answer:
        return Page(answer.status, answer.headers, await answer.read(), ())


@asynccontextmanager
async def full(
    portal: RunningPortal, api: ScriptedApi, browser: aiohttp.ClientSession
) -> AsyncIterator[None]:
    """Every place and the whole queue is taken while the block runs."""
    held, go = asyncio.Semaphore(0), asyncio.Event()

    async def hold(_: Request) -> Response:
        held.release()
        await go.wait()
        return JSONResponse({"projects": []})

    api.answers["GET /v1/projects"] = hold
    guard = portal.app._guard
    assert guard is not None
    guard._portal.rooms.ordinary._longest_wait_s = 60.0  # longer than a busy machine takes over the block
    crowd = [asyncio.create_task(seen(browser, portal, "/api/projects")) for _ in range(PLACES + QUEUE)]
    for _ in range(PLACES):
        await held.acquire()
    while len(guard._portal.rooms.ordinary._waiting) < QUEUE:  # noqa: ASYNC110 - nothing tells
        await asyncio.sleep(0.01)
    try:
        yield
    finally:
        go.set()
        assert [page.status for page in await asyncio.gather(*crowd)] == [200] * len(crowd)


async def test_beyond_places_and_queue_every_family_is_a_quick_503(
    api_url: str, api: ScriptedApi, issuer: ScriptedIssuer, browser: aiohttp.ClientSession
) -> None:
    async with running_portal(api_url, issuer, concurrency=PLACES, queue=QUEUE) as portal:
        await seen(browser, portal, "/api/session/csrf")
        async with full(portal, api, browser):
            asked = len(api.asked)
            took = []
            for path in (
                "/api/projects",
                "/api/calls",
                "/api/analytics/summary",
                "/api/sessions",
                "/calls",
            ):
                started = time.perf_counter()
                page = await seen(browser, portal, path)
                took.append(time.perf_counter() - started)
                own = "session_service_unavailable" if path == "/api/sessions" else "dependency_unavailable"
                assert_is_error(page, family("GET", path), own)
            assert min(took) < 0.1, took
            assert len(api.asked) == asked


async def test_a_crowd_leaves_room_for_sessions_sign_in_and_health(
    api_url: str, api: ScriptedApi, issuer: ScriptedIssuer, browser: aiohttp.ClientSession
) -> None:
    async with running_portal(api_url, issuer, concurrency=PLACES, queue=QUEUE) as portal:
        api.answers[f"GET /v1/sessions/{portal.session_id}/state"] = ACTIVE
        api.answers["GET /v1/health"] = {"status": "pass", "service": "aidial_api", "version": "1"}
        async with full(portal, api, browser):
            for path in (
                "/api/session/state",
                "/api/session/csrf",
                "/sign-in",
                "/access-denied",
                "/api/health",
                "/api/health/live",
            ):
                page = await seen(browser, portal, path)
                assert page.status == (404 if path == "/access-denied" else 200), path


def busy() -> Response:
    fault = Fault(errors.DEPENDENCY_UNAVAILABLE, details=BUSY)
    body = render(Envelope.TRANSPORT, fault, new_id())
    return JSONResponse(body, 503, headers=fault_headers(fault))


async def test_an_api_that_is_only_busy_never_opens_the_circuit(
    portal: RunningPortal, api: ScriptedApi, browser: aiohttp.ClientSession
) -> None:
    api.answers["GET /v1/projects"] = busy()
    for _ in range(12):
        page = await seen(browser, portal, "/api/projects")
        assert (page.status, code_of(page.body)) == (503, "dependency_unavailable")
        assert page.json["details"] == BUSY
    api.answers["GET /v1/projects"] = {"projects": []}
    assert (await seen(browser, portal, "/api/projects")).status == 200


@pytest.mark.parametrize("connections", [1, 4])
async def test_session_calls_do_not_wait_behind_the_others(
    api_url: str, api: ScriptedApi, issuer: ScriptedIssuer, browser: aiohttp.ClientSession, connections: int
) -> None:
    async with running_portal(api_url, issuer, upstream_connections=connections) as portal:
        go = asyncio.Event()

        async def hold(_: Request) -> Response:
            await go.wait()
            return JSONResponse({"projects": []})

        api.answers["GET /v1/projects"] = hold
        api.answers[f"GET /v1/sessions/{portal.session_id}/state"] = ACTIVE
        crowd = [asyncio.create_task(seen(browser, portal, "/api/projects")) for _ in range(connections + 2)]
        while "GET /v1/projects" not in api.lines:  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.01)
        # The crowd is held: who waited behind it would be answered that nobody knows.
        page = await seen(browser, portal, "/api/session/state")
        go.set()
        assert page.json["state"] == "active"
        assert {page.status for page in await asyncio.gather(*crowd)} == {200}
