"""A person at a browser of their own, and what their browser complained about on the way.

The one thing a newcomer would get wrong: a visitor watches. Every request to another origin, every violated
policy and every script error of every page they opened fails the test at its end.
"""

from __future__ import annotations

import asyncio
import re
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from playwright.async_api import BrowserContext, ConsoleMessage, Error, Locator, Page, Request, expect
from pyotp import HOTP

COUNTED: Final = re.compile(r"^\s*[\d,]+ calls?\s*$")
"""How many calls match, where they were counted in time."""
STEP_S: Final = 30
LATE_S: Final = 30
"""Far more than any of it takes: the machine may be busy."""
BEGUN: Final = "html.is-painted, html:not(:has(script[src*='/js/start.js']))"
HAS_HTMX: Final = "() => !document.querySelector('script[src*=htmx]') || 'htmx' in window"
# A 404 or 401 that the test asked for is said on the console too, with nothing wrong in it.
EXPECTED: Final = re.compile(r"Failed to load resource: the server responded with a status of 4\d\d")


@dataclass
class Person:
    """Somebody of `demo.json`; `spent` is the last time step whose code they used."""

    email: str
    password: str
    otp_secret: str | None
    role: str
    project_ids: list[str]
    spent: int = 0

    @property
    def name(self) -> str:
        """`Alice`."""
        return self.email.split("@")[0].capitalize()

    async def code(self) -> str:
        """A code they have not used yet, waited for when it is not due.

        The provider takes each code once, and one step early or late. The late one is left alone: it would
        be too late when the step ends on the way to the form.
        """
        assert self.otp_secret
        step = max(int(time.time()) // STEP_S, self.spent + 1)
        self.spent = step
        await asyncio.sleep(max(0.0, (step - 1) * STEP_S - time.time()))
        return HOTP(self.otp_secret).at(step)

    def wrong_code(self) -> str:
        """A code that is right at no time near now."""
        assert self.otp_secret
        now = int(time.time()) // STEP_S
        near = {HOTP(self.otp_secret).at(now + drift) for drift in range(-3, 4)}
        return next(code for code in (str(digit) * 6 for digit in range(10)) if code not in near)


@dataclass
class Visitor:
    """A page of a browser context and the complaints of all of its pages."""

    context: BrowserContext
    page: Page
    portal_url: str
    issuer: str
    has_scripts: bool = True
    complaints: list[str] = field(default_factory=list)
    turned_away: list[str] = field(default_factory=list)
    """What was shown, each time signing in led nowhere."""

    def watch(self) -> None:
        """Note what must never happen, from now on."""
        ours = {_origin(self.portal_url), _origin(self.issuer)}

        def on_request(request: Request) -> None:
            if urlsplit(request.url).scheme in {"http", "https"} and _origin(request.url) not in ours:
                self.complaints.append(f"asked another origin: {request.url}")

        def on_console(message: ConsoleMessage) -> None:
            if message.type in {"error", "warning"} and not EXPECTED.match(message.text):
                self.complaints.append(f"console {message.type}: {message.text}")

        self.context.on("request", on_request)
        self.context.on("console", on_console)
        self.context.on("weberror", lambda error: self.complaints.append(f"script: {error.error}"))

    async def go(self, path: str) -> int:
        """Open a path of the portal; the status of where it led."""
        answer = await self.page.goto(self.portal_url + path)
        assert answer
        await self.ready()
        return answer.status

    async def follow(self, link: Locator) -> None:
        """Go where a link leads."""
        async with self.page.expect_navigation():
            await link.click()
        await self.ready()

    async def ready(self) -> None:
        """Wait, as nobody has to, for what a page begins once it is painted."""
        if self.has_scripts:
            await self.page.locator(BEGUN).wait_for(state="attached")
            await self.page.wait_for_function(HAS_HTMX)

    async def ask(self, path: str) -> Any:
        """The JSON the portal answers this browser."""
        answer = await self.context.request.get(self.portal_url + path)
        assert answer.ok, await answer.text()
        return await answer.json()

    async def give_email(self, email: str) -> None:
        """On the portal's sign-in page: to the issuer's."""
        await self.page.get_by_label("E-mail").fill(email)
        await self.page.get_by_role("button", name="Continue").click()
        await expect(self.page).to_have_url(re.compile(re.escape(self.issuer)))

    async def give_password(self, password: str) -> None:
        """On the issuer's page."""
        await self.page.get_by_label("Password").fill(password)
        await self.page.get_by_role("button", name="Sign in").click()

    async def give_code(self, code: str) -> None:
        """On the issuer's second page."""
        await self.page.get_by_label("Six-digit code").fill(code)
        await self.page.get_by_role("button", name="Continue").click()

    async def prove(self, person: Person) -> None:
        """From the portal's sign-in page to wherever it leads."""
        await self.give_email(person.email)
        await self.give_password(person.password)
        if person.otp_secret:
            await self.give_code(await person.code())
        await expect(self.page).to_have_url(re.compile(re.escape(self.portal_url)))
        await self.ready()

    async def prove_at(self, where: str, person: Person) -> None:
        """Sign in at the page that asking for `where` led to; press again, once, as in `sign_in`."""
        await self.prove(person)
        if self.path != where:
            self.turned_away.append(f"{person.name}: {self.path}")
            await self.context.clear_cookies()
            await self.go(where)
            await self.prove(person)

    async def sign_in(self, person: Person) -> None:
        """From nothing to the first page.

        On a crowded machine the portal may say that signing in took too long; people then press again, once.
        """
        try:
            await self._sign_in(person)
        except AssertionError as why:
            self.turned_away.append(f"{person.name}: {why}")
            await self.context.clear_cookies()
            await self._sign_in(person)

    async def _sign_in(self, person: Person) -> None:
        await self.go("/")
        await self.prove(person)
        kept = [cookie["name"] for cookie in await self.context.cookies(self.portal_url)]
        was_let_in = any("session-token" in name for name in kept)
        assert was_let_in, f"{self.path}: {await self.page.locator('main').inner_text()}"

    async def until_refused(self, path: str = "/calls") -> None:
        """Ask for a page until the end of this session is known, which takes a second at the most."""
        async with asyncio.timeout(LATE_S):
            while self.path != "/access-denied":
                # The page's own watch may be the first to know, and lead there by itself.
                # Its own cookies are gone then; the word for why is kept for a minute.
                with suppress(Error):
                    await self.go("/access-denied" if self.path.startswith("/sign-in") else path)
                await self.page.wait_for_load_state()

    async def until_there(self, path: str, what: Locator) -> None:
        """Open a page until something is on it: what all pages say was known a second ago."""
        async with asyncio.timeout(LATE_S):
            await self.go(path)
            while await what.count() == 0:
                await asyncio.sleep(0.3)
                await self.go(path)

    async def sign_out(self) -> None:
        """By the account menu."""
        await self.page.locator("details.account > summary").click()
        await self.page.get_by_role("button", name="Sign out", exact=True).click()
        await expect(self.page.get_by_role("heading", name="Sign in")).to_be_visible()

    @property
    def path(self) -> str:
        """Path and query of the page's address."""
        parts = urlsplit(self.page.url)
        return parts.path + (f"?{parts.query}" if parts.query else "")


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
