"""Tokens at their end, for real: three portals, one API, one issuer whose refresh tokens work once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, contextmanager
from typing import TYPE_CHECKING

import aiohttp
import msgspec
import pytest

from aidial_identity import Lifetimes
from tests.people import Someone
from tests.support.portal import Browser
from tests.together.newcomers import (
    SESSION,
    another_portal,
    at,
    claims_of,
    cookies_of,
    look,
    newcomer,
    session_id_of,
    sql,
)

if TYPE_CHECKING:
    from tests.support.portal import Town

REQUESTS = 50
SOON_S = 5


@contextmanager
def short_tokens(town: Town) -> Iterator[None]:
    """Access tokens made meanwhile are near their end from the start."""
    provider = town.identity.provider
    usual = provider.config
    provider.config = msgspec.structs.replace(usual, lifetimes=Lifetimes(access_token_s=SOON_S))
    try:
        yield
    finally:
        provider.config = usual


def refreshes(town: Town, someone: Someone) -> int:
    """How many refresh tokens of a person the issuer has taken."""
    (used,) = town.identity.provider.state.connection.execute(
        "select count(*) from refresh_tokens join grants using (grant_id) where subject = ? and used = 1",
        (someone.subject,),
    ).fetchone()
    return int(used)


@pytest.fixture
async def urls(town: Town) -> AsyncIterator[list[str]]:
    """Three portals."""
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(another_portal(town)) for _ in range(3)]


async def signed_in(town: Town, browser: Browser) -> Someone:
    """Somebody whose access token will not last."""
    someone = await newcomer(town)
    with short_tokens(town):
        await town.sign_in(browser, someone)
    return someone


async def test_fifty_requests_on_three_portals_at_expiry_are_one_refresh(town: Town, urls: list[str]) -> None:
    async with town.stranger() as browser:
        someone = await signed_in(town, browser)
        old = cookies_of(browser)[SESSION]
        answers = await asyncio.gather(*(_asked(urls[number % 3], old) for number in range(REQUESTS)))
        assert [status for status, _ in answers] == [200] * REQUESTS
        assert refreshes(town, someone) == 1
        fresh = [claims_of(town, cookie) for _, cookie in answers if cookie]
        assert len(fresh) == REQUESTS
        assert {claims["token_generation"] for claims in fresh} == {1}
        assert len({claims["access_token"] for claims in fresh}) == 1
        assert fresh[0]["access_token"] != claims_of(town, old)["access_token"]
        (row,) = await sql(
            town, "SELECT token_generation, state FROM sessions WHERE session_id = $1", fresh[0]["session_id"]
        )
        assert (row["token_generation"], row["state"]) == (1, "active")
        # A tab that slept through it comes with the old cookie, to any portal, a new one too.
        async with another_portal(town) as newest:
            for url in (*urls, newest):
                status, cookie = await _asked(url, old)
                assert status == 200
                assert claims_of(town, cookie)["token_generation"] == 1
        assert refreshes(town, someone) == 1


async def _asked(url: str, cookie: str) -> tuple[int, str]:
    """Status, and the session cookie that was set."""
    async with (
        aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http,
        http.get(f"{url}/api/projects", headers={"cookie": f"{SESSION}={cookie}"}) as answer,
    ):
        await answer.read()
        morsel = answer.cookies.get(SESSION)
        return answer.status, morsel.value if morsel is not None else ""


async def test_a_cookie_is_never_set_back_to_an_older_generation(town: Town, urls: list[str]) -> None:
    async with town.stranger() as browser:
        await signed_in(town, browser)
        old = cookies_of(browser)[SESSION]
        _, newest = await _asked(urls[0], old)
        assert claims_of(town, newest)["token_generation"] == 1
        for url in urls:
            status, cookie = await _asked(url, newest)
            assert status == 200
            assert not cookie or claims_of(town, cookie)["token_generation"] >= 1


async def test_a_refresh_the_issuer_refuses_ends_the_session_everywhere(town: Town, urls: list[str]) -> None:
    async with town.stranger() as browser:
        someone = await signed_in(town, browser)
        session_id = session_id_of(town, browser)
        town.identity.provider.state.connection.execute(
            "update grants set revoked = 1 where subject = ?", (someone.subject,)
        )
        page = await look(at(browser, urls[0]), "/api/projects")
        assert (page.status, page.json["code"]) == (401, "session_expired")
        assert any(cookie.startswith(f"{SESSION}=; Max-Age=0") for cookie in page.cookies)
        (row,) = await sql(
            town, "SELECT state, revoked_reason FROM sessions WHERE session_id = $1", session_id
        )
        assert (row["state"], row["revoked_reason"]) == ("expired", "refresh_refused")
        page = await look(at(browser, urls[1]), "/api/projects")
        assert (page.status, page.json["code"]) == (401, "session_expired")
        page = await browser.get("/calls")
        assert (page.status, page.location) == (302, "/access-denied")
