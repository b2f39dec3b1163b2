"""Alice at one portal, whose requests of each class of route the portal's fault matrix judges.

The one thing a newcomer would get wrong: her cookies are sent by hand, so that nothing she is told while
something fails changes them for the next question.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import aiohttp

from aidial_contract.access import GRANTS
from aidial_contract.envelopes import Envelope
from aidial_contract.headers import API_KEY
from aidial_portal.kernel.route import Access, Kind
from aidial_portal.routes import all_rows
from tests.matrix.portal_requests import example
from tests.people import ALICE, HARBOUR
from tests.support.askers import Asker
from tests.support.recordings import given_address, ready_call
from tests.together.fault_matrix import RECOVERED_S, Seen
from tests.together.newcomers import SESSION, another_portal, cookies_of, session_id_of

if TYPE_CHECKING:
    from tests.support.portal import Town


@dataclass
class Visitor:
    """Alice at one portal, her cookies sent by hand so that nothing she is told changes them."""

    town: Town
    url: str
    cookie: str
    csrf: str
    recording: str
    """Where the portal has the recording of one call."""
    addresses: dict[str, str]
    """Where she may `play` it and have its `file`."""
    last_cookies: list[str] = field(default_factory=list)

    async def asks(self) -> dict[str, Callable[[], Awaitable[Seen]]]:
        """One request of each class of route."""
        first = {envelope: await self._first(envelope) for envelope in Envelope}
        paths = {
            "calls": first[Envelope.CALLS],
            "compliance": first[Envelope.COMPLIANCE],
            "analytics": first[Envelope.ANALYTICS],
            "support": first[Envelope.SUPPORT],
            "protected": first[Envelope.PROTECTED],
            "invoices": "/api/billing/invoices",
            "usage": "/api/billing/usage",
            "sessions": "/api/sessions",
            "transport": "/api/projects",
            "page": "/calls",
            "billing_page": "/billing/invoices",
            "state": "/api/session/state",
            "csrf": "/api/session/csrf",
            "sign_in": "/sign-in",
            "who": "/api/auth/session",
            "health": "/api/health",
            "live": "/api/health/live",
            **self.addresses,
        }
        changes = {"touch": "/api/session/touch", "address": f"{self.recording}/playback"}
        asks = {name: self._asking("GET", path) for name, path in paths.items() if path}
        asks |= {name: self._asking("POST", path) for name, path in changes.items()}
        return {**asks, "codes": self.give_phone, "start": self.start}

    async def _first(self, envelope: Envelope) -> str:
        """The first read of a family that Alice may make, when there is one."""
        for row in all_rows():
            plain = row.method == "GET" and "{" not in row.path and row.kind is Kind.API
            hers = row.permission is not None and ALICE.role in GRANTS[row.permission]
            if plain and hers and row.away is None and row.envelope is envelope and row.access is Access.FULL:
                return (await example(self.town, row)).path
        return ""

    def _asking(self, method: str, path: str) -> Callable[[], Awaitable[Seen]]:
        return lambda: self.ask(method, path)

    def headers(self, more_cookies: str = "") -> dict[str, str]:
        """What her browser sends with everything."""
        return {"cookie": f"{self.cookie}; aidial.csrf={self.csrf}{more_cookies}"}

    async def ask(
        self, method: str, path: str, data: Any = None, more_cookies: str = "", *, json: Any = None
    ) -> Seen:
        """One request on a connection of its own; its body is a form, or JSON."""
        headers = self.headers(more_cookies)
        if method == "POST":
            headers |= {"x-csrf-token": self.csrf, "sec-fetch-site": "same-origin"}
        async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
            started = time.perf_counter()
            async with http.request(
                method, self.url + path, headers=headers, data=data, json=json, allow_redirects=False
            ) as got:
                body = await got.read()
                took = time.perf_counter() - started
                self.last_cookies = got.headers.getall("set-cookie", [])
                return Seen(got.status, body, got.headers.get("location", ""), took)

    async def give_phone(self) -> Seen:
        """Give a phone for codes by SMS."""
        return await self.ask("POST", "/api/auth/mfa-sms-enrol", json={"mobile": "0412 345 678"})

    async def until_phone_is_taken(self) -> None:
        """Give it until it is taken."""
        async with asyncio.timeout(RECOVERED_S):
            while (await self.give_phone()).status != HTTPStatus.OK:  # noqa: ASYNC110 - nothing tells
                await asyncio.sleep(0.05)

    async def until_well(self, path: str) -> Seen:
        """Ask for something until it is answered well: on a busy machine the first time may be late."""
        async with asyncio.timeout(RECOVERED_S):
            while (seen := await self.ask("GET", path)).status != HTTPStatus.OK:  # noqa: ASYNC110 - it is another process
                await asyncio.sleep(0.05)
        return seen

    async def start(self) -> Seen:
        """Go to the identity provider."""
        token = (await self.ask("GET", "/api/auth/csrf")).json["csrfToken"]
        pair = "; ".join(one.partition(";")[0] for one in self.last_cookies)
        form = {"csrfToken": token, "callbackUrl": "/"}
        return await self.ask("POST", "/api/auth/signin/zitadel", form, f"; {pair}")


@asynccontextmanager
async def visiting(town: Town, call_id: str = "", **changes: Any) -> AsyncIterator[Visitor]:
    """Alice, just signed in at the town's portal, at another one with other settings.

    Just, because an older session's tokens come to their end, and waiting for new ones answers otherwise. She
    plays the recording of `call_id`, or of a call whose recording the town's own API keeps.
    """
    call_id = call_id or await ready_call(town, Asker(town.api.http, {API_KEY: town.keys[HARBOUR]}))
    recording = f"/api/calls/{call_id}/recording"
    async with town.visitor(ALICE) as browser, another_portal(town, **changes) as url:
        csrf = (await browser.get("/api/session/csrf")).json["csrf_token"]
        cookie = f"{SESSION}={cookies_of(browser)[SESSION]}"
        session_id = session_id_of(town, browser)
        addresses = {
            name: f"{recording}/{word}/{await given_address(town, call_id, session_id, purpose)}"
            for name, word, purpose in (("play", "media", "playback"), ("file", "file", "download"))
        }
        yield Visitor(town, url, cookie, csrf, recording, addresses)
