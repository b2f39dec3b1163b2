"""Live events through the portal: they arrive, end with the session, and a portal that stops ends them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import aiohttp

from aidial_contract.ids import new_id
from aidial_portal.app import create_app
from aidial_portal.kernel.provider import Provider
from tests.people import CHLOE, FRONT_DESK, HARBOUR, OMAR
from tests.portal.kernel.scripted import free_socket, served
from tests.support.portal import Browser, Town
from tests.support.world_calls import new_call

SOON_S = 15.0
HELLO = b"retry: 2000\nevent: hello\ndata: {}\n\n"


@asynccontextmanager
async def listening(browser: Browser) -> AsyncIterator[aiohttp.ClientResponse]:
    async with browser.http.get(f"{browser.url}/api/calls/live?project_id={FRONT_DESK}&seconds=60") as answer:
        assert (answer.status, answer.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
        assert (answer.headers["cache-control"], answer.headers["x-accel-buffering"]) == ("no-store", "no")
        assert "content-disposition" not in answer.headers
        assert await answer.content.readany() == HELLO
        yield answer


async def test_chloe_is_told_of_a_new_call_and_not_after_her_session(town: Town) -> None:
    async with town.visitor(CHLOE) as chloe, listening(chloe) as stream:
        call_id = await town.deliver(HARBOUR, new_call(FRONT_DESK, new_id()))
        told = b""
        async with asyncio.timeout(SOON_S):
            while call_id.encode() not in told:
                told += await stream.content.readany()
        assert b'"is_new":true' in told
        await chloe.sign_out()
        await asyncio.wait_for(stream.content.read(), SOON_S)
        assert (await chloe.get("/api/calls/live?seconds=0")).status == 401


async def test_a_portal_that_stops_ends_its_streams(town: Town) -> None:
    listener, port = free_socket()
    settings = replace(town.settings, hosts=(f"127.0.0.1:{port}",))
    async with town.visitor(CHLOE) as chloe:
        async with served(create_app(settings, issuer=Provider), listener):
            browser = Browser(chloe.http, f"http://127.0.0.1:{port}")
            request = listening(browser)
            stream = await request.__aenter__()
        async with asyncio.timeout(SOON_S):
            assert await stream.content.read() == b""
        await request.__aexit__(None, None, None)


async def test_who_may_not_see_calls_hears_of_none(town: Town) -> None:
    page = await (await town.of(OMAR)).get("/api/calls/live?seconds=0")
    assert (page.status, page.json["error"]) == (404, "not_found")
