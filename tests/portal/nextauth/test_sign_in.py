"""Alice signs in and out through a certified OpenID provider."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from aidial_portal.kernel.nextauth.cookies import read_pairs, session_value
from aidial_portal.kernel.oidc import OpenIdError
from tests.portal.nextauth.conftest import ALGORITHMS
from tests.portal.nextauth.portal import CLIENT_ID, NEXTAUTH_URL, SCOPE, Portal, alice_claims, served_portal
from tests.portal.nextauth.walk import Walk, query_of

pytestmark = pytest.mark.provider
FAILED = f"{NEXTAUTH_URL}/api/auth/error?error="


@pytest.fixture
async def portal(certified_issuer: str) -> AsyncIterator[Portal]:
    async with served_portal(certified_issuer) as portal:
        yield portal


@pytest.fixture
async def alice(portal: Portal) -> AsyncIterator[Walk]:
    async with Walk(portal) as walk:
        yield walk


@pytest.mark.parametrize("algorithm", list(ALGORITHMS))
async def test_alice_signs_in_whatever_asymmetric_key_the_issuer_uses(
    certified_issuer: str, algorithm: str
) -> None:
    async with (
        served_portal(certified_issuer, client_id=ALGORITHMS[algorithm]) as portal,
        Walk(portal) as alice,
    ):
        answer = await alice.sign_in()
    assert (answer.status, answer.headers["Location"]) == (302, f"{NEXTAUTH_URL}/calls")
    profile = portal.registry.registered[0].profile
    assert (profile.sub, profile.name, profile.email) == ("alice", "Alice Harbour", "alice@harbour.example")
    assert profile.picture == "https://pics.example/alice.png"


async def test_a_nonce_binds_the_id_token_to_this_browser(certified_issuer: str) -> None:
    async with served_portal(certified_issuer, with_nonce=True) as portal, Walk(portal) as alice:
        url = await alice.start()
        nonce_cookie = next(line for line in alice.set_cookies if "next-auth.nonce" in line)
        assert "Expires=" in nonce_cookie
        assert "Max-Age" not in nonce_cookie
        query = await alice.at_the_issuer(url)
        other = dict(alice.cookies)
        await alice.start()
        alice.cookies = {**other, "next-auth.nonce": alice.cookies["next-auth.nonce"]}
        refused = await alice.ask("GET", f"callback/zitadel?{query}")
        signed_in = await alice.sign_in()
    assert refused.headers["Location"] == FAILED + "OAuthCallback"
    assert signed_in.headers["Location"] == f"{NEXTAUTH_URL}/calls"
    assert portal.registry.registered[0].id_claims["nonce"]


async def test_the_way_to_the_issuer_says_who_we_are_and_who_she_is(alice: Walk) -> None:
    url = await alice.start(
        "prompt=login&client_id=evil&redirect_uri=https://evil.example&state=x", login_hint="a@b.c"
    )
    asked = query_of(url)
    assert (asked["client_id"], asked["redirect_uri"]) == (
        CLIENT_ID,
        f"{NEXTAUTH_URL}/api/auth/callback/zitadel",
    )
    assert (asked["scope"], asked["response_type"]) == (SCOPE, "code")
    assert (asked["login_hint"], asked["prompt"], asked["code_challenge_method"]) == (
        "a@b.c",
        "login",
        "S256",
    )
    assert len(asked["state"]) == len(asked["code_challenge"]) == 43
    assert "callbackUrl" not in asked


async def test_her_browser_learns_her_name_and_role_and_no_token(alice: Walk, portal: Portal) -> None:
    await alice.sign_in()
    session = await alice.session()
    assert session.pop("expires").endswith("Z")
    assert session == {
        "user": {"name": "Alice Harbour", "email": "alice@harbour.example"},
        "role": "client_admin",
    }
    value = session_value(
        read_pairs(["; ".join(f"{n}={v}" for n, v in alice.cookies.items())]), portal.actions.names
    )
    claims = portal.actions.cipher.decode(value or "")
    assert claims is not None
    assert claims["access_token"] == portal.registry.registered[0].tokens.access_token
    assert "id_token" not in claims


async def test_state_and_verifier_are_forgotten_once_used(alice: Walk) -> None:
    await alice.sign_in()
    assert set(alice.cookies) == {"next-auth.csrf-token", "next-auth.callback-url", "next-auth.session-token"}


async def test_a_code_works_once_and_only_in_the_browser_that_asked(alice: Walk, portal: Portal) -> None:
    query = await alice.at_the_issuer(await alice.start())
    kept = dict(alice.cookies)
    async with Walk(portal) as mallory:
        stolen = await mallory.ask("GET", f"callback/zitadel?{query}")
        await mallory.start()
        mixed = await mallory.ask("GET", f"callback/zitadel?{query}")
    first = await alice.ask("GET", f"callback/zitadel?{query}")
    alice.cookies = kept
    replayed = await alice.ask("GET", f"callback/zitadel?{query}")
    assert stolen.headers["Location"] == mixed.headers["Location"] == FAILED + "OAuthCallback"
    assert first.headers["Location"] == f"{NEXTAUTH_URL}/calls"
    assert replayed.headers["Location"] == FAILED + "OAuthCallback"
    assert not alice.set_cookies


async def test_an_answer_of_another_issuer_is_refused(alice: Walk) -> None:
    query = await alice.at_the_issuer(await alice.start())
    named = query_of(f"?{query}")
    assert "iss" in named
    mixed_up = query.replace("iss=", "iss=https%3A%2F%2Fevil.example&was=")
    unnamed = query.replace("iss=", "was=")
    for changed in (mixed_up, unnamed):
        answer = await alice.ask("GET", f"callback/zitadel?{changed}")
        assert answer.headers["Location"] == FAILED + "OAuthCallback"


async def test_somebody_without_an_assignment_is_not_let_in(alice: Walk, portal: Portal) -> None:
    portal.registry.refuses = True
    answer = await alice.sign_in()
    assert answer.headers["Location"] == FAILED + "AccessDenied"
    assert "next-auth.session-token" not in alice.cookies
    assert "next-auth.state" not in alice.cookies


async def test_when_the_registry_is_down_nobody_is_half_signed_in(alice: Walk, portal: Portal) -> None:
    portal.registry.broken = True
    answer = await alice.sign_in()
    assert answer.headers["Location"] == FAILED + "Callback"
    assert "next-auth.session-token" not in alice.cookies


async def test_a_session_never_outlives_its_registration(alice: Walk, portal: Portal) -> None:
    portal.registry.life_s = 90
    await alice.sign_in()
    claims = portal.actions.cipher.decode(alice.cookies["next-auth.session-token"])
    assert claims is not None
    assert claims["exp"] <= claims["absolute_expires_at"]
    over = portal.actions.cipher.encode({**alice_claims(life_s=-1)}, 600)
    alice.cookies["next-auth.session-token"] = over
    assert await alice.session() == {}
    assert "next-auth.session-token" not in alice.cookies


async def test_a_revoked_session_is_empty_and_its_cookie_goes(alice: Walk, portal: Portal) -> None:
    await alice.sign_in()
    portal.registry.revoked.add(alice_claims()["session_id"])
    assert await alice.session() == {}
    assert "next-auth.session-token" not in alice.cookies


async def test_refreshing_rotates_and_an_old_refresh_token_is_refused(alice: Walk, portal: Portal) -> None:
    await alice.sign_in()
    tokens = portal.registry.registered[0].tokens
    assert tokens.refresh_token is not None
    newer = await portal.client.refresh(tokens.refresh_token, subject="alice")
    assert newer.access_token != tokens.access_token
    assert newer.refresh_token not in {None, tokens.refresh_token}
    with pytest.raises(OpenIdError) as refused:
        await portal.client.refresh(tokens.refresh_token, subject="alice")
    assert (refused.value.kind, "invalid_grant" in refused.value.reason) == ("refused", True)


async def test_a_refresh_that_answers_for_somebody_else_is_not_taken(alice: Walk, portal: Portal) -> None:
    await alice.sign_in()
    token = portal.registry.registered[0].tokens.refresh_token
    with pytest.raises(OpenIdError) as refused:
        await portal.client.refresh(token or "", subject="ben")
    assert refused.value.kind == "invalid"


async def test_she_signs_out_here_and_at_the_issuer_without_javascript(alice: Walk, portal: Portal) -> None:
    await alice.sign_in()
    page = await (await alice.ask("GET", "signout")).text()
    assert "next-auth.session-token" in alice.cookies
    token = page.partition('name="csrfToken" value="')[2].partition('"')[0]
    answer = await alice.ask("POST", "signout", {"csrfToken": token})
    assert answer.status == 302
    assert answer.headers["Clear-Site-Data"] == '"cache", "storage"'
    assert "next-auth.session-token" not in alice.cookies
    assert any(line.startswith("aidial.csrf=; Max-Age=0") for line in alice.set_cookies)
    assert portal.registry.signed_out == [alice_claims()["session_id"]]
    asked = query_of(answer.headers["Location"])
    assert asked.keys() == {"client_id", "post_logout_redirect_uri", "state", "logout_hint"}
    back = await alice.end_at_the_issuer(answer.headers["Location"])
    assert back == f"{NEXTAUTH_URL}/sign-in?state={asked['state']}"


async def test_next_auths_javascript_is_told_where_to_go(alice: Walk) -> None:
    await alice.sign_in()
    answer = await alice.ask("POST", "signout", {"csrfToken": await alice.csrf(), "json": "true"})
    assert answer.status == 200
    assert "post_logout_redirect_uri" in (await answer.json())["url"]


async def test_looking_at_the_sign_out_page_signs_nobody_out(alice: Walk, portal: Portal) -> None:
    await alice.sign_in()
    await alice.ask("GET", "signout")
    await alice.ask("POST", "signout", {"csrfToken": "forged"})
    assert (await alice.session())["role"] == "client_admin"
    assert portal.registry.signed_out == []
