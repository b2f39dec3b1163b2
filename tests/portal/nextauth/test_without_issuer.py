"""The issuer is away: nobody can sign in, everybody can sign out."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator

import pytest

from tests.portal.nextauth.portal import NEXTAUTH_URL, Portal, alice_claims, served_portal
from tests.portal.nextauth.walk import Walk


@pytest.fixture
async def portal() -> AsyncIterator[Portal]:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        async with served_portal(f"http://127.0.0.1:{nobody.getsockname()[1]}") as portal:
            yield portal


@pytest.fixture
async def alice(portal: Portal) -> AsyncIterator[Walk]:
    async with Walk(portal) as walk:
        walk.cookies["next-auth.session-token"] = portal.actions.cipher.encode(alice_claims(), 600)
        yield walk


async def test_signing_in_says_so(alice: Walk) -> None:
    assert await alice.start() == f"{NEXTAUTH_URL}/api/auth/error?error=OAuthSignin"


@pytest.mark.parametrize("registry_broken", [False, True])
async def test_signing_out_works_all_the_same(alice: Walk, portal: Portal, *, registry_broken: bool) -> None:
    portal.registry.broken = registry_broken
    answer = await alice.ask("POST", "signout", {"csrfToken": await alice.csrf(), "callbackUrl": "/sign-in"})
    assert (answer.status, answer.headers["Location"]) == (302, f"{NEXTAUTH_URL}/sign-in")
    assert "next-auth.session-token" not in alice.cookies
    assert portal.registry.signed_out == ([] if registry_broken else [alice_claims()["session_id"]])


async def test_a_session_goes_on_without_the_issuer(alice: Walk) -> None:
    assert (await alice.session())["user"]["email"] == "alice@harbour.example"


async def test_a_callback_address_that_broke_the_browser_is_forgotten(alice: Walk) -> None:
    alice.cookies["next-auth.callback-url"] = "javascript%3Aalert(1)"
    assert (await alice.ask("GET", "csrf")).status == 500
    assert (await alice.ask("GET", "csrf")).status == 200


async def test_no_answer_can_be_split_by_a_callback_address(alice: Walk) -> None:
    form = {"csrfToken": await alice.csrf(), "callbackUrl": "/x\r\nX-Evil: 1"}
    answer = await alice.ask("POST", "signout", form)
    assert answer.headers["Location"] == NEXTAUTH_URL
    form = {"csrfToken": await alice.csrf(), "callbackUrl": "/anrufe/größe"}
    answer = await alice.ask("POST", "signout", form)
    assert answer.headers["Location"] == f"{NEXTAUTH_URL}/anrufe/gr%C3%B6%C3%9Fe"


async def test_other_methods_do_nothing(alice: Walk) -> None:
    answer = await alice.ask("PUT", "signout", {"csrfToken": await alice.csrf()})
    assert answer.status == 400
    assert "next-auth.session-token" in alice.cookies


@pytest.mark.parametrize("body", ["[1]", "{", '{"csrfToken": 7, "callbackUrl": ["/x"]}', '{"a":"\\ud800"}'])
async def test_odd_bodies_are_as_good_as_none(portal: Portal, body: str) -> None:
    async with Walk(portal) as mallory:
        url = f"{portal.url}/api/auth/signout"
        async with mallory._http.post(
            url, data=body, headers={"Content-Type": "application/json"}, allow_redirects=False
        ) as response:
            assert response.headers["Location"] == f"{NEXTAUTH_URL}/api/auth/signout?csrf=true"


async def test_over_https_every_cookie_is_secure_and_named_so() -> None:
    issuer = "http://127.0.0.1:1"
    async with served_portal(issuer, nextauth_url="https://portal.example") as portal, Walk(portal) as alice:
        alice.cookies["__Secure-next-auth.session-token"] = portal.actions.cipher.encode(alice_claims(), 600)
        await alice.session()
    assert {line.partition("=")[0] for line in alice.set_cookies} == {
        "__Host-next-auth.csrf-token",
        "__Secure-next-auth.callback-url",
        "__Secure-next-auth.session-token",
    }
    assert all(line.endswith("; HttpOnly; Secure; SameSite=Lax") for line in alice.set_cookies)
    assert not any("Domain" in line for line in alice.set_cookies)
