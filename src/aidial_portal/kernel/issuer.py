"""The identity provider as the kernel needs it: fresh tokens, whether it answers, and a clean end.

The one thing a newcomer would get wrong: nothing here knows which provider it is; `oidc.py` speaks the
protocol, this is only what guard, refresh and health ask of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from aidial_portal.kernel.oidc import OpenIdClient
    from aidial_portal.kernel.tokens import TokenSet


class RefusedRefreshError(Exception):
    """The issuer will never answer this refresh token again."""


class Refresher(Protocol):
    """The issuer, as far as refreshing goes."""

    async def make_ready(self) -> None:
        """Have at hand what a refresh needs besides the token. Never fails: the refresh itself will."""

    async def refresh(self, refresh_token: str, subject: str) -> TokenSet:
        """New tokens; `RefusedRefreshError`, or `Fault` 503 when the issuer does not answer."""


class Issuer(Refresher, Protocol):
    """What the portal's kernel asks of the identity provider."""

    @property
    def client(self) -> OpenIdClient:
        """The protocol itself, for next-auth's actions."""

    @property
    def form_origins(self) -> frozenset[str]:
        """Where a form of sign-in or sign-out may lead a browser, as far as is known."""

    async def is_reachable(self, timeout_s: float) -> bool:
        """Whether discovery answers, for health."""

    async def close(self) -> None:
        """Close every connection."""
