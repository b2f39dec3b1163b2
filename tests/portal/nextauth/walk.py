"""Alice's browser: keeps the portal's cookies, fills in the certified provider's development forms."""

from __future__ import annotations

import re
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urljoin, urlsplit

import aiohttp

from aidial_portal.kernel.nextauth.cookies import read_pairs
from tests.portal.nextauth.portal import NEXTAUTH_URL, Portal, browser

_ACTION = re.compile(r'action="([^"]+)"')
_HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)"')
_MAX_STEPS = 12


class Walk:
    """One browser. Answers of the portal are read at its test port, whatever host its URLs name."""

    def __init__(self, portal: Portal) -> None:
        self._portal = portal
        self._http = browser()
        self._issuer_http = aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))
        self.cookies: dict[str, str] = {}
        self.set_cookies: list[str] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.close()
        await self._issuer_http.close()

    async def ask(self, method: str, path: str, form: dict[str, str] | None = None) -> aiohttp.ClientResponse:
        """One request to the portal, redirects not followed."""
        url = f"{self._portal.url}/api/auth/{path}"
        header = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        async with self._http.request(
            method, url, data=form, headers={"Cookie": header}, allow_redirects=False
        ) as response:
            await response.read()
        self.set_cookies = response.headers.getall("Set-Cookie", [])
        for line in self.set_cookies:
            pair = line.partition(";")[0]
            name = read_pairs([pair])[0][0]
            if "Max-Age=0" in line:
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = pair.partition("=")[2]
        return response

    async def csrf(self) -> str:
        token: str = (await (await self.ask("GET", "csrf")).json())["csrfToken"]
        return token

    async def start(self, query: str = "prompt=consent", **form: str) -> str:
        """Press "sign in" as a page without JavaScript does; where that leads."""
        form = {"csrfToken": await self.csrf(), "callbackUrl": "/calls", **form}
        return (await self.ask("POST", f"signin/zitadel?{query}", form)).headers["Location"]

    async def at_the_issuer(self, url: str, person: str = "alice") -> str:
        """Sign in at the provider; the callback's query that it sends the browser back with."""
        return urlsplit(await through_the_forms(self._issuer_http, url, NEXTAUTH_URL, person)).query

    async def sign_in(self) -> aiohttp.ClientResponse:
        """All of it; the answer of the callback."""
        return await self.ask("GET", f"callback/zitadel?{await self.at_the_issuer(await self.start())}")

    async def session(self) -> Any:
        return await (await self.ask("GET", "session")).json()

    async def end_at_the_issuer(self, url: str) -> str:
        """Confirm the provider's sign-out page; where it sends the browser."""
        return await through_the_forms(self._issuer_http, url, NEXTAUTH_URL)


async def through_the_forms(http: aiohttp.ClientSession, url: str, home: str, person: str = "") -> str:
    """Fill in whatever form the provider shows; the address under `home` that it sends the browser to."""
    page = ""
    for _ in range(_MAX_STEPS):
        async with http.get(url, allow_redirects=False) as response:
            page, location = await response.text(), response.headers.get("Location")
        if location is None:
            location = await _submit(http, url, page, person)
        url = urljoin(url, location)
        if url.startswith(home):
            return url
    raise AssertionError(f"the provider did not come to an end: {page}")


async def _submit(http: aiohttp.ClientSession, url: str, page: str, person: str) -> str:
    found = _ACTION.search(page)
    assert found, page
    form = {**dict(_HIDDEN.findall(page)), "login": person, "password": "any", "logout": "yes"}
    async with http.post(urljoin(url, found[1]), data=form, allow_redirects=False) as response:
        return response.headers["Location"]


def query_of(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
