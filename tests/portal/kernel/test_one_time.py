"""One time covers a whole request of the portal: context, refresh, every call and the one repeat."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tests.portal.kernel.scripted import (
    RunningPortal,
    ScriptedApi,
    ScriptedIssuer,
    context_of,
    free_socket,
    running_portal,
)
from tests.portal.kernel.test_crowded import seen
from tests.support.faults import faulty_url
from tests.together.fault_matrix import better_of_two

TIMEOUT_MS = 500.0
MARGIN_S = 0.1
EXPIRED = {"expires_at": int(time.time()) - 60}


@asynccontextmanager
async def impatient(api_url: str, issuer: ScriptedIssuer) -> AsyncIterator[RunningPortal]:
    async with running_portal(api_url, issuer, api_timeout_ms=TIMEOUT_MS) as portal:
        yield portal


async def took(browser: aiohttp.ClientSession, portal: RunningPortal, path: str) -> tuple[int, float]:
    started = time.perf_counter()
    status = (await seen(browser, portal, path)).status
    return status, time.perf_counter() - started


@better_of_two
async def test_every_call_is_told_what_is_left_and_no_more(
    api_url: str, api: ScriptedApi, issuer: ScriptedIssuer, browser: aiohttp.ClientSession
) -> None:
    async with impatient(api_url, issuer) as portal:
        api.asked.clear()
        api.delay_s = 0.1
        api.answers["GET /v1/projects"] = {"projects": []}
        assert (await seen(browser, portal, "/api/projects")).status == 200
    told = [int(asked.headers["x-aidial-budget-ms"]) for asked in api.asked]
    assert len(told) == 2
    assert TIMEOUT_MS - 100 < told[0] <= TIMEOUT_MS
    assert told[1] <= told[0] - 100


@pytest.mark.parametrize("path", ["/api/projects", "/calls"])
@better_of_two
async def test_calls_one_after_another_share_the_time(
    api_url: str, api: ScriptedApi, issuer: ScriptedIssuer, browser: aiohttp.ClientSession, path: str
) -> None:
    """Each call is quick enough by itself, all of them together are not."""
    async with impatient(api_url, issuer) as portal:

        async def slowly(_: Request) -> Response:
            await asyncio.sleep(0.3)
            return JSONResponse(context_of())

        api.context = slowly
        api.delay_s = 0.25
        results = [await took(browser, portal, path) for _ in range(2)]
    assert {status for status, _ in results} == {503}
    assert min(seconds for _, seconds in results) < TIMEOUT_MS / 1_000 + MARGIN_S


@better_of_two
async def test_a_refresh_is_inside_the_time_too(
    api_url: str, api: ScriptedApi, issuer: ScriptedIssuer, browser: aiohttp.ClientSession
) -> None:
    async with impatient(api_url, issuer) as portal:
        api.delay_s = 3
        for path in ("/api/projects", "/calls"):
            results = []
            for _ in range(2):
                started = time.perf_counter()
                async with browser.get(f"{portal.url}{path}", headers=portal.signed_in(**EXPIRED)) as answer:
                    assert answer.status == 503
                results.append(time.perf_counter() - started)
            assert min(results) < TIMEOUT_MS / 1_000 + MARGIN_S


@better_of_two
async def test_a_repeat_is_inside_the_time_too(
    issuer: ScriptedIssuer, browser: aiohttp.ClientSession
) -> None:
    """The first try is cut late; the second gets only what is left."""
    tries: list[float] = []

    async def cut_late(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tries.append(time.perf_counter())
        await reader.readline()
        await asyncio.sleep(0.3 if len(tries) % 2 else 3)
        writer.close()

    listener, port = free_socket()
    async with (
        await asyncio.start_server(cut_late, sock=listener),
        impatient(f"http://127.0.0.1:{port}", issuer) as portal,
    ):
        results = [await took(browser, portal, "/api/projects") for _ in range(2)]
        assert {status for status, _ in results} == {503}
        assert 0.45 < min(seconds for _, seconds in results) < TIMEOUT_MS / 1_000 + MARGIN_S
        assert len(tries) == 4


@better_of_two
async def test_connecting_takes_a_quarter_of_the_time_at_most(
    api_url: str, issuer: ScriptedIssuer, browser: aiohttp.ClientSession
) -> None:
    """A read tries twice, so that half of the time is gone at most when nobody can be reached."""
    async with faulty_url(api_url) as (way, url), impatient(url, issuer) as portal:
        await way.fail("blackhole")
        results = [await took(browser, portal, "/api/projects") for _ in range(2)]
    assert {status for status, _ in results} == {503}
    assert TIMEOUT_MS / 2_000 <= min(seconds for _, seconds in results) < TIMEOUT_MS * 0.8 / 1_000
