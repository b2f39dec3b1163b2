"""What the issuer publishes: its discovery document and its signing keys, each kept for five minutes.

What a newcomer gets wrong: an unknown `kid` is no forgery yet. Keys rotate without notice, so it fetches the
keys anew, but at most once a minute, or anybody could make the portal hammer its issuer.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from joserfc.errors import JoseError
from joserfc.jwk import Key, import_key

from aidial_contract.settings import ORIGIN
from aidial_portal.kernel.oidc.fault import OpenIdError
from aidial_portal.kernel.oidc.http import ask
from aidial_portal.kernel.oidc.kept import Kept

FRESH_S = 300.0
UNKNOWN_KID_PAUSE_S = 60.0
ASYMMETRIC_ALGORITHMS = frozenset(
    {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"}
)
_KEY_TYPES = {"RS": "RSA", "PS": "RSA", "ES": "EC", "Ed": "OKP"}
_OK = 200


@dataclass(frozen=True, slots=True)
class Discovery:
    """The members of the discovery document that the portal uses; URLs absolute, algorithms asymmetric."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None
    end_session_endpoint: str | None
    algorithms: frozenset[str]
    names_itself_in_answers: bool


class Issuer:
    """One issuer's published data, through the process's issuer session."""

    def __init__(
        self, url: str, http: aiohttp.ClientSession, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._url = url.rstrip("/")
        self._http = http
        self._clock = clock
        self._discovery = Kept(self.fetch_discovery, FRESH_S, clock)
        self._keys = Kept(self._fetch_keys, FRESH_S, clock)
        self._asked_anew_s = float("-inf")

    async def discovery(self) -> Discovery:
        """Return the discovery document; raises OpenIdError when there never was a usable one."""
        return await self._discovery.get()

    @property
    def origins(self) -> frozenset[str]:
        """Where its pages are, as far as it was asked: those that somebody signs in and out at."""
        known = self._discovery.held
        if known is None:
            return frozenset()
        pages = (known.authorization_endpoint, known.end_session_endpoint)
        found = (origin_of(page) for page in pages if page is not None)
        # They go into a header: nothing that could end its place there.
        return frozenset(origin for origin in found if ORIGIN.fullmatch(origin))

    async def signing_keys(self, algorithm: str, kid: str | None) -> list[Key]:
        """Keys that may have signed with that algorithm under that id; empty when there is none."""
        found = _matching(await self._keys.get(), algorithm, kid)
        if not found and self._clock() - self._asked_anew_s >= UNKNOWN_KID_PAUSE_S:
            self._asked_anew_s = self._clock()
            found = _matching(await self._keys.get(anew=True), algorithm, kid)
        return found

    async def make_ready(self) -> None:
        """Fetch what is not kept; afterwards a signature is checked even while the issuer is away."""
        await self._discovery.get()
        await self._keys.get()

    async def fetch_discovery(self) -> Discovery:
        """Ask for the document now, whatever is kept; raises OpenIdError."""
        status, document = await ask(self._http, f"{self._url}/.well-known/openid-configuration")
        if status != _OK:
            raise OpenIdError("unavailable", f"discovery answered {status}")
        return _read_discovery(document, self._url)

    async def _fetch_keys(self) -> list[dict[str, Any]]:
        status, document = await ask(self._http, (await self.discovery()).jwks_uri)
        keys = document.get("keys")
        if status != _OK or not isinstance(keys, list):
            raise OpenIdError("invalid", f"signing keys answered {status} without a key list")
        return [key for key in keys if isinstance(key, dict)]


def origin_of(url: str) -> str:
    """Scheme, host and port of an absolute URL."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _read_discovery(document: dict[str, Any], url: str) -> Discovery:
    issuer = document.get("issuer")
    if not isinstance(issuer, str) or issuer.rstrip("/") != url:
        raise OpenIdError("invalid", "discovery names another issuer")
    named = document.get("id_token_signing_alg_values_supported", ["RS256"])
    algorithms = frozenset(named if isinstance(named, list) else []) & ASYMMETRIC_ALGORITHMS
    if not algorithms:
        raise OpenIdError("invalid", "discovery names no asymmetric algorithm for ID tokens")
    return Discovery(
        issuer=issuer,
        authorization_endpoint=_required(document, "authorization_endpoint", url),
        token_endpoint=_required(document, "token_endpoint", url),
        jwks_uri=_required(document, "jwks_uri", url),
        userinfo_endpoint=_endpoint(document, "userinfo_endpoint", url),
        end_session_endpoint=_endpoint(document, "end_session_endpoint", url),
        algorithms=algorithms,
        names_itself_in_answers=document.get("authorization_response_iss_parameter_supported") is True,
    )


def _required(document: dict[str, Any], member: str, issuer_url: str) -> str:
    endpoint = _endpoint(document, member, issuer_url)
    if endpoint is None:
        raise OpenIdError("invalid", f"discovery lacks {member}")
    return endpoint


def _endpoint(document: dict[str, Any], member: str, issuer_url: str) -> str | None:
    """Return an absolute URL; an https issuer may not send secrets over http."""
    value = document.get(member)
    if not isinstance(value, str):
        return None
    allowed = {"https"} if issuer_url.startswith("https://") else {"https", "http"}
    parts = urlsplit(value)
    if parts.scheme not in allowed or not parts.netloc:
        raise OpenIdError("invalid", f"discovery's {member} is no allowed URL")
    return value


def _matching(keys: list[dict[str, Any]], algorithm: str, kid: str | None) -> list[Key]:
    fitting = [
        key
        for key in keys
        if key.get("kty") == _KEY_TYPES[algorithm[:2]]
        and key.get("use", "sig") == "sig"
        and key.get("alg", algorithm) == algorithm
        and (kid is None or key.get("kid") == kid)
    ]
    if kid is None and len(fitting) > 1:
        return []
    return [key for key in map(_imported, fitting) if key is not None]


def _imported(jwk: dict[str, Any]) -> Key | None:
    try:
        return import_key(jwk)
    except (JoseError, ValueError, TypeError, KeyError):
        return None
