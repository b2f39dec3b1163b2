"""Opaque tokens: taken only when the issuer says yes, refused when it says no, 503 when it does not say."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web

from aidial_api.kernel import introspection as module
from aidial_api.kernel.introspection import IntrospectionClient, Introspector
from aidial_api.kernel.jwks import Jwks
from aidial_api.kernel.tokens import TokenVerifier
from aidial_api.provisioning_services import add_service_account
from aidial_contract.fault import Fault
from aidial_contract.ids import new_id
from tests.api.kernel.forging import good
from tests.people import HARBOUR
from tests.support.api import World, running_api
from tests.support.askers import Asker
from tests.support.issuer import (
    API_AUDIENCE,
    INTROSPECTION,
    INTROSPECTION_CLIENT,
    PORTAL_CLIENT_ID,
    Issuer,
    running_issuer,
)

OPAQUE = "b3BhcXVlIHRva2VucyBoYXZlIG5vIGRvdHM"


@pytest.fixture
async def issuer() -> AsyncIterator[Issuer]:
    async with running_issuer() as running:
        running.opaque[OPAQUE] = said(running)
        yield running


@pytest.fixture
async def verifier(issuer: Issuer) -> AsyncIterator[TokenVerifier]:
    jwks = Jwks(issuer.url)
    introspector = Introspector(IntrospectionClient(*INTROSPECTION_CLIENT), jwks)
    yield TokenVerifier(API_AUDIENCE, PORTAL_CLIENT_ID, jwks, introspector=introspector)
    await introspector.close()


def said(issuer: Issuer, **changes: Any) -> dict[str, Any]:
    """What introspection says of a good token; None leaves a member out."""
    now = int(time.time())
    answer = {
        "active": True,
        "iss": issuer.url,
        "sub": "opaque-person",
        "aud": [API_AUDIENCE],
        "exp": now + 600,
        "iat": now,
        "token_type": "Bearer",
    }
    return {name: value for name, value in {**answer, **changes}.items() if value is not None}


async def outcome(verifier: TokenVerifier, token: str = OPAQUE, *, late_too: bool = False) -> str:
    """ "" for a token that is taken, else the code."""
    try:
        await verifier.access_claims(token, late_too=late_too)
    except Fault as fault:
        return fault.row.code
    return ""


async def test_an_active_token_is_taken_and_one_question_serves_everybody(
    issuer: Issuer, verifier: TokenVerifier
) -> None:
    assert set(await asyncio.gather(*(outcome(verifier) for _ in range(20)))) == {""}
    assert issuer.asked.count(INTROSPECTION) == 1


async def test_one_that_is_not_active_is_refused_and_asked_about_once(
    issuer: Issuer, verifier: TokenVerifier
) -> None:
    for _ in range(5):
        assert await outcome(verifier, "dW5rbm93bg") == "token_invalid"
    assert issuer.asked.count(INTROSPECTION) == 1


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"active": False}, "token_invalid"),
        ({"iss": "http://evil.example"}, "token_invalid"),
        ({"iss": None}, "token_invalid"),
        ({"aud": ["other"]}, "token_invalid"),
        ({"aud": None}, "token_invalid"),
        ({"aud": {"aidial-api": 1}}, "token_invalid"),
        ({"sub": None}, "token_invalid"),
        ({"sub": ""}, "token_invalid"),
        ({"exp": None}, "token_invalid"),
        ({"exp": "tomorrow"}, "token_invalid"),
        ({"exp": 1}, "token_expired"),
        ({"nbf": int(time.time()) + 36_000}, "token_invalid"),
        ({"amr": ["pwd"]}, "token_invalid"),
        ({"token_type": "N_A"}, "token_invalid"),
        ({"aud": API_AUDIENCE}, ""),
        ({"token_type": None}, ""),
        ({"active": "true"}, "dependency_unavailable"),
        ({"active": 1}, "dependency_unavailable"),
        ({"active": None}, "dependency_unavailable"),
    ],
)
async def test_what_the_issuer_says_is_judged_like_the_claims_of_a_jwt(
    issuer: Issuer, verifier: TokenVerifier, changes: dict[str, Any], code: str
) -> None:
    issuer.opaque[OPAQUE] = said(issuer, **changes)
    assert await outcome(verifier) == code


async def test_an_issuer_that_does_not_say_yes_or_no_lets_nobody_in(
    issuer: Issuer, verifier: TokenVerifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def down(_: web.Request) -> web.StreamResponse:
        return web.Response(status=500)

    async def elsewhere(_: web.Request) -> web.StreamResponse:
        return web.Response(status=307, headers={"location": "/introspect"})

    async def page(_: web.Request) -> web.StreamResponse:
        return web.Response(text="<html>")

    async def enormous(_: web.Request) -> web.StreamResponse:
        return web.Response(text='{"active": true, "x": "' + "y" * 600_000 + '"}')

    for trouble in (down, elsewhere, page, enormous):
        issuer.instead[INTROSPECTION] = trouble
        assert await outcome(verifier) == "dependency_unavailable", trouble.__name__
    gone = asyncio.Event()

    async def silent(_: web.Request) -> web.StreamResponse:
        await gone.wait()
        return web.Response()

    issuer.instead[INTROSPECTION] = silent
    with monkeypatch.context() as hasty:
        hasty.setattr(module, "TIMEOUT_S", 0.1)
        assert await outcome(verifier) == "dependency_timeout"
    gone.set()
    issuer.instead.clear()
    assert await outcome(verifier) == "", "a failure is never remembered"


async def test_a_wrong_secret_of_ours_is_our_trouble_not_the_callers(issuer: Issuer) -> None:
    jwks = Jwks(issuer.url)
    introspector = Introspector(IntrospectionClient("api@aidial", "another"), jwks)
    own = TokenVerifier(API_AUDIENCE, PORTAL_CLIENT_ID, jwks, introspector=introspector)
    assert await outcome(own) == "dependency_unavailable"
    assert "another" not in repr(IntrospectionClient("api@aidial", "another"))
    await introspector.close()


async def test_no_endpoint_in_discovery_lets_nobody_in(issuer: Issuer, verifier: TokenVerifier) -> None:
    issuer.more["introspection_endpoint"] = None
    assert await outcome(verifier) == "dependency_unavailable"


@pytest.mark.parametrize("token", ["a.b", "a.b.c", ".", "with space", "x" * 5_000, "a===", "\u00e9", "a\x00"])
async def test_only_text_that_may_be_an_opaque_token_is_asked_about(
    issuer: Issuer, verifier: TokenVerifier, token: str
) -> None:
    assert await outcome(verifier, token) == "token_malformed"
    assert INTROSPECTION not in issuer.asked


async def test_a_jwt_is_never_asked_about(issuer: Issuer, verifier: TokenVerifier) -> None:
    assert await outcome(verifier, good(issuer)) == ""
    assert INTROSPECTION not in issuer.asked


async def test_the_end_of_a_token_known_to_have_been_good_still_says_whose_it_was(
    issuer: Issuer, verifier: TokenVerifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A refresh lease is asked for with an expired token; a token ended before its time is no such."""
    monkeypatch.setattr(module, "KEPT_S", 0.0)
    own = Introspector(IntrospectionClient(*INTROSPECTION_CLIENT), Jwks(issuer.url))
    verifier._introspector = own
    issuer.opaque["c2hvcnQ"] = said(issuer, exp=time.time() + 1)
    assert await outcome(verifier, "c2hvcnQ") == ""
    assert await outcome(verifier) == ""
    issuer.opaque.clear()
    assert await outcome(verifier, late_too=True) == "token_invalid"
    async with asyncio.timeout(5):
        while await outcome(verifier, "c2hvcnQ", late_too=True) != "":
            assert await outcome(verifier, "c2hvcnQ") == "token_invalid"
    assert await outcome(verifier, "c2hvcnQ") == "token_invalid"
    assert await outcome(verifier, "bmV2ZXIgc2Vlbg", late_too=True) == "token_invalid"
    await own.close()


async def test_without_the_setting_an_opaque_token_is_malformed_and_with_it_a_robot_gets_in(
    world: World, issuer: Issuer
) -> None:
    subject = f"robot-{new_id()}"
    issuer.opaque[OPAQUE] = said(issuer, sub=subject)
    await add_service_account(
        world.urls.owner_url, HARBOUR, issuer=issuer.url, subject=subject, name="Robot", scope="read"
    )
    environ = {**world.environ, "ZITADEL_ISSUER": issuer.url}
    headers = {"authorization": f"Bearer {OPAQUE}"}
    async with running_api(environ) as api:
        assert (await Asker(api.http, headers).get("/v1/projects")).code == "token_malformed"
    client_id, client_secret = INTROSPECTION_CLIENT
    environ |= {
        "ZITADEL_INTROSPECTION": "true",
        "ZITADEL_INTROSPECTION_CLIENT_ID": client_id,
        "ZITADEL_INTROSPECTION_CLIENT_SECRET": client_secret,
    }
    async with running_api(environ) as api:
        robot = Asker(api.http, headers)
        assert (await robot.get("/v1/session-context")).json["actor"] == "service"
        issuer.instead[INTROSPECTION] = _unavailable
        other = await Asker(api.http, {"authorization": "Bearer b3RoZXI"}).get("/v1/projects")
        assert (other.status, other.code) == (503, "dependency_unavailable")
        assert int(other.headers["retry-after"]) >= 1


async def _unavailable(_: web.Request) -> web.StreamResponse:
    return web.Response(status=503)
