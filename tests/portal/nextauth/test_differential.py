"""The same request to npm's next-auth and to the portal: the same answer, action by action."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import aiohttp
import pytest

from aidial_portal.kernel.nextauth.cookies import read_pairs, session_cookies
from aidial_portal.kernel.nextauth.csrf import check_csrf
from tests.portal.nextauth.portal import NEXTAUTH_URL, SECRET, Portal, alice_claims, browser, served_portal

pytestmark = pytest.mark.provider

NEW_CSRF = check_csrf(SECRET, cookie_value=None, body_token=None)
CSRF = {"next-auth.csrf-token": str(NEW_CSRF.cookie_value), "next-auth.callback-url": NEXTAUTH_URL}
TOKEN = {"csrfToken": NEW_CSRF.token}
COMPARED_HEADERS = ("Content-Type", "Cache-Control", "Pragma", "Expires")
VOLATILE = {"state", "code_challenge"}


@dataclass(frozen=True)
class Ask:
    """One request; `session` sends Alice's cookie, padded to so many characters of access token."""

    method: str
    path: str
    cookies: dict[str, str] = field(default_factory=dict)
    form: dict[str, str] | None = None
    body: Any = None
    session: int | None = None
    spoilt: bool = False

    def __str__(self) -> str:
        path = self.path.replace(TOKEN["csrfToken"], "token")
        told = {
            name: "token" if value == TOKEN["csrfToken"] else value for name, value in self.told().items()
        }
        return f"{self.method} {path} {len(self.cookies)} cookies {told} session {self.session} {self.spoilt}"

    def told(self) -> dict[str, Any]:
        return dict(self.form or self.body or {})


ASKS = [
    Ask("GET", "providers"),
    Ask("GET", "providers", CSRF, session=10),
    Ask("POST", "providers", form={}),
    Ask("GET", "csrf"),
    Ask("GET", "csrf", CSRF),
    Ask("GET", "csrf", {"next-auth.csrf-token": "forged|forged"}),
    Ask("GET", "csrf?callbackUrl=/calls"),
    Ask("GET", "csrf?callbackUrl=https://evil.example/"),
    Ask("GET", "csrf?callbackUrl=https:evil.example"),
    Ask("GET", "csrf?callbackUrl=http://localhost:3000@evil.example/"),
    Ask("GET", "csrf", {"next-auth.callback-url": "https://evil.example/"}),
    Ask("GET", "csrf?callbackUrl=javascript:alert(1)"),
    Ask("GET", "csrf?callbackUrl=nonsense"),
    Ask("GET", "signin?callbackUrl=nonsense"),
    Ask("POST", "csrf", form=TOKEN),
    Ask("GET", "session"),
    Ask("GET", "session", CSRF, session=10),
    Ask("GET", "session", CSRF, session=9000),
    Ask("GET", "session", CSRF, session=10, spoilt=True),
    Ask("GET", "session", {"next-auth.session-token.0": "rubbish", "next-auth.session-token.1": "rubbish"}),
    Ask("POST", "session", CSRF, body={**TOKEN, "data": {"role": "aidial_admin"}}, session=10),
    Ask("POST", "session", CSRF, body={"csrfToken": "wrong", "data": {}}, session=10),
    Ask("POST", "session", CSRF, form={}, session=10),
    Ask("GET", "signin"),
    Ask("GET", "signin?callbackUrl=/calls%3Fpage%3D2&error=OAuthCallback", CSRF),
    Ask("GET", "signin/zitadel", CSRF),
    Ask("GET", "signin/whoever/else", CSRF),
    Ask("POST", "signin/zitadel", CSRF, form={**TOKEN, "callbackUrl": "/calls"}),
    Ask("POST", "signin/zitadel", CSRF, form={**TOKEN, "json": "true"}),
    Ask("POST", "signin/zitadel", CSRF, body={**TOKEN, "json": "true", "callbackUrl": "/calls"}),
    Ask("POST", "signin/zitadel", CSRF, body={**TOKEN, "json": True}),
    Ask(
        "POST",
        "signin/zitadel?login_hint=alice%2Bx%40harbour.example&prompt=login&ui_locales=en",
        CSRF,
        form=TOKEN,
    ),
    Ask("POST", "signin/zitadel?prompt=login&prompt=none&scope=openid", CSRF, form=TOKEN),
    Ask("POST", "signin/zitadel", CSRF, form={"json": "true"}),
    Ask("POST", "signin/zitadel", CSRF, form={"csrfToken": "wrong"}),
    Ask("POST", "signin/zitadel?csrfToken=" + TOKEN["csrfToken"], CSRF, form={}),
    Ask("POST", "signin/unknown", CSRF, form={**TOKEN, "json": "true"}),
    Ask("POST", "signin", CSRF, form=TOKEN),
    Ask("GET", "callback/zitadel?error=access_denied", CSRF),
    Ask("GET", "callback/zitadel?code=x&state=y", CSRF),
    Ask("GET", "callback/zitadel", {**CSRF, "next-auth.state": "rubbish"}),
    Ask("POST", "callback/zitadel", CSRF, form={"code": "x", "state": "y"}),
    Ask("POST", "callback/zitadel", CSRF, form={"error": "access_denied", "json": "true"}),
    Ask("GET", "callback/unknown", CSRF),
    Ask("POST", "callback", CSRF, form=TOKEN),
    Ask("GET", "signout", CSRF, session=10),
    Ask("POST", "signout", CSRF, form={"json": "true"}, session=10),
    Ask("POST", "signout", CSRF, form={"csrfToken": "wrong"}, session=10),
    Ask("POST", "signout", CSRF, form=TOKEN),
    Ask("POST", "signout", CSRF, form={**TOKEN, "json": "true", "callbackUrl": "/bye"}),
    Ask("GET", "error?error=OAuthCallback"),
    Ask("GET", "error?error=SessionRequired", CSRF),
    Ask("GET", "error?error=Configuration", CSRF),
    Ask("GET", "error?error=AccessDenied", CSRF),
    Ask("GET", "error?error=Verification", CSRF),
    Ask("GET", "error?error=Whatever", CSRF),
    Ask("GET", "error/AccessDenied", CSRF),
    Ask("GET", "verify-request", CSRF),
    Ask("POST", "_log", CSRF, form={"level": "error", "code": "X"}),
    Ask("GET", "_log", CSRF),
    Ask("GET", "nothing", CSRF),
    Ask("POST", "nothing", CSRF, form=TOKEN),
    Ask("GET", ""),
]


@pytest.fixture(scope="module")
async def portal(certified_issuer: str) -> AsyncIterator[Portal]:
    async with served_portal(certified_issuer) as portal:
        yield portal


def cookie_header(ask: Ask, portal: Portal) -> str:
    cookies = dict(ask.cookies)
    if ask.session is not None:
        claims = {**alice_claims(), "access_token": "x" * ask.session}
        value = portal.actions.cipher.encode(claims, 600)
        value = value[:-4] + "AAAA" if ask.spoilt else value
        cookies |= {
            cookie.name: cookie.value for cookie in session_cookies(value, 1, [], portal.actions.names)
        }
    return "; ".join(f"{name}={value.replace('|', '%7C')}" for name, value in cookies.items())


async def answer(ask: Ask, base: str, header: str) -> dict[str, Any]:
    async with (
        browser() as client,
        client.request(
            ask.method,
            f"{base}/api/auth/{ask.path}",
            data=ask.form,
            json=ask.body,
            headers={"Cookie": header} if header else {},
            allow_redirects=False,
        ) as response,
    ):
        text = await response.text()
        # So the app router writes the `{}` of a refused update; the pages router writes `{}`, as we do.
        odd = text == "[object Object]"
        return {
            "status": response.status,
            "location": known_url(response.headers.get("Location")),
            "headers": {
                name: "application/json"
                if odd and name == "Content-Type"
                else plain_type(response.headers.get(name))
                for name in COMPARED_HEADERS
            },
            "cookies": [known_cookie(line) for line in response.headers.getall("Set-Cookie", [])],
            "body": {} if odd else known_body(text),
        }


def without_our_own_csrf_cookie(answer: dict[str, Any]) -> dict[str, Any]:
    """Sign-out also forgets the portal's own CSRF cookie, which next-auth does not know."""
    return {**answer, "cookies": [cookie for cookie in answer["cookies"] if cookie[0] != "aidial.csrf"]}


def plain_type(value: str | None) -> str | None:
    return value.partition(";")[0] if value else None


def known_url(url: str | None) -> Any:
    if url is None:
        return None
    parts = urlsplit(url)
    query = [(name, len(value) if name in VOLATILE else value) for name, value in parse_qsl(parts.query)]
    return parts._replace(query="").geturl(), sorted(query) if "code_challenge" in parts.query else query


def known_cookie(line: str) -> Any:
    """A cookie without what differs at each writing: ciphertext, new CSRF tokens, the second it expires."""
    pair, *attributes = line.split("; ")
    name, value = read_pairs([pair])[0]
    if value and "callback-url" not in name and value != CSRF["next-auth.csrf-token"]:
        value = f"{len(value)} characters"
    return name, value, [re.sub(r"(Expires=).*", r"\1...", attribute) for attribute in attributes]


def known_body(text: str) -> Any:
    if text.startswith("<!DOCTYPE html>"):
        return {"page with a form": 'name="csrfToken"' in text and 'method="post"' in text.lower()}
    try:
        body = json.loads(text)
    except ValueError:
        return text
    if "url" in body:
        return {"url": known_url(body["url"])}
    if "csrfToken" in body:
        return {
            "csrfToken": body["csrfToken"] if body["csrfToken"] == NEW_CSRF.token else len(body["csrfToken"])
        }
    if "expires" in body:
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", body["expires"])
        return {**body, "expires": "..."}
    return body


@pytest.mark.parametrize("ask", ASKS, ids=str)
async def test_the_portal_answers_as_next_auth_does(ask: Ask, portal: Portal, next_auth_url: str) -> None:
    header = cookie_header(ask, portal)
    theirs = await answer(ask, next_auth_url, header)
    ours = await answer(ask, portal.url, header)
    assert without_our_own_csrf_cookie(ours) == theirs


async def test_a_session_next_auth_reissued_in_pieces_is_read_by_us(
    portal: Portal, next_auth_url: str
) -> None:
    header = cookie_header(Ask("GET", "session", session=9000), portal)
    async with browser() as client:
        async with client.get(f"{next_auth_url}/api/auth/session", headers={"Cookie": header}) as response:
            lines = response.headers.getall("Set-Cookie")
        pieces = [
            line.partition(";")[0] for line in lines if "session-token" in line and "Max-Age=0" not in line
        ]
        assert len(pieces) == 4
        session = await read_session(client, portal, "; ".join(pieces))
    assert session["user"]["name"] == "Alice Harbour"


async def read_session(client: aiohttp.ClientSession, portal: Portal, header: str) -> dict[str, Any]:
    async with client.get(f"{portal.url}/api/auth/session", headers={"Cookie": header}) as response:
        session: dict[str, Any] = await response.json()
        return session
