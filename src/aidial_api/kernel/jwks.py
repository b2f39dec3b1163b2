"""The issuer's signing keys: fetched, kept five minutes, served stale when the issuer is away.

The one thing a newcomer would get wrong: an unknown `kid` may refetch at most once a minute, or anybody
could make us hammer the issuer with made-up tokens.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import aiohttp
from joserfc.jwk import KeySet

from aidial_contract import errors
from aidial_contract.fault import Fault

FRESH_S = 300.0
UNKNOWN_KID_PAUSE_S = 60.0
FETCH_TIMEOUT_S = 3.5
MAX_BYTES = 512 * 1024
ASYMMETRIC = frozenset(
    {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"}
)


@dataclass(frozen=True, slots=True)
class IssuerKeys:
    """A key set and the algorithms discovery names (asymmetric ones only)."""

    keys: KeySet
    algorithms: tuple[str, ...]

    def holds(self, kid: str) -> bool:
        """Whether a key id is among them."""
        return any(key.kid == kid for key in self.keys.keys)


class Jwks:
    """The issuer's keys through discovery; one fetch at a time."""

    def __init__(self, issuer: str) -> None:
        self._issuer = issuer
        self._known: IssuerKeys | None = None
        self._fetched_at = float("-inf")
        self._asked_for_unknown_at = float("-inf")
        self._lock = asyncio.Lock()

    async def keys_for(self, kid: str) -> IssuerKeys:
        """The keys to verify a token of `kid` by. 503 `dependency_unavailable` when none are known."""
        now = time.monotonic()
        known = self._known
        if known is not None and now - self._fetched_at < FRESH_S and known.holds(kid):
            return known
        if known is not None and known.holds(kid):
            return await self._refreshed(known)
        if known is None or now - self._asked_for_unknown_at >= UNKNOWN_KID_PAUSE_S:
            if known is not None:
                self._asked_for_unknown_at = now
            return await self._refreshed(known, force=True)
        return known

    async def reachable(self) -> bool:
        """Whether the issuer answers discovery now, for health."""
        try:
            async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=FETCH_TIMEOUT_S)) as session:
                await _get_json(session, f"{self._issuer}/.well-known/openid-configuration")
        except (aiohttp.ClientError, TimeoutError, ValueError):
            return False
        return True

    async def _refreshed(self, known: IssuerKeys | None, *, force: bool = False) -> IssuerKeys:
        async with self._lock:
            if self._known is not None and self._known is not known:
                return self._known
            if not force and time.monotonic() - self._fetched_at < FRESH_S and known is not None:
                return known
            try:
                self._known = await self._fetch()
            except (aiohttp.ClientError, TimeoutError, ValueError) as error:
                if known is None:
                    raise Fault(
                        errors.DEPENDENCY_UNAVAILABLE, reason=f"issuer keys: {type(error).__name__}"
                    ) from None
                # Stale keys are better than nobody signed in; try again in a tenth of the usual time.
                self._fetched_at = time.monotonic() - FRESH_S * 0.9
                return known
            self._fetched_at = time.monotonic()
            return self._known

    async def _fetch(self) -> IssuerKeys:
        timeout = aiohttp.ClientTimeout(total=FETCH_TIMEOUT_S)
        async with aiohttp.ClientSession(timeout=timeout, cookie_jar=aiohttp.DummyCookieJar()) as session:
            discovery = await _get_json(session, f"{self._issuer}/.well-known/openid-configuration")
            if discovery.get("issuer") != self._issuer:
                raise ValueError("discovery names another issuer")
            jwks = await _get_json(session, str(discovery["jwks_uri"]))
        named = discovery.get("id_token_signing_alg_values_supported") or ["RS256"]
        return IssuerKeys(KeySet.import_key_set(jwks), _asymmetric(named))  # type: ignore[arg-type]


def _asymmetric(named: Sequence[Any]) -> tuple[str, ...]:
    return tuple(sorted({str(name) for name in named} & ASYMMETRIC)) or ("RS256",)


async def _get_json(session: aiohttp.ClientSession, url: str) -> dict[str, Any]:
    async with session.get(url, allow_redirects=False, headers={"accept-encoding": "identity"}) as answer:
        if answer.status != 200:  # noqa: PLR2004 - HTTP
            raise ValueError(f"{answer.status} from the issuer")
        body = await answer.content.read(MAX_BYTES + 1)
        if len(body) > MAX_BYTES or not answer.content.at_eof():
            # read() may give less than all: join the rest up to the cap.
            rest = await answer.content.read(MAX_BYTES + 1 - min(len(body), MAX_BYTES))
            body += rest
        if len(body) > MAX_BYTES:
            raise ValueError("issuer answer too large")
    value = json.loads(body)
    if not isinstance(value, dict):
        raise ValueError("issuer answer is no object")  # noqa: TRY004 - one kind for all bad answers
    return value
