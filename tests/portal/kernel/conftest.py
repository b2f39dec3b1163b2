"""A portal, a scripted API and issuer, and a browser-like client for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest

from tests.portal.kernel.scripted import (
    RunningPortal,
    ScriptedApi,
    ScriptedIssuer,
    free_socket,
    running_portal,
    served,
)


@pytest.fixture
def issuer() -> ScriptedIssuer:
    return ScriptedIssuer()


@pytest.fixture
def api() -> ScriptedApi:
    return ScriptedApi()


@pytest.fixture
async def api_url(api: ScriptedApi) -> AsyncIterator[str]:
    listener, port = free_socket()
    async with served(api, listener):
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
async def portal(api_url: str, issuer: ScriptedIssuer) -> AsyncIterator[RunningPortal]:
    async with running_portal(api_url, issuer) as running:
        yield running


@pytest.fixture
async def browser() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        yield session
