"""People sign in through npm's certified `oidc-provider` to the portal and the API as they are shipped.

The one thing a newcomer would get wrong: `tests/portal/nextauth` asks the portal's sign-in alone. Here its
tokens go on: the API checks them by the provider's keys and registers the session as the ID token says.
"""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import pytest

from tests.people import ALICE, BEN, CHLOE, MALLORY, OMAR, OSCAR, PRIYA, Someone
from tests.portal.nextauth.walk import query_of, through_the_forms
from tests.together.certified import AUDIENCE, CLIENT_ID, Certified, open_certified
from tests.together.newcomers import SESSION, cookies_of, is_refused, within

if TYPE_CHECKING:
    from tests.support.postgres import PostgresServer

pytestmark = pytest.mark.provider


@pytest.fixture(scope="module")
async def certified(postgres_server: PostgresServer, worker_id: str) -> AsyncIterator[Certified]:
    async with open_certified(postgres_server.migrated_database(f"aidial_certified_{worker_id}")) as opened:
        yield opened


def parts_of(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims of a JWT, as anybody can read them."""
    header, claims = (json.loads(base64.urlsafe_b64decode(part + "==")) for part in token.split(".")[:2])
    return header, claims


@pytest.mark.parametrize("someone", [ALICE, PRIYA], ids=lambda one: one.name)
async def test_they_sign_in_read_their_calls_and_sign_out_of_both(
    certified: Certified, someone: Someone
) -> None:
    async with certified.browser() as browser, certified.browser() as thief:
        start = await certified.start(browser)
        asked = query_of(start)
        assert start.startswith(f"{certified.issuer}/")
        assert (asked["response_type"], asked["code_challenge_method"]) == ("code", "S256")
        assert {"state", "code_challenge"} <= asked.keys()
        back = await through_the_forms(browser.http, start, certified.url, someone.subject)
        answer = query_of(back)
        assert (answer["state"], answer["iss"]) == (asked["state"], certified.issuer)
        landed = await browser.get(back.removeprefix(certified.url))
        assert (landed.status, landed.location) == (302, f"{certified.url}/calls")

        listed = (await browser.get("/api/calls")).json["calls"]
        assert certified.calls <= {call["call_id"] for call in listed}
        assert (await browser.get("/calls")).status == 200
        assert (await browser.get("/api/auth/session")).json["user"]["email"] == someone.email

        claims = certified.claims(browser)
        header, access = parts_of(claims["access_token"])
        assert (header["typ"], header["alg"]) == ("at+jwt", "RS256")
        assert (access["iss"], access["aud"], access["sub"]) == (certified.issuer, AUDIENCE, someone.subject)
        kept = await certified.session(claims["session_id"])
        assert (kept["issuer"], kept["subject"], kept["email"]) == (
            certified.issuer,
            someone.subject,
            someone.email,
        )
        assert (kept["state"], kept["mfa_satisfied"]) == ("active", someone.second_factor)
        context = (await certified.at_v1(claims).get("/v1/session-context")).json
        assert (context["role"], context["mfa"]["satisfied"]) == (someone.role, someone.second_factor)

        thief.http.cookie_jar.update_cookies({SESSION: cookies_of(browser)[SESSION]})
        assert not await is_refused(thief)
        signed_out = await certified.sign_out(browser)
        assert signed_out.startswith(f"{certified.url}/sign-in")
        assert SESSION not in cookies_of(browser)
        assert await is_refused(thief)
        assert (await thief.get("/api/calls")).status == 401
        assert (await thief.get("/api/auth/session")).json == {}
        assert (await certified.session(claims["session_id"]))["state"] == "revoked"
        # The provider has forgotten them too: it asks who they are.
        async with browser.http.get(await certified.start(browser)) as page:
            assert 'name="login"' in await page.text()


async def test_an_operator_needs_the_second_factor_of_the_id_token(certified: Certified) -> None:
    async with certified.browser() as omar, certified.browser() as oscar:
        landed = await certified.sign_in(omar, OMAR.subject)
        assert (landed.status, landed.location) == (302, f"{certified.url}/calls")
        assert (await omar.get("/api/ops/tenants")).status == 200
        landed = await certified.sign_in(oscar, OSCAR.subject)
        assert (landed.status, landed.location) == (302, f"{certified.url}/account")
        assert not (await certified.session(certified.claims(oscar)["session_id"]))["mfa_satisfied"]
        assert (await oscar.get("/api/ops/tenants")).status in {403, 404}
        assert (await oscar.get("/ops")).status == 404


async def test_the_api_takes_no_token_the_provider_did_not_sign_for_it(certified: Certified) -> None:
    async with certified.browser() as alice:
        await certified.sign_in(alice, ALICE.subject)
        claims = certified.claims(alice)
        token = claims["access_token"]
        head, body, signature = token.split(".")
        _, said = parts_of(token)
        as_omar = base64.urlsafe_b64encode(json.dumps(said | {"sub": OMAR.subject}).encode()).decode()
        other = ("A" if signature[0] != "A" else "B") + signature[1:]
        for forged in (f"{head}.{as_omar.rstrip('=')}.{signature}", f"{head}.{body}.{other}"):
            answer = await certified.at_v1({**claims, "access_token": forged}).get("/v1/session-context")
            assert (answer.status, answer.code) == (401, "token_invalid")
        assert (await certified.at_v1(claims).get("/v1/session-context")).status == 200


async def test_tokens_near_their_end_are_refreshed_once_at_the_provider(certified: Certified) -> None:
    async with certified.browser() as ben:
        await certified.sign_in(ben, BEN.subject)
        before = certified.claims(ben)
        for _ in range(2):
            assert (await ben.get("/api/calls")).status == 200
        after = certified.claims(ben)
        assert (before["token_generation"], after["token_generation"]) == (0, 1)
        assert after["session_id"] == before["session_id"]
        (_, first), (_, second) = parts_of(before["access_token"]), parts_of(after["access_token"])
        assert first["jti"] != second["jti"]
        assert (first["sub"], first["aud"]) == (second["sub"], second["aud"])
        kept = await certified.session(after["session_id"])
        assert (kept["token_generation"], kept["state"], kept["mfa_satisfied"]) == (1, "active", False)


async def test_signing_out_at_the_provider_ends_the_portals_session(certified: Certified) -> None:
    """Back-channel logout: the provider tells the portal, whose browser finds out."""
    async with certified.browser() as chloe, certified.browser() as alice:
        await certified.sign_in(chloe, CHLOE.subject)
        await certified.sign_in(alice, ALICE.subject)
        assert not await is_refused(chloe)
        end = f"{certified.issuer}/session/end?client_id={CLIENT_ID.replace('@', '%40')}"
        async with chloe.http.get(end) as page:
            assert page.status == 200
        back = f"{end}&post_logout_redirect_uri={certified.url}/sign-in"
        await through_the_forms(chloe.http, back, certified.url)
        await within(5.0, lambda: is_refused(chloe))
        kept = await certified.session(certified.claims(chloe)["session_id"])
        assert (kept["state"], kept["revoked_reason"]) == ("revoked", "backchannel_logout")
        assert not await is_refused(alice)


@pytest.mark.parametrize("subject", ["stranger", MALLORY.subject])
async def test_nobody_comes_in_uninvited_or_by_an_address_nobody_verified(
    certified: Certified, subject: str
) -> None:
    async with certified.browser() as browser:
        landed = await certified.sign_in(browser, subject)
        assert landed.status == 302
        assert "error=AccessDenied" in landed.location
        assert SESSION not in cookies_of(browser)
        assert (await browser.get("/api/calls")).status == 401


async def test_a_code_is_taken_once_and_only_from_the_browser_that_asked(certified: Certified) -> None:
    async with certified.browser() as alice, certified.browser() as mallory:
        start = await certified.start(alice)
        back = await through_the_forms(alice.http, start, certified.url, ALICE.subject)
        callback = back.removeprefix(certified.url)
        await certified.start(mallory)
        refused = await mallory.get(callback)
        assert (refused.status, "error=OAuthCallback" in refused.location) == (302, True)
        assert SESSION not in cookies_of(mallory)
        assert (await alice.get(callback)).location == f"{certified.url}/calls"
        again = await alice.get(callback)
        assert (again.status, "error=OAuthCallback" in again.location) == (302, True)
