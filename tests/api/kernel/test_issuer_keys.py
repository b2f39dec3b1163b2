"""The issuer's keys change, the issuer is slow, away or talks nonsense: who stays signed in, and who not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from aiohttp import web
from joserfc.jwk import RSAKey

from aidial_api.kernel import jwks as module
from aidial_api.kernel.jwks import FAILED_PAUSE_S, FRESH_S, MAX_BYTES, UNKNOWN_KID_PAUSE_S, Jwks
from aidial_api.kernel.tokens import LEEWAY_S, TokenVerifier
from aidial_contract.fault import Fault
from tests.api.kernel.forging import claims_for, good, header_for, jwk_of, signed
from tests.support.issuer import API_AUDIENCE, DISCOVERY, KEYS, PORTAL_CLIENT_ID, Issuer, running_issuer

NEW = RSAKey.generate_key(2048, {"kid": "new", "alg": "RS256"})
Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Clock:
    """A clock that a test moves."""

    def __init__(self, now: float = 1_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


@pytest.fixture
async def issuer() -> AsyncIterator[Issuer]:
    async with running_issuer() as running:
        yield running


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def verifier(issuer: Issuer, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> TokenVerifier:
    monkeypatch.setattr(module, "PATIENCE_S", 10.0)  # who tries a slow issuer sets their own
    return TokenVerifier(API_AUDIENCE, PORTAL_CLIENT_ID, Jwks(issuer.url, clock))


async def outcome(verifier: TokenVerifier, token: str) -> str:
    """ "" for a token that is taken, else the code."""
    try:
        await verifier.access_claims(token)
    except Fault as fault:
        return fault.row.code
    return ""


def by_the_new_key(issuer: Issuer) -> str:
    return signed(header_for(issuer, kid="new"), claims_for(issuer), NEW)


async def test_one_fetch_serves_everybody_for_five_minutes(
    issuer: Issuer, clock: Clock, verifier: TokenVerifier
) -> None:
    tokens = [good(issuer, jti=str(number)) for number in range(20)]
    assert set(await asyncio.gather(*(outcome(verifier, token) for token in tokens))) == {""}
    assert issuer.asked == [DISCOVERY, KEYS]
    clock.now += FRESH_S - 1
    assert await outcome(verifier, good(issuer)) == ""
    assert len(issuer.asked) == 2
    clock.now += 2
    assert await outcome(verifier, good(issuer)) == ""
    assert len(issuer.asked) == 4


async def test_an_issuer_whose_name_ends_with_a_slash_is_taken_by_that_name_alone(
    issuer: Issuer, verifier: TokenVerifier
) -> None:
    issuer.more["issuer"] = f"{issuer.url}/"
    assert await outcome(verifier, good(issuer, iss=f"{issuer.url}/")) == ""
    assert await outcome(verifier, good(issuer)) == "token_invalid"
    assert await outcome(verifier, good(issuer, iss=f"{issuer.url}//")) == "token_invalid"


async def test_a_new_key_is_fetched_when_its_first_token_comes(
    issuer: Issuer, verifier: TokenVerifier
) -> None:
    assert await outcome(verifier, good(issuer)) == ""
    issuer.keys.append(jwk_of(NEW))
    tokens = [by_the_new_key(issuer) for _ in range(10)]
    assert set(await asyncio.gather(*(outcome(verifier, token) for token in tokens))) == {""}
    assert issuer.asked == [DISCOVERY, KEYS] * 2


async def test_made_up_key_ids_make_us_ask_once_a_minute(
    issuer: Issuer, clock: Clock, verifier: TokenVerifier
) -> None:
    assert await outcome(verifier, good(issuer)) == ""
    for minute in range(3):
        for number in range(10):
            token = signed(header_for(issuer, kid=f"made-up-{number}"), claims_for(issuer), NEW)
            assert await outcome(verifier, token) == "token_invalid"
        assert len(issuer.asked) == 4 + 2 * minute
        clock.now += UNKNOWN_KID_PAUSE_S + 1


async def test_a_key_that_is_withdrawn_is_good_until_the_keys_are_asked_for_again_and_no_longer(
    issuer: Issuer, clock: Clock, verifier: TokenVerifier
) -> None:
    remembered, unseen = good(issuer), good(issuer, jti="unseen")
    assert await outcome(verifier, remembered) == ""
    issuer.keys[:] = [jwk_of(NEW)]
    assert await outcome(verifier, remembered) == ""
    clock.now += FRESH_S + 1
    assert await outcome(verifier, remembered) == "token_invalid"
    assert await outcome(verifier, unseen) == "token_invalid"
    assert await outcome(verifier, by_the_new_key(issuer)) == ""


async def test_another_key_under_the_old_name_does_not_inherit_its_tokens(
    issuer: Issuer, clock: Clock, verifier: TokenVerifier
) -> None:
    token = good(issuer)
    assert await outcome(verifier, token) == ""
    issuer.keys[:] = [jwk_of(NEW, kid=issuer.key.kid)]
    clock.now += FRESH_S + 1
    assert await outcome(verifier, token) == "token_invalid"


async def _down(_: web.Request) -> web.StreamResponse:
    return web.Response(status=503)


async def _elsewhere(_: web.Request) -> web.StreamResponse:
    return web.Response(status=302, headers={"location": "http://127.0.0.1:1/keys"})


async def _html(_: web.Request) -> web.StreamResponse:
    return web.Response(text="<html>", content_type="text/html")


async def _list(_: web.Request) -> web.StreamResponse:
    return web.json_response([])


async def _no_keys(_: web.Request) -> web.StreamResponse:
    return web.json_response({"keys": "none"})


async def _strange_keys(_: web.Request) -> web.StreamResponse:
    strange: list[object] = [
        5,
        None,
        [],
        {},
        {"kty": "RSA", "kid": "tests-1"},
        {"kty": "EC", "kid": "a", "crv": {}},
    ]
    return web.json_response({"keys": strange})


async def _deep(_: web.Request) -> web.StreamResponse:
    return web.Response(text="[" * 100_000)


async def _enormous(request: web.Request) -> web.StreamResponse:
    answer = web.StreamResponse(headers={"content-type": "application/json"})
    await answer.prepare(request)
    try:
        for _ in range(MAX_BYTES // 65_536 + 8):
            await answer.write(b" " * 65_536)
    except ConnectionError:
        pass
    return answer


async def _squeezed(_: web.Request) -> web.StreamResponse:
    return web.Response(body=b"\x1f\x8b\x08", headers={"content-encoding": "gzip"})


async def _cut(request: web.Request) -> web.StreamResponse:
    answer = web.StreamResponse(headers={"content-length": "1000"})
    await answer.prepare(request)
    await answer.write(b'{"keys": [')
    assert request.transport is not None
    request.transport.abort()
    return answer


TROUBLES: dict[str, Answer] = {
    "down": _down,
    "redirecting": _elsewhere,
    "a page": _html,
    "a list": _list,
    "no keys": _no_keys,
    "strange keys": _strange_keys,
    "nested without end": _deep,
    "enormous": _enormous,
    "squeezed": _squeezed,
    "cut off": _cut,
}


@pytest.mark.parametrize("place", [DISCOVERY, KEYS])
@pytest.mark.parametrize("trouble", TROUBLES.values(), ids=TROUBLES.keys())
async def test_while_the_issuer_is_in_trouble_known_keys_serve_and_unknown_ones_are_refused(
    issuer: Issuer, clock: Clock, verifier: TokenVerifier, place: str, trouble: Answer
) -> None:
    assert await outcome(verifier, good(issuer)) == ""
    issuer.instead[place] = trouble
    clock.now += FRESH_S + 1
    assert await outcome(verifier, good(issuer, jti="stale")) == ""
    asked = len(issuer.asked)
    assert await outcome(verifier, good(issuer, jti="stale too")) == ""
    assert len(issuer.asked) == asked, "it is left in peace for a while"
    assert await outcome(verifier, by_the_new_key(issuer)) == "token_invalid"
    issuer.instead.clear()
    issuer.keys.append(jwk_of(NEW))
    clock.now += max(FAILED_PAUSE_S, UNKNOWN_KID_PAUSE_S) + 1
    assert await outcome(verifier, by_the_new_key(issuer)) == ""


@pytest.mark.parametrize("trouble", TROUBLES.values(), ids=TROUBLES.keys())
async def test_when_nothing_is_known_yet_nobody_is_let_in_and_the_issuer_is_not_hammered(
    issuer: Issuer, clock: Clock, verifier: TokenVerifier, trouble: Answer
) -> None:
    issuer.instead[DISCOVERY] = trouble
    tokens = [good(issuer, jti=str(number)) for number in range(5)]
    codes = await asyncio.gather(*(outcome(verifier, token) for token in tokens))
    assert set(codes) == {"dependency_unavailable"}
    assert await outcome(verifier, good(issuer)) == "dependency_unavailable"
    assert issuer.asked == [DISCOVERY]
    issuer.instead.clear()
    clock.now += 2
    assert await outcome(verifier, good(issuer)) == ""


async def test_a_slow_issuer_holds_nobody_whose_key_is_known(
    issuer: Issuer, clock: Clock, verifier: TokenVerifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await outcome(verifier, good(issuer)) == ""
    arrived, go_on = asyncio.Event(), asyncio.Event()

    async def slow(_: web.Request) -> web.StreamResponse:
        arrived.set()
        await go_on.wait()
        return web.Response(status=503)

    issuer.instead[DISCOVERY] = slow
    monkeypatch.setattr(module, "PATIENCE_S", 0.05)
    clock.now += FRESH_S + 1
    async with asyncio.timeout(10):
        assert await outcome(verifier, good(issuer)) == ""
        await arrived.wait()
    go_on.set()


async def test_an_issuer_that_never_answers_is_given_up(
    issuer: Issuer, verifier: TokenVerifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = asyncio.Event()

    async def silent(_: web.Request) -> web.StreamResponse:
        await gone.wait()
        return web.Response()

    issuer.instead[DISCOVERY] = silent
    monkeypatch.setattr(module, "FETCH_TIMEOUT_S", 0.1)
    async with asyncio.timeout(10):
        assert await outcome(verifier, good(issuer)) == "dependency_unavailable"
    gone.set()


async def test_one_bad_key_does_not_spoil_the_set(issuer: Issuer, verifier: TokenVerifier) -> None:
    bad = [
        {"kty": "RSA", "kid": "no modulus", "e": "AQAB"},
        {"kty": "RSA", "kid": "n of another kind", "n": 5, "e": "AQAB"},
        {"kty": "EC", "kid": "off the curve", "crv": "P-256", "x": "AA", "y": "AA"},
        {"kty": "FUTURE", "kid": "unheard of"},
        {"kty": "OKP", "kid": "no x", "crv": "Ed25519"},
        "no key at all",
    ]
    issuer.keys[:0] = bad
    issuer.algorithms += ["ES256", "EdDSA"]
    assert await outcome(verifier, good(issuer)) == ""


async def test_two_keys_of_one_name_are_told_apart_by_what_they_are_for(
    issuer: Issuer, verifier: TokenVerifier
) -> None:
    issuer.algorithms.append("PS256")
    issuer.keys.insert(0, jwk_of(NEW, kid=issuer.key.kid, alg="PS256"))
    assert await outcome(verifier, good(issuer)) == ""
    other = signed(header_for(issuer, alg="PS256"), claims_for(issuer), NEW_PSS, "PS256")
    assert await outcome(verifier, other) == ""


NEW_PSS = RSAKey.import_key({**NEW.as_dict(private=True), "alg": "PS256"})


@pytest.mark.parametrize("named", [None, [], ["none"], ["HS256"], "RS256", [5, "RS256"]])
async def test_whatever_discovery_names_only_asymmetric_algorithms_count(
    issuer: Issuer, verifier: TokenVerifier, named: object
) -> None:
    issuer.more["id_token_signing_alg_values_supported"] = named
    assert await outcome(verifier, good(issuer)) == ""


@pytest.mark.parametrize("address", [None, 5, "", "file:///etc/passwd", "ftp://127.0.0.1/keys", "/keys"])
async def test_keys_are_fetched_from_an_address_of_the_web_only(
    issuer: Issuer, verifier: TokenVerifier, address: object
) -> None:
    issuer.more["jwks_uri"] = address
    assert await outcome(verifier, good(issuer)) == "dependency_unavailable"


async def test_discovery_of_another_issuer_is_not_believed(issuer: Issuer, verifier: TokenVerifier) -> None:
    issuer.more["issuer"] = "http://evil.example"
    assert await outcome(verifier, good(issuer)) == "dependency_unavailable"


@pytest.mark.parametrize(
    ("claim", "offset_s", "code"),
    [
        ("exp", LEEWAY_S, "token_expired"),
        ("exp", LEEWAY_S - 0.001, ""),
        ("nbf", -LEEWAY_S, ""),
        ("nbf", -LEEWAY_S - 0.001, "token_invalid"),
        ("iat", -LEEWAY_S, ""),
        ("iat", -LEEWAY_S - 0.001, "token_invalid"),
    ],
)
async def test_the_leeway_is_thirty_seconds_to_the_moment(
    issuer: Issuer, claim: str, offset_s: float, code: str
) -> None:
    """`offset_s`: how long after the claim's time it is now."""
    at = 2_000_000_000
    now = Clock(at + offset_s)
    own = TokenVerifier(API_AUDIENCE, PORTAL_CLIENT_ID, Jwks(issuer.url), now)
    times = {"exp": at + 10_000, "iat": at - 10_000, "nbf": at - 10_000, claim: at}
    token = good(issuer, **times)
    assert await outcome(own, token) == code
    assert await outcome(own, token) == code, "a token that is remembered ends like any other"
