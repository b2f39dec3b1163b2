"""The identity provider over OpenID Connect, as the kernel's `Issuer`.

The one thing a newcomer would get wrong: a refresh under way is never cut short. A refresh token works once,
so an answer nobody waits for would be a session lost; `oidc` ends each exchange itself after 3.5 s.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from aidial_contract import errors
from aidial_contract.fault import Fault
from aidial_portal.kernel.issuer import RefusedRefreshError
from aidial_portal.kernel.oidc import OpenIdClient, OpenIdError, OpenIdSettings, issuer_http_session
from aidial_portal.kernel.oidc.issuer import origin_of
from aidial_portal.kernel.tokens import TokenSet

if TYPE_CHECKING:
    from aidial_portal.settings import PortalSettings

ASKED_AGAIN_S = 5.0
CALLBACK_PATH = "/api/auth/callback/zitadel"


class Provider:
    """One portal's registration at its issuer; made inside the event loop."""

    def __init__(self, settings: PortalSettings) -> None:
        self._http = issuer_http_session()
        self.client = OpenIdClient(
            OpenIdSettings(
                issuer=settings.zitadel_issuer,
                client_id=settings.zitadel_client_id,
                client_secret=settings.zitadel_client_secret,
                redirect_uri=settings.nextauth_url + CALLBACK_PATH,
                scope=settings.zitadel_scope,
            ),
            self._http,
        )
        self._always = frozenset({origin_of(settings.zitadel_issuer), *settings.sign_in_origins})
        # A page says where its forms may lead before anybody signs in.
        self._asking = asyncio.create_task(self._ask_where(), name="issuer's addresses")

    @property
    def form_origins(self) -> frozenset[str]:
        """The issuer's own origin, those its pages are at, and whatever is configured besides."""
        return self._always | self.client.origins

    async def _ask_where(self) -> None:
        while True:
            with suppress(OpenIdError):
                return await self.client.ask_where()
            await asyncio.sleep(ASKED_AGAIN_S)

    async def make_ready(self) -> None:
        """Have the issuer's addresses and keys at hand, as far as it tells them."""
        with suppress(OpenIdError):
            await self.client.make_ready()

    async def refresh(self, refresh_token: str, subject: str) -> TokenSet:
        """New tokens; `RefusedRefreshError`, or 503 when the issuer does not answer."""
        try:
            tokens = await self.client.refresh(refresh_token, subject=subject)
        except OpenIdError as error:
            if error.kind == "refused":
                raise RefusedRefreshError from None
            raise Fault(errors.DEPENDENCY_UNAVAILABLE, reason=f"issuer: {error.reason}") from None
        lifetime_s = max(0.0, tokens.expires_at - time.time())
        return TokenSet(tokens.access_token, tokens.expires_at, tokens.refresh_token, 0, lifetime_s)

    async def is_reachable(self, timeout_s: float) -> bool:
        """Whether discovery answers in time."""
        try:
            async with asyncio.timeout(timeout_s):
                return await self.client.is_reachable()
        except TimeoutError:
            return False

    async def close(self) -> None:
        """Close every connection."""
        self._asking.cancel()
        await self._http.close()
