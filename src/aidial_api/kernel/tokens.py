"""Bearer and ID tokens: signature, issuer, audience, times, and what makes a JWT no access token.

Source: `contract.md` section 8. The one thing a newcomer would get wrong: an ID token or a logout token is
a perfectly signed JWT of the right issuer, and must still be refused as a bearer.
"""

from __future__ import annotations

import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from joserfc.errors import JoseError
from joserfc.jws import JWSRegistry

from aidial_api.kernel.compact import Compact, parse, read_object
from aidial_api.kernel.introspection import Introspector, is_opaque
from aidial_api.kernel.jwks import ASYMMETRIC, Jwks, SigningKey
from aidial_contract import errors
from aidial_contract.fault import Fault

LEEWAY_S = 30
LATEST_S = 2**53
REMEMBERED = 4_096
NOT_ACCESS = ("nonce", "at_hash", "amr", "events")
FORBIDDEN_HEADERS = ("jwk", "jku", "x5u", "x5c", "crit", "zip", "b64", "cty")
LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"


def _invalid(reason: str) -> Fault:
    return Fault(errors.TOKEN_INVALID, reason=reason)


@dataclass(frozen=True, slots=True)
class _Seen:
    """A token found good, and the key that said so: it is good no longer than that key is the issuer's."""

    claims: dict[str, Any]
    key: SigningKey


class TokenVerifier:
    """Verifies tokens of one issuer; a token seen and good is remembered until it expires."""

    def __init__(
        self,
        audience: str,
        portal_client_id: str,
        jwks: Jwks,
        clock: Callable[[], float] = time.time,
        introspector: Introspector | None = None,
    ) -> None:
        self._audience = audience
        self._portal_client_id = portal_client_id
        self._jwks = jwks
        self._clock = clock
        self._introspector = introspector
        self._seen: OrderedDict[bytes, _Seen] = OrderedDict()
        self._was_active: OrderedDict[bytes, dict[str, Any]] = OrderedDict()

    async def access_claims(self, token: str, *, late_too: bool = False) -> dict[str, Any]:
        """The claims of an access token; `late_too`: of an expired one too.

        Errors: 401 `token_malformed`, `token_expired` or `token_invalid`.
        """
        digest = hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()
        if self._introspector is not None and is_opaque(token):
            return await self._opaque_claims(self._introspector, token, digest, late_too=late_too)
        seen = self._seen.get(digest)
        if seen is None or not await self._is_current(seen.key):
            parts = parse(token)
            if _typ(parts) not in {"at+jwt", "application/at+jwt", "jwt"}:
                raise _invalid("typ is of no access token")
            seen = await self._signed(parts)
            self.judge_access(seen.claims)
            self._seen[digest] = seen
            if len(self._seen) > REMEMBERED:
                self._seen.popitem(last=False)
        self.judge_times(seen.claims, late_too=late_too)
        return seen.claims

    async def id_claims(self, token: str, subject: str, nonce: str | None) -> dict[str, Any]:
        """The claims of an ID token of the portal for `subject`; 401 `token_*` when it is not.

        `nonce` is what the portal asked for: None means that the token must have none.
        """
        parts = parse(token)
        if _typ(parts) != "jwt":
            raise _invalid("typ is of no ID token")
        claims = (await self._signed(parts)).claims
        audiences = _audiences(claims)
        if claims.get("iss") != self._jwks.issuer or self._portal_client_id not in audiences:
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
        if type(auth_time) is not int or auth_time > self._clock() + LEEWAY_S:
            raise _invalid("auth_time is no time, or lies ahead")
        self.judge_times(claims)
        return claims

    async def logout_claims(self, token: str) -> dict[str, Any]:
        """The claims of a back-channel logout token for the portal; 401 `token_*` when it is none.

        `sub`, `sid` and `jti` are left to whoever acts on them.
        """
        parts = parse(token)
        if _typ(parts) not in {"logout+jwt", "application/logout+jwt", "jwt"}:
            raise _invalid("typ is of no logout token")
        claims = (await self._signed(parts)).claims
        if claims.get("iss") != self._jwks.issuer or self._portal_client_id not in _audiences(claims):
            raise _invalid("logout token of another issuer or client")
        events = claims.get("events")
        if not isinstance(events, dict) or not isinstance(events.get(LOGOUT_EVENT), dict):
            raise _invalid("events does not say logout")
        if "nonce" in claims:
            raise _invalid("a logout token has no nonce")
        if type(claims.get("iat")) is not int:
            raise _invalid("iat is no time")
        self.judge_times(claims)
        return claims

    def judge_access(self, claims: dict[str, Any]) -> None:
        """401 `token_invalid` unless these are the claims of an access token for the API."""
        if claims.get("iss") != self._jwks.issuer or self._audience not in _audiences(claims):
            raise _invalid("token of another issuer or audience")
        if any(name in claims for name in NOT_ACCESS):
            raise _invalid("not an access token")
        if not isinstance(claims.get("sub"), str) or not claims["sub"]:
            raise _invalid("no subject")

    def judge_times(self, claims: dict[str, Any], *, late_too: bool = False) -> None:
        """401 unless a token is neither early nor late: 30 s of leeway each way, its last second not good."""
        now = self._clock()
        begins, made = claims.get("nbf", 0), claims.get("iat", 0)
        if not all(_is_time(value) for value in (claims.get("exp"), begins, made)):
            raise _invalid("times are missing or of the wrong type")
        if max(begins, made) - LEEWAY_S > now:
            raise _invalid("not valid yet")
        if now >= claims["exp"] + LEEWAY_S and not late_too:
            raise Fault(errors.TOKEN_EXPIRED, reason="token expired")

    async def _opaque_claims(
        self, introspector: Introspector, token: str, digest: bytes, *, late_too: bool
    ) -> dict[str, Any]:
        claims = await introspector.claims(token)
        if claims is None:
            # The issuer says no more of a token that is over: only who saw it active knows whose it was.
            known = self._was_active.get(digest)
            if late_too and known is not None and known["exp"] <= self._clock():
                return known
            raise _invalid("not active, says the issuer")
        self.judge_access(claims)
        self.judge_times(claims, late_too=late_too)
        self._was_active[digest] = claims
        if len(self._was_active) > REMEMBERED:
            self._was_active.popitem(last=False)
        return claims

    async def _is_current(self, key: SigningKey) -> bool:
        """Whether the issuer still signs with that key, as far as is known."""
        return key in (await self._jwks.keys_for(key.kid)).by_kid.get(key.kid, ())

    async def _signed(self, parts: Compact) -> _Seen:
        algorithm, kid = parts.header.get("alg"), parts.header.get("kid")
        if not isinstance(algorithm, str) or algorithm not in ASYMMETRIC or not isinstance(kid, str):
            raise _invalid("algorithm or key id not accepted")
        if any(name in parts.header for name in FORBIDDEN_HEADERS):
            raise _invalid("header carries key material, or rules of its own")
        key = (await self._jwks.keys_for(kid)).fitting(kid, algorithm)
        if key is None:
            raise _invalid("unknown key, or an algorithm that is not the key's")
        try:
            good = JWSRegistry.algorithms[algorithm].verify(parts.signed, parts.signature, key.key)
        except (JoseError, ValueError) as error:
            raise _invalid(f"signature: {type(error).__name__}") from None
        if not good:
            raise _invalid("signature")
        return _Seen(read_object(parts.payload, "payload"), key)


def _typ(parts: Compact) -> str:
    return str(parts.header.get("typ", "JWT")).lower()


def _audiences(claims: dict[str, Any]) -> list[Any]:
    """Who a token is for: a text or a list of them; anything else is for nobody."""
    audience = claims.get("aud")
    return [audience] if isinstance(audience, str) else audience if isinstance(audience, list) else []


def _is_time(value: object) -> bool:
    """Seconds since 1970, whole or not."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= LATEST_S
