"""The portal's symmetric keys, all derived from `NEXTAUTH_SECRET` once at start.

What a newcomer gets wrong: the session key has an EMPTY salt, while state, PKCE and nonce use the cookie's
full name (prefix included) as salt and inside the info text. So moving from http to https changes three of
the keys, but not the session's.
"""

from dataclasses import dataclass, field

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from aidial_portal.kernel.nextauth.names import CookieNames

_INFO = "NextAuth.js Generated Encryption Key"
_CSRF_INFO = "aidial csrf"
_KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class PortalKeys:
    """Five 32-byte keys; none of them shows in a repr."""

    session: bytes = field(repr=False)
    state: bytes = field(repr=False)
    pkce: bytes = field(repr=False)
    nonce: bytes = field(repr=False)
    aidial_csrf: bytes = field(repr=False)


def derive_key(secret: str, *, salt: str, info: str) -> bytes:
    """HKDF-SHA256 of the secret's UTF-8 bytes: 32 bytes."""
    hkdf = HKDF(algorithm=SHA256(), length=_KEY_BYTES, salt=salt.encode(), info=info.encode())
    return hkdf.derive(secret.encode())


def derive_keys(secret: str, names: CookieNames) -> PortalKeys:
    """Every key of the portal for one secret and one set of cookie names."""
    return PortalKeys(
        session=derive_key(secret, salt="", info=_INFO),
        state=_cookie_key(secret, names.state),
        pkce=_cookie_key(secret, names.pkce),
        nonce=_cookie_key(secret, names.nonce),
        aidial_csrf=derive_key(secret, salt="", info=_CSRF_INFO),
    )


def _cookie_key(secret: str, cookie_name: str) -> bytes:
    return derive_key(secret, salt=cookie_name, info=f"{_INFO} ({cookie_name})")
