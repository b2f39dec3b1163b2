"""Who comes to the portal in the matrix: everybody of `tests/people.py`, signed in for real, and the others.

The one thing a newcomer would get wrong: requests here carry their cookies as text, not from a jar, so that
no answer changes what the next request sends.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import aiohttp

from tests.people import ADA, ALICE, BELLA, BEN, CARLA, CHLOE, MALLORY, OMAR, OSCAR, PRIYA, TOM, Someone
from tests.support.portal import Page

if TYPE_CHECKING:
    from tests.support.portal import Browser, Town

SESSION = "next-auth.session-token"
CSRF = "aidial.csrf"


@dataclass(frozen=True, slots=True)
class Visitor:
    """One sort of visitor. `session` is live, none, garbage or revoked."""

    name: str
    someone: Someone | None = None
    session: str = "live"

    @property
    def assigned(self) -> bool:
        """Whether they have a role in an organisation that is alive."""
        return self.someone is not None and self.someone is not CARLA

    @property
    def needs_second_factor(self) -> bool:
        """Whether their role asks for one that they have not shown."""
        return self.someone is OSCAR


SIGNED_IN = tuple(
    Visitor(one.name, one) for one in (ALICE, BEN, CHLOE, PRIYA, TOM, ADA, OMAR, OSCAR, BELLA, MALLORY, CARLA)
)
VISITORS = (
    *SIGNED_IN,
    Visitor("somebody signed out", BEN, session="revoked"),
    Visitor("somebody with a cookie that is none", session="garbage"),
    Visitor("anonymous", session="none"),
)
BY_NAME = {visitor.name: visitor for visitor in VISITORS}


@dataclass(frozen=True, slots=True)
class Papers:
    """What a browser would send: its cookies, and the token its page holds."""

    cookies: dict[str, str] = field(default_factory=dict, repr=False)
    csrf: str = field(default="", repr=False)

    @property
    def cookie(self) -> str:
        """The `Cookie` header."""
        return "; ".join(f"{name}={value}" for name, value in self.cookies.items())

    def headers(self, *, unsafe: bool) -> dict[str, str]:
        """The headers of a request from our own page."""
        sent = {"cookie": self.cookie} if self.cookies else {}
        if unsafe:
            sent |= {"sec-fetch-site": "same-origin"} | ({"x-csrf-token": self.csrf} if self.csrf else {})
        return sent


_papers: dict[tuple[Town, str], Papers] = {}


async def papers_of(town: Town, visitor: Visitor) -> Papers:
    """A visitor's papers, made once for each town."""
    key = (town, visitor.name)
    if key not in _papers:
        _papers[key] = await _made(town, visitor)
    return _papers[key]


async def _made(town: Town, visitor: Visitor) -> Papers:
    if visitor.session == "none":
        return Papers()
    if visitor.session == "garbage":
        return Papers({SESSION: "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..AAAA.AAAA.AAAA"}, "a.b")
    assert visitor.someone is not None
    if visitor.session == "revoked":
        async with town.visitor(visitor.someone) as browser:
            return await papers_from(browser)
    return await papers_from(await town.of(visitor.someone))


async def papers_from(browser: Browser) -> Papers:
    """The papers of a signed-in browser, its CSRF token among them."""
    answer = await browser.get("/api/session/csrf")
    assert answer.status == 200, answer.text
    token = answer.json["csrf_token"]
    kept = {one.key: one.value for one in browser.http.cookie_jar}
    own = {name: value for name, value in kept.items() if name.startswith(SESSION)}
    return Papers({**own, CSRF: token}, token)


async def ask(town: Town, method: str, path: str, headers: dict[str, str], body: Any = None) -> Page:
    """One request that follows nothing and keeps nothing."""
    async with (
        aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http,
        http.request(method, town.url + path, data=body, headers=headers, allow_redirects=False) as answer,
    ):
        cookies = tuple(answer.headers.getall("set-cookie", ()))
        return Page(answer.status, answer.headers, await answer.read(), cookies)


def without(papers: Papers, *names: str) -> Papers:
    """Papers with some cookies left at home."""
    return replace(
        papers, cookies={name: value for name, value in papers.cookies.items() if name not in names}
    )
