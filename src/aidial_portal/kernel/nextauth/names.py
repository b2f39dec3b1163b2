"""The names of the portal's cookies, plain over http and prefixed over https.

What a newcomer gets wrong: `NEXTAUTH_URL` decides, never the request. Behind a proxy that ends TLS the
request says http while the browser must get the prefixed names.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CookieNames:
    """Full names, prefix included; `secure` says whether every cookie carries `Secure`."""

    secure: bool
    session: str
    csrf: str
    callback_url: str
    pkce: str
    state: str
    nonce: str
    aidial_csrf: str


PLAIN_SESSION = "next-auth.session-token"
SECURE_SESSION = f"__Secure-{PLAIN_SESSION}"


def cookie_names(nextauth_url: str) -> CookieNames:
    """Secure names exactly when `NEXTAUTH_URL` starts with `https://`."""
    secure = nextauth_url.startswith("https://")
    prefix = "__Secure-" if secure else ""
    host_prefix = "__Host-" if secure else ""
    return CookieNames(
        secure=secure,
        session=SECURE_SESSION if secure else PLAIN_SESSION,
        csrf=f"{host_prefix}next-auth.csrf-token",
        callback_url=f"{prefix}next-auth.callback-url",
        pkce=f"{prefix}next-auth.pkce.code_verifier",
        state=f"{prefix}next-auth.state",
        nonce=f"{prefix}next-auth.nonce",
        aidial_csrf=f"{host_prefix}aidial.csrf",
    )
