"""A session cookie somebody damaged, borrowed, pieced together or made: each with its code, everywhere.

The one thing a newcomer would get wrong: there are two refusals. What breaks the cookie policy is 403 under
`/api/auth/` and `/api/session/`; what keeps it and cannot be read is 401 there as elsewhere.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from aidial_contract.ids import new_id
from aidial_portal.kernel.nextauth.cookies import CHUNK_CHARS
from aidial_portal.kernel.nextauth.jwe import CookieCipher
from aidial_portal.kernel.nextauth.keys import derive_key, derive_keys
from aidial_portal.kernel.nextauth.names import cookie_names
from aidial_portal.kernel.provider import Provider
from tests.portal.kernel.scripted import (
    SECRET,
    RunningPortal,
    ScriptedApi,
    code_of,
    free_socket,
    running_portal,
    served,
)

NAME = "next-auth.session-token"
INFO = "NextAuth.js Generated Encryption Key"
OURS = b'{"alg":"dir","enc":"A256GCM"}'
POLICED = ("/api/session/state", "/api/session/csrf", "/api/auth/session", "/api/auth/csrf")
ELSEWHERE = ("/api/projects", "/api/sessions", "/api/analytics/summary?range=7d")
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
Seen = dict[str, tuple[int, str]]


@pytest.fixture(scope="module")
async def portal() -> AsyncIterator[RunningPortal]:
    listener, port = free_socket()
    async with (
        served(ScriptedApi(), listener),
        running_portal(f"http://127.0.0.1:{port}", Provider) as running,
    ):
        yield running


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        yield session


async def seen(portal: RunningPortal, browser: aiohttp.ClientSession, cookie: str, *paths: str) -> Seen:
    """Status and code ("" for a success) of each path for a `Cookie` header."""
    found = {}
    for path in paths:
        async with browser.get(portal.url + path, headers={"cookie": cookie}) as answer:
            text = await answer.read()
            found[path] = (answer.status, code_of(text) if answer.status >= 400 else "")
    return found


async def unreadable(portal: RunningPortal, browser: aiohttp.ClientSession, cookie: str) -> None:
    """401 `session_invalid` wherever a session is needed, and next-auth's own actions know nobody."""
    found = await seen(portal, browser, cookie, "/api/session/state", "/api/projects")
    assert set(found.values()) == {(401, "session_invalid")}, cookie[:80]
    async with browser.get(f"{portal.url}/api/auth/session", headers={"cookie": cookie}) as answer:
        assert (answer.status, await answer.json()) == (200, {})


async def against_the_policy(portal: RunningPortal, browser: aiohttp.ClientSession, cookie: str) -> None:
    """403 under auth and session, 401 `session_invalid` elsewhere, sign-in for pages."""
    found = await seen(portal, browser, cookie, *POLICED)
    assert set(found.values()) == {(403, "session_cookie_policy")}, cookie[:80]
    async with browser.get(f"{portal.url}/api/auth/csrf", headers={"cookie": cookie}) as answer:
        dropped = {one.partition(";")[0] for one in answer.headers.getall("set-cookie")}
        assert dropped == {f"{name.partition('=')[0]}=" for name in cookie.split("; ")}
    found = await seen(portal, browser, cookie, *ELSEWHERE)
    assert set(found.values()) == {(401, "session_invalid")}, cookie[:80]
    url = f"{portal.url}/calls"
    async with browser.get(url, headers={"cookie": cookie}, allow_redirects=False) as answer:
        assert (answer.status, answer.headers["location"]) == (302, "/sign-in?callbackUrl=%2Fcalls")


def value_of(portal: RunningPortal, **claims: Any) -> str:
    """The value of a session cookie in one piece."""
    return portal.cookie(**claims).partition("=")[2]


def pieces_of(portal: RunningPortal, session_id: str | None = None) -> list[str]:
    """The values of a session cookie that needs several pieces."""
    cookie = portal.cookie(session_id, filling="x" * 2 * CHUNK_CHARS)
    return [one.partition("=")[2] for one in cookie.split("; ")]


def numbered(*values: str) -> str:
    return "; ".join(f"{NAME}.{number}={value}" for number, value in enumerate(values))


def flipped(text: str, place: int, bit: int) -> str:
    """One bit of one base64url letter turned over."""
    letter = LETTERS[LETTERS.index(text[place]) ^ (1 << bit)]
    return text[:place] + letter + text[place + 1 :]


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def sealed(header: bytes, claims: dict[str, Any], key: bytes) -> str:
    """A compact JWE made by hand under a key of 32 bytes."""
    protected = b64(header)
    box = AESGCM(key).encrypt(bytes(12), json.dumps(claims).encode(), protected.encode())
    return f"{protected}..{b64(bytes(12))}.{b64(box[:-16])}.{b64(box[-16:])}"


def claims() -> dict[str, Any]:
    now = int(time.time())
    return {
        "sub": "alice",
        "session_id": new_id(),
        "access_token": "access-0",
        "expires_at": now + 3_600,
        "iat": now,
        "exp": now + 3_600,
    }


async def test_the_cookies_beside_the_tricks_are_taken(
    portal: RunningPortal, browser: aiohttp.ClientSession
) -> None:
    key = derive_keys(SECRET, cookie_names(portal.url)).session
    pieces = pieces_of(portal)
    assert len(pieces) > 2
    for cookie in (
        f"{NAME}={value_of(portal)}",
        f'{NAME}="{value_of(portal)}"',
        f"theme=dark; {NAME}={value_of(portal)}; {NAME[:-1]}=x",
        f"{NAME}={sealed(OURS, claims(), key)}",
        numbered(*pieces),
        "; ".join(reversed(numbered(*pieces).split("; "))),
    ):
        found = await seen(portal, browser, cookie, "/api/session/csrf")
        assert found["/api/session/csrf"][0] == 200, cookie[:80]


@pytest.mark.parametrize("part", [0, 2, 3, 4], ids=["header", "iv", "ciphertext", "tag"])
async def test_a_bit_turned_over_anywhere_makes_it_nobodys(
    portal: RunningPortal, browser: aiohttp.ClientSession, part: int
) -> None:
    parts = value_of(portal).split(".")
    last = len(parts[part]) - 1
    for place in sorted({0, 1, last // 3, last // 2, last - 1, last}):
        for bit in (0, 5):
            spoilt = [*parts[:part], flipped(parts[part], place, bit), *parts[part + 1 :]]
            await unreadable(portal, browser, f"{NAME}={'.'.join(spoilt)}")


def test_no_bit_of_a_cookie_may_be_turned_over(portal: RunningPortal) -> None:
    """Every bit of every letter, at the cipher itself."""
    cipher = CookieCipher(derive_keys(SECRET, cookie_names(portal.url)).session, cache_size=0)
    text = value_of(portal)
    assert cipher.decode(text) is not None
    for place, letter in enumerate(text):
        if letter != ".":
            assert all(cipher.decode(flipped(text, place, bit)) is None for bit in range(6)), place
        assert cipher.decode(text[:place] + text[place + 1 :]) is None
        assert cipher.decode(text[:place] + "A" + text[place:]) is None


@pytest.mark.parametrize(
    "change",
    [
        lambda parts: [*parts[:1], "AAAA", *parts[2:]],
        lambda parts: parts[:4],
        lambda parts: [*parts, "AAAA"],
        lambda parts: [*parts[:2], "", *parts[3:]],
        lambda parts: [*parts[:3], "", parts[4]],
        lambda parts: [*parts[:4], ""],
        lambda parts: [*parts[:4], parts[4][:-4]],
        lambda parts: [parts[0] + "=", *parts[1:]],
        lambda parts: [*parts[:2], parts[3], parts[2], parts[4]],
        lambda parts: ["", *parts[1:]],
        lambda parts: ["%00", *parts[1:]],
    ],
)
async def test_parts_taken_away_added_or_exchanged_make_it_nobodys(
    portal: RunningPortal, browser: aiohttp.ClientSession, change: Any
) -> None:
    await unreadable(portal, browser, f"{NAME}={'.'.join(change(value_of(portal).split('.')))}")


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "dir", "enc": "A128GCM"},
        {"alg": "dir", "enc": "A256CBC-HS512"},
        {"alg": "A256KW", "enc": "A256GCM"},
        {"alg": "A256GCMKW", "enc": "A256GCM"},
        {"alg": "RSA-OAEP-256", "enc": "A256GCM"},
        {"alg": "ECDH-ES", "enc": "A256GCM"},
        {"alg": "PBES2-HS512+A256KW", "enc": "A256GCM", "p2c": 2**31 - 1, "p2s": "AAAA"},
        {"alg": "none", "enc": "A256GCM"},
        {"alg": "DIR", "enc": "A256GCM"},
        {"alg": "dir"},
        {"enc": "A256GCM"},
        {"alg": "dir", "enc": "A256GCM", "zip": "DEF"},
        {"alg": "dir", "enc": "A256GCM", "crit": ["exp"]},
        {"alg": ["dir"], "enc": "A256GCM"},
        [],
        None,
    ],
    ids=json.dumps,
)
async def test_another_way_of_encrypting_is_not_read_even_under_our_key(
    portal: RunningPortal, browser: aiohttp.ClientSession, header: Any
) -> None:
    key = derive_keys(SECRET, cookie_names(portal.url)).session
    value = sealed(json.dumps(header).encode(), claims(), key)
    await unreadable(portal, browser, f"{NAME}={value}")


async def test_a_cookie_of_another_portal_or_for_another_use_is_nobodys(
    portal: RunningPortal, browser: aiohttp.ClientSession
) -> None:
    names = cookie_names(portal.url)
    ours = derive_keys(SECRET, names)
    keys = {
        "another secret": derive_key(SECRET + "2", salt="", info=INFO),
        "Auth.js of version 5": derive_key(
            SECRET, salt=NAME, info=f"Auth.js Generated Encryption Key ({NAME})"
        ),
        "salted with its name": derive_key(SECRET, salt=NAME, info=INFO),
        "the state's": ours.state,
        "the PKCE's": ours.pkce,
        "the nonce's": ours.nonce,
        "the CSRF's": ours.aidial_csrf,
        "of zeros": bytes(32),
    }
    for key in keys.values():
        value = sealed(OURS, claims(), key)
        await unreadable(portal, browser, f"{NAME}={value}")
    for value in ("", "null", "undefined", "e30.e30.e30", "x" * 5_000, "%ff", "\u00e9"):
        cookie = f"{NAME}={value}"
        found = await seen(portal, browser, cookie, "/api/projects")
        assert found["/api/projects"][0] == 401, value


async def test_after_its_secret_changed_a_portal_knows_no_earlier_cookie(
    portal: RunningPortal, browser: aiohttp.ClientSession
) -> None:
    """One secret at a time, as in next-auth v4: a new one signs everybody out."""
    async with running_portal("http://127.0.0.1:1", Provider, nextauth_secret=SECRET[::-1]) as rotated:
        await unreadable(rotated, browser, portal.cookie())
        headers = {"cookie": portal.cookie()}
        async with browser.get(f"{rotated.url}/api/projects", headers=headers) as answer:
            cleared = [one for one in answer.headers.getall("set-cookie") if one.startswith(f"{NAME}=;")]
            assert len(cleared) == 1
        async with browser.get(f"{rotated.url}/calls", headers=headers, allow_redirects=False) as answer:
            assert answer.headers["location"] == "/sign-in?callbackUrl=%2Fcalls"


async def test_pieces_of_two_sessions_or_in_another_order_are_nobodys(
    portal: RunningPortal, browser: aiohttp.ClientSession
) -> None:
    own, others = pieces_of(portal), pieces_of(portal, new_id())
    for cookie in (
        numbered(own[0], others[1], *own[2:]),
        numbered(others[0], *own[1:]),
        numbered(own[1], own[0], *own[2:]),
        numbered(*own[:-1]),
        numbered(*own, own[-1]),
        numbered(own[0], own[0], *own[1:]),
        numbered(own[0][:-1], *own[1:]),
    ):
        await unreadable(portal, browser, cookie)


async def test_pieces_that_break_the_policy_are_told_so(
    portal: RunningPortal, browser: aiohttp.ClientSession
) -> None:
    whole, pieces, secure = value_of(portal), pieces_of(portal), f"__Secure-{NAME}"
    nine = [whole[:9]] * 9
    for cookie in (
        f"{NAME}={whole}; {NAME}={whole}",
        f"{NAME}={whole}; {NAME}={value_of(portal, sub='mallory')}",
        f"{NAME}={whole}; {NAME}=",
        f"{NAME}={whole}; {numbered(*pieces)}",
        f"{NAME}={whole}; {NAME}.0=",
        f"{numbered(*pieces)}; {NAME}.0={pieces[0]}",
        f"{NAME}.0={pieces[0]}; {NAME}.2={pieces[1]}",
        f"{NAME}.1={pieces[0]}; {NAME}.2={pieces[1]}",
        f"{NAME}.00={pieces[0]}; {NAME}.1={pieces[1]}",
        f"{NAME}.0={pieces[0]}; {NAME}.-1={pieces[1]}",
        f"{NAME}.0={pieces[0]}; {NAME}.1e0={pieces[1]}",
        f"{NAME}.0={pieces[0]}; {NAME}. 1={pieces[1]}",
        f"{NAME}.x={whole}",
        f"{NAME}-2={whole}",
        numbered(*nine),
        f"{NAME}={whole}; {secure}={whole}",
        f"{NAME}={whole}; {secure}.0={whole}",
        f"{numbered(*pieces)}; {secure}=",
    ):
        await against_the_policy(portal, browser, cookie)


async def test_two_cookie_headers_are_looked_at_together(
    portal: RunningPortal, browser: aiohttp.ClientSession
) -> None:
    value = value_of(portal)
    twice = [("cookie", f"{NAME}={value}"), ("cookie", f"{NAME}={value}")]
    for path, outcome in (("/api/session/state", 403), ("/api/projects", 401)):
        async with browser.get(portal.url + path, headers=twice) as answer:
            assert answer.status == outcome


async def test_a_cookie_whose_time_is_over_is_expired_and_one_that_lacks_a_claim_lacks_it(
    portal: RunningPortal, browser: aiohttp.ClientSession
) -> None:
    for cookie, code in (
        (portal.cookie(max_age_s=-60), "session_expired"),
        (portal.cookie(sub=""), "session_claims_missing"),
        (portal.cookie(sub=5), "session_claims_missing"),
        (portal.cookie(access_token="two words"), "session_claims_missing"),
        (portal.cookie(access_token="line\nend"), "session_claims_missing"),
        (portal.cookie(expires_at="soon"), "session_claims_missing"),
        (portal.cookie(expires_at=True), "session_claims_missing"),
        (portal.cookie("not-a-uuid"), "session_claims_missing"),
    ):
        found = await seen(portal, browser, cookie, "/api/session/state", "/api/projects")
        assert set(found.values()) == {(401, code)}


async def test_a_cookie_left_from_before_https_is_dropped_by_the_first_answer(
    browser: aiohttp.ClientSession,
) -> None:
    async with running_portal(
        "http://127.0.0.1:1", Provider, nextauth_url="https://portal.example"
    ) as portal:
        for path, status in (("/calls", 302), ("/api/auth/csrf", 403)):
            sent = {"cookie": f"{NAME}=old", "host": "portal.example"}
            async with browser.get(portal.url + path, headers=sent, allow_redirects=False) as answer:
                assert answer.status == status
                assert any(
                    one.startswith(f"{NAME}=; Max-Age=0") for one in answer.headers.getall("set-cookie", [])
                )
