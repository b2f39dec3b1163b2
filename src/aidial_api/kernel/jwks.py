"""The issuer's signing keys: fetched, kept five minutes, served stale when the issuer is away.

The one thing a newcomer would get wrong: an unknown `kid` may refetch at most once a minute, or anybody
could make us hammer the issuer with made-up tokens. And a key set is a stranger's document: a key we cannot
use is left out, it never spoils the others.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import structlog
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, JWKRegistry, OKPKey, RSAKey

from aidial_contract import errors
from aidial_contract.fault import Fault

FRESH_S = 300.0
UNKNOWN_KID_PAUSE_S = 60.0
FAILED_PAUSE_S = 30.0
"""How long stale keys are served before the issuer is asked again."""
NOTHING_KNOWN_PAUSE_S = 1.0
"""How long 503 is answered without asking, when the issuer gave nothing yet."""
PATIENCE_S = 1.0
"""How long a request waits for fresh keys while stale ones are at hand."""
FETCH_TIMEOUT_S = 3.5
MAX_BYTES = 512 * 1024
MAX_KEYS = 100
LEAST_RSA_BITS = 2_048
_RSA = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"})
_BY_CURVE = {
    "P-256": frozenset({"ES256"}),
    "P-384": frozenset({"ES384"}),
    "P-521": frozenset({"ES512"}),
    "Ed25519": frozenset({"EdDSA", "Ed25519"}),
}
ASYMMETRIC = _RSA.union(*_BY_CURVE.values())
PublicKey = RSAKey | ECKey | OKPKey
_log = structlog.get_logger("aidial_api")


@dataclass(frozen=True, slots=True)
class SigningKey:
    """One public key, and the algorithms it may be used with: its own `alg`, or what fits its type."""

    kid: str
    algorithms: frozenset[str]
    thumbprint: str
    key: PublicKey = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class IssuerKeys:
    """The usable keys by id, the issuer's own name, and where to ask of opaque tokens (None: nowhere)."""

    by_kid: Mapping[str, tuple[SigningKey, ...]]
    issuer: str
    introspection_endpoint: str | None = None

    def holds(self, kid: str) -> bool:
        """Whether a key id is among them."""
        return kid in self.by_kid

    def fitting(self, kid: str, algorithm: str) -> SigningKey | None:
        """The key of that id that is pinned to that algorithm."""
        return next((key for key in self.by_kid.get(kid, ()) if algorithm in key.algorithms), None)


class Jwks:
    """The issuer's keys through discovery; one fetch at a time, shared by all who wait for it."""

    def __init__(self, issuer: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._issuer = issuer
        self._clock = clock
        self._known: IssuerKeys | None = None
        self._fresh_until = float("-inf")
        self._asked_for_unknown_at = float("-inf")
        self._running: asyncio.Task[IssuerKeys | None] | None = None

    @property
    def issuer(self) -> str:
        """What tokens name as their issuer: some end their name with a slash, which a setting has not."""
        return self._issuer if self._known is None else self._known.issuer

    async def keys_for(self, kid: str) -> IssuerKeys:
        """The keys to verify a token of `kid` by. 503 `dependency_unavailable` when none are known."""
        known, now = self._known, self._clock()
        if known is None:
            return await self.known()
        if known.holds(kid):
            return known if now < self._fresh_until else await self._refreshed(known, PATIENCE_S)
        if self._running is None:
            if now - self._asked_for_unknown_at < UNKNOWN_KID_PAUSE_S:
                return known
            self._asked_for_unknown_at = now
        return await self._refreshed(known, FETCH_TIMEOUT_S)

    async def known(self) -> IssuerKeys:
        """What the issuer last said, fetched when nothing is known yet. 503 when it does not answer."""
        if self._known is not None:
            return self._known
        found = None
        if self._running is not None or self._clock() >= self._fresh_until:
            found = await asyncio.shield(self._fetching())
        if found is None:
            raise Fault(errors.DEPENDENCY_UNAVAILABLE, reason="the issuer's keys are not known")
        return found

    async def reachable(self) -> bool:
        """Whether the issuer answers discovery now, for health."""
        try:
            async with _session() as session:
                await get_json(session, f"{self._issuer}/.well-known/openid-configuration")
        except (aiohttp.ClientError, TimeoutError, ValueError):
            return False
        return True

    async def _refreshed(self, known: IssuerKeys, patience_s: float) -> IssuerKeys:
        """Newer keys, or the known ones when those do not come in time."""
        try:
            async with asyncio.timeout(patience_s):
                return await asyncio.shield(self._fetching()) or known
        except TimeoutError:
            return known

    def _fetching(self) -> asyncio.Task[IssuerKeys | None]:
        if self._running is None:
            self._running = asyncio.create_task(self._fetch_once(), name="issuer keys")
        return self._running

    async def _fetch_once(self) -> IssuerKeys | None:
        try:
            found = await self._fetch()
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            _log.warning("issuer.keys_failed", error=type(error).__name__, stale=self._known is not None)
            # Stale keys are better than nobody signed in.
            pause_s = NOTHING_KNOWN_PAUSE_S if self._known is None else FAILED_PAUSE_S
            self._fresh_until = max(self._fresh_until, self._clock() + pause_s)
            return None
        else:
            self._known, self._fresh_until = found, self._clock() + FRESH_S
            return found
        finally:
            self._running = None

    async def _fetch(self) -> IssuerKeys:
        async with _session() as session:
            discovery = await get_json(session, f"{self._issuer}/.well-known/openid-configuration")
            issuer = discovery.get("issuer")
            if not isinstance(issuer, str) or issuer.rstrip("/") != self._issuer:
                raise ValueError("discovery names another issuer")
            keys_url = self._own_url(discovery.get("jwks_uri"))
            if keys_url is None:
                raise ValueError("discovery names no keys")
            jwks = await get_json(session, keys_url)
        named = discovery.get("id_token_signing_alg_values_supported")
        by_kid = usable_keys(jwks.get("keys"), _asymmetric(named))
        return IssuerKeys(by_kid, issuer, self._own_url(discovery.get("introspection_endpoint")))

    def _own_url(self, value: object) -> str | None:
        """An address the issuer names, when it is no less protected than the issuer itself."""
        if not isinstance(value, str):
            return None
        return value if urlsplit(value).scheme in {"https", urlsplit(self._issuer).scheme} else None


def usable_keys(listed: object, named: frozenset[str]) -> dict[str, tuple[SigningKey, ...]]:
    """The keys of a set that may verify with an algorithm of `named`; ValueError when there is none."""
    found: dict[str, tuple[SigningKey, ...]] = {}
    for one in listed[:MAX_KEYS] if isinstance(listed, list) else ():
        key = _usable(one, named) if isinstance(one, dict) else None
        if key is not None:
            found[key.kid] = (*found.get(key.kid, ()), key)
    if not found:
        raise ValueError("no usable key")
    return found


def _usable(jwk: Mapping[str, Any], named: frozenset[str]) -> SigningKey | None:
    kid, operations = jwk.get("kid"), jwk.get("key_ops", ["verify"])
    if not isinstance(kid, str) or jwk.get("use", "sig") != "sig" or "verify" not in _strings(operations):
        return None
    algorithms = named & _fitting(jwk)
    if "alg" in jwk:
        algorithms &= {str(jwk["alg"])}
    if not algorithms or _is_short(jwk):
        return None
    try:
        key = JWKRegistry.import_key(dict(jwk))
        if isinstance(key, RSAKey | ECKey | OKPKey):
            return SigningKey(kid, algorithms, key.thumbprint(), key)
    except (JoseError, ValueError, TypeError, KeyError) as error:
        _log.warning("issuer.key_unusable", error=type(error).__name__)
    return None


def _fitting(jwk: Mapping[str, Any]) -> frozenset[str]:
    """The algorithms a key's type and curve can do."""
    kind = jwk.get("kty")
    if kind == "RSA":
        return _RSA
    return _BY_CURVE.get(str(jwk.get("crv")), frozenset()) if kind in {"EC", "OKP"} else frozenset()


def _is_short(jwk: Mapping[str, Any]) -> bool:
    """Whether an RSA modulus has fewer bits than are safe today."""
    return jwk.get("kty") == "RSA" and len(str(jwk.get("n", ""))) * 6 < LEAST_RSA_BITS


def _asymmetric(named: object) -> frozenset[str]:
    return ASYMMETRIC & set(_strings(named)) or frozenset({"RS256"})


def _strings(value: object) -> Iterable[str]:
    return (one for one in value if isinstance(one, str)) if isinstance(value, list) else ()


def _session() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        timeout=aiohttp.ClientTimeout(total=FETCH_TIMEOUT_S),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
    )


async def get_json(session: aiohttp.ClientSession, url: str) -> dict[str, Any]:
    """A JSON object from the issuer; `aiohttp.ClientError`, `TimeoutError` or `ValueError` otherwise."""
    async with session.get(url, allow_redirects=False, headers={"accept-encoding": "identity"}) as answer:
        return await read_json(answer)


async def read_json(answer: aiohttp.ClientResponse) -> dict[str, Any]:
    """The body of a 200 as a JSON object, read up to a cap."""
    if answer.status != 200:  # noqa: PLR2004 - HTTP
        raise ValueError(f"{answer.status} from the issuer")
    body = bytearray()
    async for part in answer.content.iter_any():
        body += part
        if len(body) > MAX_BYTES:
            raise ValueError("issuer answer too large")
    try:
        value = json.loads(body)
    except RecursionError:
        raise ValueError("issuer answer is nested without end") from None
    if not isinstance(value, dict):
        raise ValueError("issuer answer is no object")  # noqa: TRY004 - one kind for all bad answers
    return value
