"""Second factors at the issuer: a phone that codes are sent to, by Zitadel's user service.

The one thing a newcomer would get wrong: Zitadel sends the codes and checks them, on its own pages. A
phone it has not verified yet gets a code first; the factor itself is added once it is.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final
from urllib.parse import quote

import aiohttp
import structlog

from aidial_api.kernel.jwks import read_json
from aidial_contract import errors
from aidial_contract.fault import Fault

TIMEOUT_S: Final = 3.0
_log = structlog.get_logger("aidial_api")


class IssuerFactors:
    """Asks with a token of the issuer's own (`ZITADEL_MANAGEMENT_TOKEN`); without one nothing is offered."""

    def __init__(self, issuer: str, token: str | None, *, timeout_s: float = TIMEOUT_S) -> None:
        self._issuer = issuer
        self._token = token
        self._timeout_s = timeout_s
        self._session_or_none: aiohttp.ClientSession | None = None

    @property
    def can_enrol(self) -> bool:
        """Whether there is a token to ask with."""
        return self._token is not None

    async def enrol_phone(self, subject: str, number: str) -> None:
        """Let codes be sent to a person's phone: verify it first, or add the factor. 503 when it fails."""
        try:
            async with asyncio.timeout(self._timeout_s):
                await self._enrol(f"/v2/users/{quote(subject, safe='')}", number)
        except TimeoutError:
            raise Fault(errors.DEPENDENCY_TIMEOUT, reason="the issuer took too long over a phone") from None
        except (aiohttp.ClientError, ValueError) as error:
            _log.warning("issuer.phone_failed", error=type(error).__name__)
            # Not the error's text: it may hold the number.
            reason = f"the issuer and a phone: {type(error).__name__}"
            raise Fault(errors.DEPENDENCY_UNAVAILABLE, reason=reason) from None

    async def close(self) -> None:
        """Close the connections to the issuer."""
        if self._session_or_none is not None:
            await self._session_or_none.close()

    async def _enrol(self, user: str, number: str) -> None:
        known = (await self._ask("GET", user)).get("user", {}).get("human", {}).get("phone", {})
        if known.get("phone") == number and known.get("isVerified") is True:
            await self._ask("POST", f"{user}/otp_sms", {}, also=frozenset({409}))
        else:
            await self._ask("POST", f"{user}/phone", {"phone": number, "sendCode": {}})

    async def _ask(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        *,
        also: frozenset[int] = frozenset(),
    ) -> dict[str, Any]:
        async with self._session().request(
            method, f"{self._issuer}{path}", json=body, allow_redirects=False
        ) as answer:
            if answer.status in also:
                return {}
            if answer.status not in {200, 201}:
                raise aiohttp.ClientResponseError(answer.request_info, (), status=answer.status)
            return await read_json(answer)

    def _session(self) -> aiohttp.ClientSession:
        if self._session_or_none is None:
            self._session_or_none = aiohttp.ClientSession(
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                headers={
                    "accept": "application/json",
                    "accept-encoding": "identity",
                    "authorization": f"Bearer {self._token}",
                },
            )
        return self._session_or_none
