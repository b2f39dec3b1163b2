"""npm's next-auth/jwt and the portal read each other's cookies."""

from __future__ import annotations

import subprocess
import time

import pytest

from aidial_portal.kernel.nextauth.cookies import read_pairs, session_cookies, session_value
from aidial_portal.kernel.nextauth.jwe import CookieCipher
from aidial_portal.kernel.nextauth.keys import derive_keys
from aidial_portal.kernel.nextauth.names import CookieNames, cookie_names
from tests.portal.nextauth.node import ask
from tests.portal.nextauth.portal import SECRET

pytestmark = pytest.mark.provider

Node = subprocess.Popen[str]
TOKEN = {
    "sub": "alice",
    "name": "Zoë 🦷 \u2028",
    "roles": ["a", "b"],
    "nested": {"n": 1.5, "none": None},
    "big": 2**53,
}


@pytest.fixture(params=["http://localhost:3000", "https://portal.example"])
def names(request: pytest.FixtureRequest) -> CookieNames:
    return cookie_names(request.param)


def cipher() -> CookieCipher:
    return CookieCipher(derive_keys(SECRET, cookie_names("http://localhost:3000")).session)


def sent_back(value: str, names: CookieNames) -> str:
    """The Cookie header of a browser that keeps what we set, newest piece first."""
    cookies = session_cookies(value, 1, [], names)
    return "; ".join(cookie.header(secure=names.secure).partition(";")[0] for cookie in reversed(cookies))


@pytest.mark.parametrize("padding", [0, 3000, 6000, 15_000], ids="{}-characters-more".format)
def test_next_auth_reads_our_cookies_however_many_pieces(
    next_auth_jwt: Node, names: CookieNames, padding: int
) -> None:
    value = cipher().encode({**TOKEN, "access_token": "x" * padding}, 600)
    header = sent_back(value, names)
    answer = ask(next_auth_jwt, ask="getToken", cookie=header, secret=SECRET, secureCookie=names.secure)
    assert {name: answer[name] for name in TOKEN} == TOKEN
    assert len(answer["access_token"]) == padding
    assert session_value(read_pairs([header]), names) == value


def test_we_read_what_next_auth_made(next_auth_jwt: Node) -> None:
    text = ask(next_auth_jwt, ask="encode", token=TOKEN, secret=SECRET, maxAge=600)
    claims = cipher().decode(text)
    assert claims is not None
    assert {name: claims[name] for name in TOKEN} == TOKEN
    assert claims["exp"] - claims["iat"] in {600, 601}


@pytest.mark.parametrize("which", ["state", "pkce", "nonce"])
def test_salted_cookies_go_both_ways(next_auth_jwt: Node, names: CookieNames, which: str) -> None:
    ours = CookieCipher(getattr(derive_keys(SECRET, names), which))
    salt = getattr(names, which)
    payload = {"value": "v" * 43, "provider": "zitadel"}
    text = ask(next_auth_jwt, ask="encode", token=payload, secret=SECRET, salt=salt, maxAge=900)
    assert (ours.decode(text) or {})["value"] == payload["value"]
    answer = ask(next_auth_jwt, ask="decode", token=ours.encode(payload, 900), secret=SECRET, salt=salt)
    assert answer["provider"] == "zitadel"


def test_both_refuse_another_secret_and_a_spoilt_token(next_auth_jwt: Node) -> None:
    text = cipher().encode({"sub": "alice"}, 600)
    assert ask(next_auth_jwt, ask="decode", token=text, secret=SECRET + "x") is None
    spoilt = text[:-3] + ("AAA" if text[-3:] != "AAA" else "BBB")
    assert ask(next_auth_jwt, ask="decode", token=spoilt, secret=SECRET) is None
    assert cipher().decode(spoilt) is None
    foreign = ask(next_auth_jwt, ask="encode", token={"sub": "mallory"}, secret=SECRET + "x", maxAge=600)
    assert cipher().decode(foreign) is None


@pytest.mark.parametrize(("late_s", "read"), [(10, True), (20, False)])
def test_both_agree_on_when_a_session_is_over(next_auth_jwt: Node, late_s: int, *, read: bool) -> None:
    past = CookieCipher(
        derive_keys(SECRET, cookie_names("http://x")).session, clock=lambda: time.time() - 60 - late_s
    )
    text = past.encode({"sub": "alice"}, 60)
    assert (cipher().decode(text) is not None) is read
    assert (ask(next_auth_jwt, ask="decode", token=text, secret=SECRET) is not None) is read
