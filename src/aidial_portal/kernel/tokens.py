"""A person's tokens: what a cookie carries of them, and how the newest set is sealed for the registry.

The one thing a newcomer would get wrong: the refresh token is never in a cookie. It lives in the API's
registry, sealed under a key that the API does not know, so that several portals can share one rotation.
"""

from __future__ import annotations

import base64
import binascii
import os
from dataclasses import dataclass, field, replace
from typing import Any, Final

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from aidial_portal.kernel.nextauth.keys import derive_key

NEAR_EXPIRY_S: Final = 10.0
SEAL_INFO: Final = "aidial sealed tokens"
_NONCE_BYTES: Final = 12
_PREFIX: Final = "v1."


@dataclass(frozen=True, slots=True)
class TokenSet:
    """`expires_at` and `lifetime_s` are seconds; `generation` counts the refreshes of one session."""

    access_token: str = field(repr=False)
    expires_at: float
    refresh_token: str | None = field(repr=False, default=None)
    generation: int = 0
    lifetime_s: float = 0.0

    def is_near_expiry(self, now: float) -> bool:
        """Whether to refresh before using it: 10 s before the end, a quarter of a shorter life."""
        margin = min(NEAR_EXPIRY_S, self.lifetime_s / 4) if self.lifetime_s else NEAR_EXPIRY_S
        return now >= self.expires_at - margin

    def is_usable(self, now: float) -> bool:
        """Whether the API may still accept it."""
        return now < self.expires_at

    def at(self, generation: int) -> TokenSet:
        """The same tokens as the registry numbers them."""
        return replace(self, generation=generation)


class _Sealed(msgspec.Struct, frozen=True):
    access_token: str
    expires_at: float
    refresh_token: str | None
    lifetime_s: float


class Sealer:
    """Seals token sets under a key derived from `NEXTAUTH_SECRET`, bound to the subject they belong to."""

    def __init__(self, nextauth_secret: str) -> None:
        self._aesgcm = AESGCM(derive_key(nextauth_secret, salt="", info=SEAL_INFO))

    def seal(self, tokens: TokenSet, subject: str) -> str:
        """Text of `[A-Za-z0-9_.-]` that only a portal with the same secret can open."""
        plain = msgspec.json.encode(
            _Sealed(tokens.access_token, tokens.expires_at, tokens.refresh_token, tokens.lifetime_s)
        )
        nonce = os.urandom(_NONCE_BYTES)
        sealed = nonce + self._aesgcm.encrypt(nonce, plain, subject.encode())
        return _PREFIX + base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()

    def open(self, sealed: str, subject: str, generation: int) -> TokenSet | None:
        """The token set, or None when it was not sealed by us for this subject."""
        try:
            text = sealed.removeprefix(_PREFIX)
            raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
            plain = self._aesgcm.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], subject.encode())
            stored = msgspec.json.decode(plain, type=_Sealed)
        except (binascii.Error, ValueError, InvalidTag, msgspec.DecodeError):
            return None
        return TokenSet(
            stored.access_token, stored.expires_at, stored.refresh_token, generation, stored.lifetime_s
        )


def tokens_of_claims(claims: dict[str, Any]) -> TokenSet:
    """The tokens a checked cookie carries."""
    generation = claims.get("token_generation", 0)
    return TokenSet(
        access_token=claims["access_token"],
        expires_at=float(claims["expires_at"]),
        generation=generation if isinstance(generation, int) and generation >= 0 else 0,
    )
