"""Bearer tokens that look right and are not."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from joserfc.jwk import RSAKey

from aidial_contract.headers import AIDIAL_SESSION
from tests.people import ALICE
from tests.support.api import Answer, World
from tests.support.issuer import Issuer


def encoded(part: dict[str, Any] | bytes) -> str:
    raw = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def claims_of(issuer: Issuer) -> dict[str, Any]:
    payload = issuer.access_token(ALICE.subject).split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=="))
    return claims


def unsigned(issuer: Issuer) -> str:
    header = {"alg": "none", "kid": issuer.key.kid, "typ": "at+jwt"}
    return f"{encoded(header)}.{encoded(claims_of(issuer))}."


def signed_with_the_public_key(issuer: Issuer) -> str:
    header = {"alg": "HS256", "kid": issuer.key.kid, "typ": "at+jwt"}
    text = f"{encoded(header)}.{encoded(claims_of(issuer))}"
    secret = issuer.key.as_pem(private=False)
    return f"{text}.{encoded(hmac.new(secret, text.encode(), hashlib.sha256).digest())}"


def of_another_key(kid: str) -> Callable[[Issuer], str]:
    def make(issuer: Issuer) -> str:
        key = RSAKey.generate_key(2048, {"kid": kid, "use": "sig"})
        return issuer.sign(claims_of(issuer), key=key, header={"typ": "at+jwt"})

    return make


def with_its_own_key(issuer: Issuer) -> str:
    key = RSAKey.generate_key(2048, {"kid": str(issuer.key.kid)})
    header = {"typ": "at+jwt", "jwk": key.as_dict(private=False)}
    return issuer.sign(claims_of(issuer), key=key, header=header)


def changed(issuer: Issuer) -> str:
    header, _, signature = issuer.access_token(ALICE.subject).split(".")
    return f"{header}.{encoded({**claims_of(issuer), 'sub': 'somebody-else'})}.{signature}"


def typed(typ: str) -> Callable[[Issuer], str]:
    return lambda issuer: issuer.sign(claims_of(issuer), header={"typ": typ})


def saying(**claims: Any) -> Callable[[Issuer], str]:
    return lambda issuer: issuer.access_token(ALICE.subject, **claims)


INVALID: dict[str, Callable[[Issuer], str]] = {
    "an ID token": lambda issuer: issuer.id_token(ALICE.subject, ALICE.email),
    "an ID token for the API": saying(amr=["pwd"]),
    "a token with a nonce": saying(nonce="n"),
    "a logout token": typed("logout+jwt"),
    "unsigned": unsigned,
    "HS256 with the public key": signed_with_the_public_key,
    "an unknown key": of_another_key("nobody-knows-me"),
    "another key under the right name": of_another_key("tests-1"),
    "a key of its own in the header": with_its_own_key,
    "changed after signing": changed,
    "another issuer": saying(iss="http://127.0.0.1:1"),
    "another audience": saying(aud=["other"]),
    "no audience": saying(aud=None),
    "no subject": saying(sub=None),
    "no end": saying(exp=None),
    "an end that is true": saying(exp=True),
    "not valid yet": saying(nbf=int(time.time()) + 36_000),
}


async def ask_with(world: World, token: str) -> Answer:
    headers = {"authorization": f"Bearer {token}", AIDIAL_SESSION: world.alice.session_id}
    return await world.anonymous.ask("GET", "/v1/projects", headers=headers)


@pytest.mark.parametrize("make", INVALID.values(), ids=INVALID.keys())
async def test_no_access_token(world: World, make: Callable[[Issuer], str]) -> None:
    answer = await ask_with(world, make(world.issuer))
    assert (answer.status, answer.code) == (401, "token_invalid")
    assert answer.headers["www-authenticate"].startswith("Bearer ")


async def test_a_token_past_its_end_is_expired_even_when_it_was_good_before(world: World) -> None:
    assert (await ask_with(world, world.alice.bearer)).status == 200
    answer = await ask_with(world, world.issuer.access_token(ALICE.subject, exp=int(time.time()) - 31))
    assert (answer.status, answer.code) == (401, "token_expired")


async def test_half_a_minute_is_forgiven(world: World) -> None:
    late = world.issuer.access_token(ALICE.subject, exp=int(time.time()) - 5)
    assert (await ask_with(world, late)).status == 200


@pytest.mark.parametrize("text", ["x", "a.b", "a.b.c", "e30.e30.e30.e30", "..", "ä.ö.ü"])
async def test_text_that_is_no_token_is_malformed(world: World, text: str) -> None:
    answer = await ask_with(world, text)
    assert (answer.status, answer.code) == (401, "token_malformed")
