"""Bearer tokens made to deceive: every one is refused, whatever trick it tries, and none is an error of ours.

The one thing a newcomer would get wrong: a refusal proves nothing unless its neighbour is accepted, so each
trick stands beside a token that differs by the trick alone and is taken.
"""

from __future__ import annotations

import base64
import json
import time
import zlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from joserfc.jwk import ECKey, OKPKey, RSAKey

from tests.api.kernel.forging import (
    claims_for,
    encoded,
    good,
    headed,
    header_for,
    jwk_of,
    signed,
    under_secret,
    with_signature,
)
from tests.support.api import RunningApi, World, running_api
from tests.support.issuer import API_AUDIENCE, PORTAL_CLIENT_ID, Issuer, running_issuer

INVALID, MALFORMED, EXPIRED = "token_invalid", "token_malformed", "token_expired"
ELLIPTIC = ECKey.generate_key("P-256", {"kid": "elliptic"})
EDWARDS = OKPKey.generate_key("Ed25519", {"kid": "edwards"})
UNPINNED = RSAKey.generate_key(2048, {"kid": "unpinned"})
PSS_ONLY = RSAKey.generate_key(2048, {"kid": "pss", "alg": "PS256"})
SHORT = rsa.generate_private_key(65_537, 1_024)  # noqa: S505 - a trap
FOR_SECRETS = RSAKey.generate_key(2048, {"kid": "for-secrets"})
STRANGERS = RSAKey.generate_key(2048, {"kid": "stranger"})
NAMED = ["RS256", "PS256", "ES256", "EdDSA", "none", "HS256"]
Make = Callable[[Issuer], str]
YEAR_S = 365 * 24 * 3_600


@pytest.fixture(scope="module")
async def issuer() -> AsyncIterator[Issuer]:
    """An issuer with a key of every kind, some of them traps."""
    async with running_issuer() as running:
        running.algorithms = NAMED
        running.keys += [
            jwk_of(ELLIPTIC, alg="ES256"),
            jwk_of(EDWARDS),
            jwk_of(UNPINNED),
            jwk_of(PSS_ONLY),
            _short_jwk(),
            jwk_of(FOR_SECRETS, use="enc"),
            {
                "kty": "oct",
                "kid": "shared",
                "k": encoded(b"everybody knows this secret of ours"),
                "use": "sig",
            },
        ]
        yield running


@pytest.fixture(scope="module")
async def api(world: World, issuer: Issuer) -> AsyncIterator[RunningApi]:
    async with running_api({**world.environ, "ZITADEL_ISSUER": issuer.url}) as running:
        yield running


def _short_jwk() -> dict[str, str]:
    numbers = SHORT.public_key().public_numbers()
    return {"kty": "RSA", "kid": "short", "use": "sig", "e": "AQAB", "n": encoded(numbers.n.to_bytes(128))}


def _by_the_short_key(issuer: Issuer) -> str:
    header, claims = header_for(issuer, kid="short"), claims_for(issuer)
    text = f"{encoded(header)}.{encoded(claims)}"
    return f"{text}.{encoded(SHORT.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


async def outcome(api: RunningApi, token: str) -> str:
    """ "" for a token that is taken, else the code it is refused with."""
    headers = {"authorization": f"Bearer {token}"}
    async with api.http.get("/v1/session-context", headers=headers) as answer:
        body = await answer.json()
        if answer.status == 200:
            return ""
        assert answer.status == 401, body
        assert answer.headers["www-authenticate"].startswith("Bearer ")
        return str(body["code"])


def by(key: RSAKey | ECKey | OKPKey, algorithm: str, **changes: Any) -> Make:
    """A good token by one of the issuer's other keys."""
    return lambda issuer: signed(
        header_for(issuer, kid=key.kid, alg=algorithm, **changes), claims_for(issuer), key, algorithm
    )


def saying(**changes: Any) -> Make:
    return lambda issuer: good(issuer, **changes)


def written(payload: str) -> Make:
    """A well-signed token whose payload is this text; `ISS` stands for the issuer."""
    return lambda issuer: signed(header_for(issuer), payload.replace("ISS", issuer.url).encode(), issuer.key)


def plus(member: str) -> str:
    return f'{{"iss":"ISS","sub":"forged","aud":"{API_AUDIENCE}","exp":{int(time.time()) + 36_000},{member}}}'


TAKEN: dict[str, Make] = {
    "the plainest": good,
    "without typ": lambda issuer: headed(issuer, typ=None),
    "typed in capitals": lambda issuer: headed(issuer, typ="AT+JWT"),
    "with a header member nobody knows": lambda issuer: headed(issuer, tenant="x"),
    "by an elliptic key": by(ELLIPTIC, "ES256"),
    "by an Edwards key": by(EDWARDS, "EdDSA"),
    "RS256 by a key that says no algorithm": by(UNPINNED, "RS256"),
    "PS256 by a key that says no algorithm": by(UNPINNED, "PS256"),
    "PS256 by a key that says so": by(PSS_ONLY, "PS256"),
    "audience as a list": saying(aud=["other", API_AUDIENCE]),
    "times with fractions": saying(exp=time.time() + 36_000.5, nbf=time.time() - 1.5, iat=time.time() - 2.5),
    "no iat": saying(iat=None),
    "iat a little ahead": saying(iat=int(time.time()) + 20),
    "nbf at the beginning of time": saying(nbf=0),
    "good for a hundred years": saying(exp=int(time.time()) + 100 * YEAR_S),
    "azp of the portal": saying(azp=PORTAL_CLIENT_ID),
}

ALGORITHMS: tuple[object, ...] = (
    *("none", "None", "NONE", "nOnE", " none", "", "rs256", "RS256 "),
    *(0, True, [], {}, ["RS256"]),
)
HEADERS: dict[str, tuple[Make, str]] = {
    **{
        f"alg {alg!r}": (lambda issuer, alg=alg: headed(issuer, alg=alg), INVALID)  # type: ignore[misc]
        for alg in ALGORITHMS
    },
    "alg null": (
        lambda issuer: signed({**header_for(issuer), "alg": None}, claims_for(issuer), issuer.key),
        INVALID,
    ),
    "alg absent": (lambda issuer: headed(issuer, alg=None), INVALID),
    "alg none and no signature": (
        lambda issuer: with_signature(header_for(issuer, alg="none"), claims_for(issuer), b""),
        INVALID,
    ),
    "no signature": (lambda issuer: with_signature(header_for(issuer), claims_for(issuer), b""), INVALID),
    "kid absent": (lambda issuer: headed(issuer, kid=None), INVALID),
    **{
        f"kid {str(kid)[:30]!r}": (
            lambda issuer, kid=kid: signed(
                {**header_for(issuer), "kid": kid}, claims_for(issuer), issuer.key
            ),  # type: ignore[misc]
            INVALID,
        )
        for kid in (
            "../../../../dev/null",
            "/etc/passwd",
            "' OR '1'='1",
            "x' UNION SELECT 'secret",
            "tests-1\x00",
            "TESTS-1",
            "",
            "k" * 5_000,
            None,
            ["tests-1"],
            {"kid": "tests-1"},
            0,
            True,
        )
    },
    "jwk": (
        lambda issuer: signed(header_for(issuer, jwk=jwk_of(STRANGERS)), claims_for(issuer), STRANGERS),
        INVALID,
    ),
    "jwk under a kid of its own": (
        lambda issuer: signed(
            header_for(issuer, kid="stranger", jwk=jwk_of(STRANGERS)), claims_for(issuer), STRANGERS
        ),
        INVALID,
    ),
    **{
        f"{name} beside a good signature": (
            lambda issuer, name=name, value=value: headed(issuer, **{name: value}),  # type: ignore[misc]
            INVALID,
        )
        for name, value in {
            "jwk": {},
            "jku": "http://127.0.0.1:1/keys",
            "x5u": "http://127.0.0.1:1/cert",
            "x5c": ["MIIB"],
            "crit": ["exp"],
            "b64": False,
            "zip": "DEF",
            "cty": "JWT",
        }.items()
    },
    "an unencoded payload": (lambda issuer: headed(issuer, b64=False, crit=["b64"]), INVALID),
    "an empty crit": (lambda issuer: headed(issuer, crit=[]), INVALID),
    **{
        f"typ {typ!r}": (
            lambda issuer, typ=typ: signed(
                {**header_for(issuer), "typ": typ}, claims_for(issuer), issuer.key
            ),  # type: ignore[misc]
            INVALID,
        )
        for typ in (
            "logout+jwt",
            "secevent+jwt",
            "dpop+jwt",
            "JWE",
            "",
            None,
            ["JWT"],
            {"x": 1},
            1,
            "at+jwt ",
        )
    },
    "two members of one name": (
        lambda issuer: signed(
            f'{{"alg":"none","kid":"{issuer.key.kid}","alg":"RS256"}}'.encode(),
            claims_for(issuer),
            issuer.key,
        ),
        MALFORMED,
    ),
    "two kids": (
        lambda issuer: signed(
            f'{{"alg":"RS256","kid":"x","kid":"{issuer.key.kid}"}}'.encode(), claims_for(issuer), issuer.key
        ),
        MALFORMED,
    ),
    "no object": (lambda issuer: signed([], claims_for(issuer), issuer.key), MALFORMED),
    "no JSON": (lambda issuer: signed(b"{", claims_for(issuer), issuer.key), MALFORMED),
    "UTF-16": (
        lambda issuer: signed(
            json.dumps(header_for(issuer)).encode("utf-16"), claims_for(issuer), issuer.key
        ),
        MALFORMED,
    ),
}

SIGNATURES: dict[str, tuple[Make, str]] = {
    "HS256 with the public key in PEM": (
        lambda issuer: under_secret(issuer, issuer.key.as_pem(private=False)),
        INVALID,
    ),
    "HS256 with the public key in DER": (
        lambda issuer: under_secret(issuer, issuer.key.as_der(private=False)),
        INVALID,
    ),
    "HS512 with the public key as JWK": (
        lambda issuer: under_secret(issuer, json.dumps(jwk_of(issuer.key)).encode(), "HS512"),
        INVALID,
    ),
    "HS256 with nothing": (lambda issuer: under_secret(issuer, b""), INVALID),
    "HS256 with a secret the issuer published": (
        lambda issuer: signed(
            header_for(issuer, kid="shared", alg="HS256"), claims_for(issuer), STRANGERS, "RS256"
        ),
        INVALID,
    ),
    "another key's": (lambda issuer: signed(header_for(issuer), claims_for(issuer), STRANGERS), INVALID),
    "a short key's": (_by_the_short_key, INVALID),
    "a key's that is for secrets": (by(FOR_SECRETS, "RS256"), INVALID),
    "PS256 by a key that is for RS256": (
        lambda issuer: signed(header_for(issuer, alg="PS256"), claims_for(issuer), issuer.key, "PS256"),
        INVALID,
    ),
    "RS256 by a key that is for PS256": (by(PSS_ONLY, "RS256"), INVALID),
    "RS512, which discovery does not name": (by(UNPINNED, "RS512"), INVALID),
    "ES256 under an RSA key's id": (
        lambda issuer: signed(header_for(issuer, alg="ES256"), claims_for(issuer), ELLIPTIC, "ES256"),
        INVALID,
    ),
    "RS256 under an elliptic key's id": (
        lambda issuer: signed(header_for(issuer, kid="elliptic"), claims_for(issuer), issuer.key),
        INVALID,
    ),
    "Ed25519 under a name discovery does not use": (by(EDWARDS, "Ed25519"), INVALID),
    **{
        f"ECDSA {name}": (
            lambda issuer, raw=raw: with_signature(  # type: ignore[misc]
                header_for(issuer, kid="elliptic", alg="ES256"), claims_for(issuer), raw
            ),
            INVALID,
        )
        for name, raw in {
            "of two zeros": bytes(64),
            "of r zero": bytes(32) + b"\x01" * 32,
            "of s zero": b"\x01" * 32 + bytes(32),
            "of the order of the curve": bytes.fromhex(
                "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551" * 2
            ),
            "too short": bytes(63),
            "too long": bytes(65),
            "in DER": bytes.fromhex("3006020101020101"),
            "in DER of zeros": bytes.fromhex("3006020100020100"),
            "of P-384's length": b"\x01" * 96,
            "of nothing": b"",
        }.items()
    },
    "Ed25519 of zeros": (
        lambda issuer: with_signature(
            header_for(issuer, kid="edwards", alg="EdDSA"), claims_for(issuer), bytes(64)
        ),
        INVALID,
    ),
    "RSA of ones": (
        lambda issuer: with_signature(header_for(issuer), claims_for(issuer), b"\x00" * 255 + b"\x01"),
        INVALID,
    ),
    "RSA too long": (
        lambda issuer: with_signature(header_for(issuer), claims_for(issuer), b"\xff" * 4_096),
        INVALID,
    ),
}

CLAIMS: dict[str, tuple[Make, str]] = {
    **{
        f"an ID token's {name}": (saying(**{name: value}), INVALID)
        for name, value in {
            "nonce": "n",
            "at_hash": "h",
            "amr": ["pwd", "mfa"],
            "events": {},
        }.items()
    },
    "an ID token": (lambda issuer: issuer.id_token("forged", None), INVALID),
    "an ID token for the API": (lambda issuer: issuer.id_token("forged", None, aud=[API_AUDIENCE]), INVALID),
    "a logout token for the API": (lambda issuer: issuer.logout_token("forged", aud=API_AUDIENCE), INVALID),
    "a logout token typed as a JWT": (
        lambda issuer: signed(
            header_for(issuer, typ="JWT"), claims_for(issuer, events={"x": {}}), issuer.key
        ),
        INVALID,
    ),
    **{
        f"iss {iss!r}": (saying(iss=iss), INVALID)
        for iss in ("http://evil.example", "", ["ISS"], {"ISS": 1}, 1, True)
    },
    "iss with a slash": (lambda issuer: good(issuer, iss=issuer.url + "/"), INVALID),
    "iss in a list": (lambda issuer: good(issuer, iss=[issuer.url]), INVALID),
    "iss absent": (saying(iss=None), INVALID),
    **{
        f"aud {aud!r}": (saying(aud=aud), INVALID)
        for aud in (
            "",
            "other",
            "aidial-api-2",
            "xaidial-api",
            "AIDIAL-API",
            [],
            ["other"],
            [["aidial-api"]],
            {"aidial-api": True},
            5,
            True,
            1.5,
            "aidial-api other",
        )
    },
    "aud absent": (saying(aud=None), INVALID),
    "aud null": (written(plus('"nbf":0').replace(f'"{API_AUDIENCE}"', "null")), INVALID),
    **{f"sub {sub!r}": (saying(sub=sub), INVALID) for sub in ("", 5, True, ["forged"], {"a": 1})},
    "sub absent": (saying(sub=None), INVALID),
    **{
        f"exp {exp!r}": (saying(exp=exp), INVALID)
        for exp in ("9999999999", True, [9999999999], {"a": 1}, -1, -(10**30), 10**30)
    },
    "exp absent": (saying(exp=None), INVALID),
    "exp null": (written(f'{{"iss":"ISS","sub":"forged","aud":"{API_AUDIENCE}","exp":null}}'), INVALID),
    "exp zero": (saying(exp=0), EXPIRED),
    "exp a day ago": (saying(exp=int(time.time()) - 86_400), EXPIRED),
    "exp just beyond the leeway": (lambda issuer: good(issuer, exp=int(time.time()) - 30), EXPIRED),
    **{
        f"exp written {text}": (
            written(f'{{"iss":"ISS","sub":"forged","aud":"{API_AUDIENCE}","exp":{text}}}'),
            MALFORMED,
        )
        for text in ("NaN", "Infinity", "-Infinity", "1e999", "1" * 5_000)
    },
    **{f"nbf {nbf!r}": (saying(nbf=nbf), INVALID) for nbf in ("0", True, [0], {"a": 1}, -5, 10**30)},
    "nbf null": (written(plus('"nbf":null')), INVALID),
    "nbf ahead": (lambda issuer: good(issuer, nbf=int(time.time()) + 40), INVALID),
    **{f"iat {iat!r}": (saying(iat=iat), INVALID) for iat in ("0", True, [0], {"a": 1}, -5, 10**30)},
    "iat ahead": (lambda issuer: good(issuer, iat=int(time.time()) + 40), INVALID),
    "two subjects": (written(plus('"sub":"admin"')), MALFORMED),
    "two members of one name far inside": (written(plus('"x":{"a":[{"b":1,"b":2}]}')), MALFORMED),
    "claims in a list": (
        lambda issuer: signed(header_for(issuer), [claims_for(issuer)], issuer.key),
        MALFORMED,
    ),
    "claims in a text": (lambda issuer: signed(header_for(issuer), "claims", issuer.key), MALFORMED),
    "claims that are no JSON": (written("iss=ISS"), MALFORMED),
    "claims nested without end": (written(plus('"x":' + "[" * 3_000 + "]" * 3_000)), MALFORMED),
    "a token within a token": (
        lambda issuer: signed(header_for(issuer, typ="JWT"), good(issuer).encode(), issuer.key),
        MALFORMED,
    ),
    "claims squeezed": (
        lambda issuer: signed(
            header_for(issuer), zlib.compress(json.dumps(claims_for(issuer)).encode()), issuer.key
        ),
        MALFORMED,
    ),
}


def respelt(change: Callable[[list[str]], str]) -> Make:
    return lambda issuer: change(good(issuer).split("."))


def stray_bits(part: str) -> str:
    """Another spelling of the same bytes, where the last letter has bits to spare."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    assert len(part) % 4
    return part[:-1] + letters[letters.index(part[-1]) + 1]


FORMS: dict[str, tuple[Make, str]] = {
    "padded": (respelt(lambda parts: ".".join(part + "=" * (-len(part) % 4) for part in parts)), MALFORMED),
    "its signature spelt otherwise": (
        respelt(lambda parts: f"{parts[0]}.{parts[1]}.{stray_bits(parts[2])}"),
        MALFORMED,
    ),
    "in the other alphabet": (
        lambda issuer: ".".join(
            base64.b64encode(base64.urlsafe_b64decode(part + "===")).decode().rstrip("=") + "/+"
            for part in good(issuer).split(".")
        ),
        MALFORMED,
    ),
    "a stray letter in it": (respelt(lambda parts: f"{parts[0]}.{parts[1]}!.{parts[2]}"), MALFORMED),
    "a fourth part": (respelt(lambda parts: ".".join([*parts, parts[2]])), MALFORMED),
    "five parts, as an encrypted token": (
        respelt(lambda parts: ".".join([*parts, "AAAA", "AAAA"])),
        MALFORMED,
    ),
    "the portal's own kind of cookie": (
        lambda _: "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..AAAAAAAAAAAAAAAA.AAAA.AAAAAAAAAAAAAAAAAAAAAA",
        MALFORMED,
    ),
    "as JSON": (
        lambda issuer: json.dumps(
            dict(zip(("protected", "payload", "signature"), good(issuer).split("."), strict=True))
        ).replace(" ", ""),
        MALFORMED,
    ),
    "detached": (respelt(lambda parts: f"{parts[0]}..{parts[2]}"), MALFORMED),
    "without its header": (respelt(lambda parts: f".{parts[1]}.{parts[2]}"), MALFORMED),
    "a part of one letter": (respelt(lambda parts: f"{parts[0]}.A.{parts[2]}"), MALFORMED),
    "an opaque one": (lambda _: "dGhpcyBpcyBvcGFxdWU", MALFORMED),
    "as large as a book": (saying(filling="x" * 13_000), MALFORMED),
}

ALL = {
    f"{kind}: {name}": made
    for kind, table in (("header", HEADERS), ("signature", SIGNATURES), ("claims", CLAIMS), ("form", FORMS))
    for name, made in table.items()
}


async def test_the_tokens_beside_the_tricks_are_taken(api: RunningApi, issuer: Issuer) -> None:
    refused = {name: code for name, make in TAKEN.items() if (code := await outcome(api, make(issuer)))}
    assert refused == {}


@pytest.mark.parametrize("kind", ["header", "signature", "claims", "form"])
async def test_every_trick_is_refused_with_its_code(api: RunningApi, issuer: Issuer, kind: str) -> None:
    tricks = {name: made for name, made in ALL.items() if name.startswith(kind)}
    found = {name: await outcome(api, make(issuer)) for name, (make, _) in tricks.items()}
    assert found == {name: code for name, (_, code) in tricks.items()}


async def test_no_trick_makes_the_issuer_work_more_than_once(api: RunningApi, issuer: Issuer) -> None:
    """Neither the made-up key ids nor the addresses in headers were followed."""
    await outcome(api, good(issuer))
    before = len(issuer.asked)
    for number in range(20):
        await outcome(api, headed(issuer, kid=f"made-up-{number}"))
    assert len(issuer.asked) - before <= 2
