"""Bearer and ID tokens: signature, issuer, audience, times, and what makes a JWT no access token.

Source: `contract.md` section 8. The one thing a newcomer would get wrong: an ID token or a logout token is
a perfectly signed JWT of the right issuer, and must still be refused as a bearer.
"""

from __future__ import annotations

import base64
import hashlib
import json
import time
from collections import OrderedDict
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError

from aidial_api.kernel.jwks import ASYMMETRIC, Jwks
from aidial_contract import errors
from aidial_contract.fault import Fault

LEEWAY_S = 30
MAX_TOKEN_BYTES = 16 * 1024
REMEMBERED = 4_096
NOT_ACCESS = ("nonce", "at_hash", "amr", "events")
FORBIDDEN_HEADERS = ("jwk", "jku", "x5u", "x5c", "crit", "zip", "b64")
LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
_PARTS = 3


def _malformed(reason: str) -> Fault:
    return Fault(errors.TOKEN_MALFORMED, reason=reason)


def _invalid(reason: str) -> Fault:
    return Fault(errors.TOKEN_INVALID, reason=reason)


def _header_of(token: str) -> dict[str, Any]:
    parts = token.split(".")
    if len(parts) != _PARTS or len(token) > MAX_TOKEN_BYTES or not token.isascii():
        raise _malformed("not a compact JWS")
    try:
        header = json.loads(base64.urlsafe_b64decode(parts[0] + "=" * (-len(parts[0]) % 4)))
    except (ValueError, RecursionError):
        raise _malformed("header is not JSON") from None
    if not isinstance(header, dict):
        raise _malformed("header is no object")
    return header


class TokenVerifier:
    """Verifies tokens of one issuer; a token seen and good is remembered until it expires."""

    def __init__(self, issuer: str, audience: str, portal_client_id: str, jwks: Jwks) -> None:
        self._issuer = issuer
        self._audience = audience
        self._portal_client_id = portal_client_id
        self._jwks = jwks
        self._seen: OrderedDict[bytes, dict[str, Any]] = OrderedDict()

    async def access_claims(self, token: str, *, late_too: bool = False) -> dict[str, Any]:
        """The claims of an access token; `late_too`: of an expired one too.

        Errors: 401 `token_malformed`, `token_expired` or `token_invalid`.
        """
        digest = hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()
        claims = self._seen.get(digest)
        if claims is None:
            header = _header_of(token)
            typ = str(header.get("typ", "JWT")).lower()
            if typ not in {"at+jwt", "application/at+jwt", "jwt"}:
                raise _invalid("typ is of no access token")
            claims = await self._signed_claims(token, header)
            self._judge_access(claims)
            self._seen[digest] = claims
            if len(self._seen) > REMEMBERED:
                self._seen.popitem(last=False)
        _judge_times(claims, late_too=late_too)
        return claims

    async def id_claims(self, token: str, subject: str, nonce: str | None) -> dict[str, Any]:
        """The claims of an ID token of the portal for `subject`; 401 `token_*` when it is not.

        `nonce` is what the portal asked for: None means that the token must have none.
        """
        header = _header_of(token)
        if str(header.get("typ", "JWT")).lower() != "jwt":
            raise _invalid("typ is of no ID token")
        claims = await self._signed_claims(token, header)
        audience = claims.get("aud")
        audiences = [audience] if isinstance(audience, str) else audience or []
        if claims.get("iss") != self._issuer or self._portal_client_id not in audiences:
            raise _invalid("ID token of another issuer or client")
        if "azp" in claims and claims["azp"] != self._portal_client_id:
            raise _invalid("azp is another client")
        if len(audiences) > 1 and "azp" not in claims:
            raise _invalid("several audiences and no azp")
        if claims.get("sub") != subject:
            raise _invalid("ID token of another subject")
        if claims.get("nonce") != nonce:
            raise _invalid("nonce differs")
        if "events" in claims:
            raise _invalid("a logout token is no ID token")
        auth_time = claims.get("auth_time", 0)
        if type(auth_time) is not int or auth_time > time.time() + LEEWAY_S:
            raise _invalid("auth_time is no time, or lies ahead")
        _judge_times(claims)
        return claims

    async def logout_claims(self, token: str) -> dict[str, Any]:
        """The claims of a back-channel logout token for the portal; 401 `token_*` when it is none.

        `sub`, `sid` and `jti` are left to whoever acts on them.
        """
        header = _header_of(token)
        if str(header.get("typ", "JWT")).lower() not in {"logout+jwt", "application/logout+jwt", "jwt"}:
            raise _invalid("typ is of no logout token")
        claims = await self._signed_claims(token, header)
        audience = claims.get("aud")
        audiences = [audience] if isinstance(audience, str) else audience or []
        if claims.get("iss") != self._issuer or self._portal_client_id not in audiences:
            raise _invalid("logout token of another issuer or client")
        events = claims.get("events")
        if not isinstance(events, dict) or not isinstance(events.get(LOGOUT_EVENT), dict):
            raise _invalid("events does not say logout")
        if "nonce" in claims:
            raise _invalid("a logout token has no nonce")
        issued_at = claims.get("iat")
        if type(issued_at) is not int or issued_at > time.time() + LEEWAY_S:
            raise _invalid("iat is no time, or lies ahead")
        _judge_times(claims)
        return claims

    async def _signed_claims(self, token: str, header: dict[str, Any]) -> dict[str, Any]:
        algorithm, kid = header.get("alg"), header.get("kid")
        if not isinstance(algorithm, str) or algorithm not in ASYMMETRIC or not isinstance(kid, str):
            raise _invalid("algorithm or key id not accepted")
        if any(name in header for name in FORBIDDEN_HEADERS):
            raise _invalid("header carries key material")
        known = await self._jwks.keys_for(kid)
        if algorithm not in known.algorithms or not known.holds(kid):
            raise _invalid("unknown key or algorithm")
        key = next(key for key in known.keys.keys if key.kid == kid)
        pinned = key.alg
        if pinned is not None and pinned != algorithm:
            raise _invalid("algorithm is not the key's")
        try:
            verified = jws.deserialize_compact(token, key, algorithms=[algorithm])
            claims = json.loads(verified.payload)
        except (JoseError, ValueError) as error:
            raise _invalid(f"signature: {type(error).__name__}") from None
        if not isinstance(claims, dict):
            raise _malformed("claims are no object")
        return claims

    def _judge_access(self, claims: dict[str, Any]) -> None:
        audience = claims.get("aud")
        audiences = [audience] if isinstance(audience, str) else audience or []
        if claims.get("iss") != self._issuer or self._audience not in audiences:
            raise _invalid("token of another issuer or audience")
        if any(name in claims for name in NOT_ACCESS):
            raise _invalid("not an access token")
        if not isinstance(claims.get("sub"), str) or not claims["sub"]:
            raise _invalid("no subject")


def _judge_times(claims: dict[str, Any], *, late_too: bool = False) -> None:
    now = time.time()
    expires, not_before = claims.get("exp"), claims.get("nbf", 0)
    if not isinstance(expires, int | float) or not isinstance(not_before, int | float):
        raise _invalid("times are missing or of the wrong type")
    if isinstance(expires, bool) or isinstance(not_before, bool) or now < not_before - LEEWAY_S:
        raise _invalid("not valid yet")
    if now >= expires + LEEWAY_S and not late_too:
        raise Fault(errors.TOKEN_EXPIRED, reason="token expired")
