"""Opaque access tokens: the issuer is asked what they mean (RFC 7662), with `ZITADEL_INTROSPECTION=true`.

The one thing a newcomer would get wrong: an answer that does not come, or is none, is 503 and never a yes.
Only `"active": true` is a yes; what it says of issuer, audience and times is judged like a JWT's claims.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote_plus

import aiohttp
import structlog

from aidial_api.kernel.jwks import Jwks, read_json
from aidial_api.kernel.remembered import Remembered
from aidial_contract import errors
from aidial_contract.fault import Fault

KEPT_S = 10.0
"""How long an answer is used again: a token the issuer ends is taken for so long at most."""
TIMEOUT_S = 2.0
AT_ONCE = 32
_OPAQUE = re.compile(r"[A-Za-z0-9_~+/-]{1,4096}={0,2}")
_log = structlog.get_logger("aidial_api")


def is_opaque(token: str) -> bool:
    """Whether a bearer is a token without parts; whatever has a dot claims to be a JWT, and is judged so."""
    return _OPAQUE.fullmatch(token) is not None


@dataclass(frozen=True, slots=True)
class IntrospectionClient:
    """Who we are to the issuer."""

    client_id: str
    client_secret: str = field(repr=False)

    def authorization(self) -> str:
        """HTTP Basic; both parts are form-encoded first (RFC 6749, 2.3.1)."""
        pair = f"{quote_plus(self.client_id)}:{quote_plus(self.client_secret)}"
        return "Basic " + base64.b64encode(pair.encode()).decode()


class Introspector:
    """Asks the issuer about opaque tokens; one question for all who wait for the same answer."""

    def __init__(self, client: IntrospectionClient, jwks: Jwks) -> None:
        self._client = client
        self._jwks = jwks
        self._answers: Remembered[dict[str, Any] | None] = Remembered(max_age_s=KEPT_S)
        self._places = asyncio.Semaphore(AT_ONCE)
        self._session_or_none: aiohttp.ClientSession | None = None

    async def claims(self, token: str) -> dict[str, Any] | None:
        """What an active token says, None for any other. 503 when the issuer does not tell."""
        digest = hashlib.sha256(token.encode()).hexdigest()
        return await self._answers.get(digest, lambda: self._ask(token))

    async def close(self) -> None:
        """Close the connections to the issuer."""
        if self._session_or_none is not None:
            await self._session_or_none.close()

    async def _ask(self, token: str) -> dict[str, Any] | None:
        try:
            async with asyncio.timeout(TIMEOUT_S), self._places:
                return await self._answer(token)
        except TimeoutError:
            raise Fault(errors.DEPENDENCY_TIMEOUT, reason="introspection took too long") from None
        except (aiohttp.ClientError, ValueError) as error:
            _log.warning("issuer.introspection_failed", error=type(error).__name__)
            raise Fault(
                errors.DEPENDENCY_UNAVAILABLE, reason=f"introspection: {type(error).__name__}: {error}"
            ) from None

    async def _answer(self, token: str) -> dict[str, Any] | None:
        url = (await self._jwks.known()).introspection_endpoint
        if url is None:
            raise ValueError("discovery names no introspection endpoint")
        headers = {"authorization": self._client.authorization(), "accept": "application/json"}
        form = {"token": token, "token_type_hint": "access_token"}
        async with self._session().post(url, data=form, headers=headers, allow_redirects=False) as answer:
            value = await read_json(answer)
        active = value.get("active")
        if not isinstance(active, bool):
            raise ValueError("introspection does not say whether the token is active")  # noqa: TRY004
        is_bearer = str(value.get("token_type", "Bearer")).lower() in {"bearer", "access_token"}
        return value if active and is_bearer else None

    def _session(self) -> aiohttp.ClientSession:
        if self._session_or_none is None:
            self._session_or_none = aiohttp.ClientSession(
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                headers={"accept-encoding": "identity"},
            )
        return self._session_or_none
