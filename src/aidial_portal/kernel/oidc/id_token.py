"""ID tokens: who signed in, said by the issuer, to this portal, now.

What a newcomer gets wrong: `aud` is a list at Zitadel (every client of the project), so being in it proves
little; `azp` says whom the token was made for.
"""

import base64
import hashlib
import hmac
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from joserfc import jwt
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import Key
from joserfc.jws import JWSRegistry

from aidial_portal.kernel.oidc.fault import OpenIdError
from aidial_portal.kernel.oidc.issuer import Issuer

CLOCK_TOLERANCE_S = 10
_REQUIRED = ("iss", "sub", "aud", "exp", "iat")
_DIGESTS = {
    "256": hashlib.sha256,
    "384": hashlib.sha384,
    "512": hashlib.sha512,
    "DSA": hashlib.sha512,
    "519": hashlib.sha512,
}


@dataclass(frozen=True, slots=True)
class Expected:
    """What this ID token must agree with. `nonce` None: none was sent."""

    client_id: str
    now_s: float
    nonce: str | None = None
    access_token: str | None = None


async def verify_id_token(text: str, issuer: Issuer, expected: Expected) -> dict[str, Any]:
    """Return the claims of a sound ID token; raises OpenIdError `invalid`, or `unavailable` without keys."""
    discovery = await issuer.discovery()
    header = _header(text)
    algorithm, kid = header.get("alg"), header.get("kid")
    if not isinstance(algorithm, str) or algorithm not in discovery.algorithms:
        raise OpenIdError("invalid", "ID token signed with an algorithm discovery does not name")
    if kid is not None and not isinstance(kid, str):
        raise OpenIdError("invalid", "ID token with an odd key id")
    claims = _verified(text, algorithm, await issuer.signing_keys(algorithm, kid))
    _check_parties(claims, discovery.issuer, expected.client_id)
    _check_times(claims, expected.now_s)
    _check_bindings(claims, algorithm, expected)
    return claims


def _header(text: str) -> dict[str, Any]:
    part = text.partition(".")[0]
    try:
        raw = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
        return msgspec.json.decode(raw, type=dict[str, Any])
    except (ValueError, msgspec.DecodeError) as error:
        raise OpenIdError("invalid", "ID token without a readable header") from error


def _verified(text: str, algorithm: str, keys: list[Key]) -> dict[str, Any]:
    registry = JWSRegistry(algorithms=[algorithm], strict_check_header=False)
    for key in keys:
        try:
            with warnings.catch_warnings():
                # Zitadel and others still write `EdDSA`, the name RFC 9864 replaces by `Ed25519`.
                warnings.simplefilter("ignore", SecurityWarning)
                return dict(jwt.decode(text, key, algorithms=[algorithm], registry=registry).claims)
        except (JoseError, ValueError, TypeError):
            continue
    raise OpenIdError("invalid", "ID token's signature fits none of the issuer's keys")


def _check_parties(claims: Mapping[str, Any], issuer: str, client_id: str) -> None:
    missing = [name for name in _REQUIRED if claims.get(name) is None]
    if missing:
        raise OpenIdError("invalid", f"ID token lacks {', '.join(missing)}")
    if claims["iss"] != issuer:
        raise OpenIdError("invalid", "ID token of another issuer")
    if not isinstance(claims["sub"], str) or not claims["sub"]:
        raise OpenIdError("invalid", "ID token without a subject")
    audience = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
    if client_id not in audience:
        raise OpenIdError("invalid", "ID token for another audience")
    authorised = claims.get("azp")
    if (authorised is None and len(audience) > 1) or authorised not in {None, client_id}:
        raise OpenIdError("invalid", "ID token made for another client")


def _check_times(claims: Mapping[str, Any], now_s: float) -> None:
    times = {name: claims.get(name, 0) for name in ("exp", "iat", "nbf")}
    if any(isinstance(value, bool) or not isinstance(value, int | float) for value in times.values()):
        raise OpenIdError("invalid", "ID token whose times are no numbers")
    if times["exp"] <= now_s - CLOCK_TOLERANCE_S:
        raise OpenIdError("invalid", "ID token expired")
    if times["nbf"] > now_s + CLOCK_TOLERANCE_S:
        raise OpenIdError("invalid", "ID token not valid yet")


def _check_bindings(claims: Mapping[str, Any], algorithm: str, expected: Expected) -> None:
    if expected.nonce is not None and not _same(claims.get("nonce"), expected.nonce):
        raise OpenIdError("invalid", "ID token with another nonce")
    if claims.get("at_hash") is not None and expected.access_token is not None:
        digest = _DIGESTS[algorithm[-3:]](expected.access_token.encode()).digest()
        half = base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()
        if not _same(claims["at_hash"], half):
            raise OpenIdError("invalid", "ID token made for another access token")


def _same(value: object, wanted: str) -> bool:
    return isinstance(value, str) and hmac.compare_digest(value.encode(), wanted.encode())
