"""People made for one test, and more portals beside the town's.

The one thing a newcomer would get wrong: a test that ends sessions does it to somebody nobody else needs.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import aiohttp
import asyncpg

from aidial_api.provisioning import NewPerson
from aidial_contract.ids import new_id
from aidial_identity import Account
from aidial_portal.app import create_app
from aidial_portal.kernel.nextauth.jwe import CookieCipher
from aidial_portal.kernel.nextauth.keys import derive_keys
from aidial_portal.kernel.nextauth.names import cookie_names
from aidial_portal.kernel.provider import Provider
from tests.people import ALICE, Someone
from tests.portal.kernel.scripted import free_socket, served
from tests.support.portal import Browser, Page

if TYPE_CHECKING:
    from tests.support.portal import Town

AT_ONCE_S = 1.0
SESSION = "next-auth.session-token"


async def newcomer(town: Town, like: Someone = ALICE) -> Someone:
    """Somebody with the role and reach of `like`, with an account at the issuer."""
    number = new_id()[-12:]
    someone = replace(like, first_name=f"N{number}")
    await town.provisioner.add_person(
        NewPerson(
            email=someone.email,
            first_name=someone.first_name,
            last_name="Newcomer",
            role=someone.role,
            client_id=someone.client_id,
            partner_org_id=someone.partner_org_id,
            projects=someone.projects,
        )
    )
    account = Account(
        subject=someone.subject,
        email=someone.email,
        password=f"pass-{number}-word",
        given_name=someone.first_name,
        family_name="Newcomer",
        otp_secret="JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP" if someone.second_factor else None,
    )
    provider = town.identity.provider
    provider.by_subject[account.subject] = account
    provider.by_email[account.email.casefold()] = account
    return someone


@asynccontextmanager
async def another_portal(town: Town, **changes: Any) -> AsyncIterator[str]:
    """One more portal process's worth of the town's portal, on a port of its own; its URL."""
    listener, port = free_socket()
    own = f"127.0.0.1:{port}"
    hosts = (own, town.url.removeprefix("http://"))
    settings = replace(town.settings, **{"hosts": hosts, **changes})
    async with served(create_app(settings, issuer=Provider), listener):
        yield f"http://{own}"


def at(browser: Browser, url: str) -> Browser:
    """The same browser, cookies and all, at another portal."""
    return Browser(browser.http, url)


def cookies_of(browser: Browser) -> dict[str, str]:
    """Every cookie a browser keeps."""
    return {one.key: one.value for one in browser.http.cookie_jar}


def claims_of(town: Town, cookie: str) -> dict[str, Any]:
    """What a session cookie holds inside."""
    names = cookie_names(town.settings.nextauth_url)
    claims = CookieCipher(derive_keys(town.settings.nextauth_secret, names).session).decode(cookie)
    assert claims is not None
    return claims


def session_id_of(town: Town, browser: Browser) -> str:
    """The session a browser is signed in to."""
    return str(claims_of(town, cookies_of(browser)[SESSION])["session_id"])


async def sql(town: Town, statement: str, *values: object) -> list[asyncpg.Record]:
    """One statement past every policy: to look at what was written, or to move time."""
    return await town.sql(statement, *values)


async def within(limit_s: float, found: Callable[[], Awaitable[bool]]) -> float:
    """Ask again and again until it is so; how many seconds it took.

    Whoever asks after `limit_s` finds it so: when they ask counts, not how long a busy machine answers.
    """
    started = asked = time.perf_counter()
    while not await found():
        assert asked - started < limit_s, f"still not so for who asks after {asked - started:.2f} s"
        await asyncio.sleep(0.02)
        asked = time.perf_counter()
    return time.perf_counter() - started


async def look(browser: Browser, path: str) -> Page:
    """What a browser would be told, without letting it hear."""
    header = "; ".join(f"{name}={value}" for name, value in cookies_of(browser).items())
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        return await Browser(http, browser.url).ask("GET", path, headers={"cookie": header})


async def is_refused(browser: Browser) -> bool:
    """Whether a browser's session no longer counts; its cookies stay as they are."""
    answer = await look(browser, "/api/projects")
    assert answer.status in {200, 401}, answer.text
    return answer.status == 401


async def let_end(town: Town, session_id: str, column: str = "idle_expires_at") -> None:
    """Move a session's end into the past. Real time needs no telling; this has to be told to the API."""
    await sql(town, f"UPDATE sessions SET {column} = now() WHERE session_id = $1", session_id)
    services = town.api.app.services
    assert services is not None
    services.credentials.heard(None)
