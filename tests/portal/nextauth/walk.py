"""Alice's browser: keeps the portal's cookies, fills in the certified provider's development forms."""

from __future__ import annotations

import re
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

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
        page = ""
        for _ in range(_MAX_STEPS):
            async with self._issuer_http.get(url, allow_redirects=False) as response:
                page, location = await response.text(), response.headers.get("Location")
            if location is None:
                location = await self._submit(url, page, person)
            url = location if "://" in location else f"{_origin(url)}{location}"
            if url.startswith(NEXTAUTH_URL):
                return urlsplit(url).query
        raise AssertionError(f"the provider did not come to an end: {page}")

    async def _submit(self, url: str, page: str, person: str) -> str:
        found = _ACTION.search(page)
        assert found, page
        action = found[1] if "://" in found[1] else f"{_origin(url)}{found[1]}"
        form = {**dict(_HIDDEN.findall(page)), "login": person, "password": "any", "logout": "yes"}
        async with self._issuer_http.post(action, data=form, allow_redirects=False) as response:
            return response.headers["Location"]

    async def sign_in(self) -> aiohttp.ClientResponse:
        """All of it; the answer of the callback."""
        return await self.ask("GET", f"callback/zitadel?{await self.at_the_issuer(await self.start())}")

    async def session(self) -> Any:
        return await (await self.ask("GET", "session")).json()

    async def end_at_the_issuer(self, url: str) -> str:
        """Confirm the provider's sign-out page; where it sends the browser."""
        async with self._issuer_http.get(url) as response:
            page = await response.text()
        return await self._submit(url, page, "")


def query_of(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
