"""NextAuth's own CSRF double submit, for the actions under `/api/auth/` only.

What a newcomer gets wrong: this token is not bound to a session, so the portal's own mutating routes use
`aidial_csrf` instead. Cookie value: `<token>|<sha256hex(token + NEXTAUTH_SECRET)>`.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CsrfState:
    """The token of this browser.

    `cookie_value` is what to set when it had no valid one, else None; `verified` says that the caller proved
    that it knows the token.
    """

    token: str
    cookie_value: str | None
    verified: bool


def check_csrf(secret: str, *, cookie_value: str | None, body_token: object) -> CsrfState:
    """Read the cookie or make a new token. `body_token` is `csrfToken` of a POST body, else None."""
    token = _token_of(secret, cookie_value)
    if token is None:
        token = secrets.token_hex(32)
        return CsrfState(token, cookie_value=f"{token}|{_hash(secret, token)}", verified=False)
    verified = isinstance(body_token, str) and _same(body_token, token)
    return CsrfState(token, cookie_value=None, verified=verified)


def _token_of(secret: str, cookie_value: str | None) -> str | None:
    if not cookie_value:
        return None
    token, bar, proof = cookie_value.partition("|")
    return token if bar and _same(proof.partition("|")[0], _hash(secret, token)) else None


def _hash(secret: str, token: str) -> str:
    return hashlib.sha256(f"{token}{secret}".encode(errors="surrogatepass")).hexdigest()


def _same(left: str, right: str) -> bool:
    return hmac.compare_digest(left.encode(errors="surrogatepass"), right.encode(errors="surrogatepass"))
