"""The portal's own CSRF token, bound to one session: `random.HMAC-SHA256(key, session id, random)`.

What a newcomer gets wrong: header and cookie being equal is not enough. A sibling host can plant a cookie;
only the keyed part proves that the portal made the token, and made it for THIS session.
"""

import base64
import hashlib
import hmac
import secrets
from typing import Literal

from aidial_portal.kernel.nextauth.cookies import Cookie
from aidial_portal.kernel.nextauth.names import CookieNames

HEADER = "X-CSRF-Token"
_RANDOM_BYTES = 24

CsrfRefusal = Literal["csrf_missing", "csrf_invalid"]


def issue_token(key: bytes, session_id: str) -> str:
    """A new token for that session; printable ASCII, 76 characters."""
    random = secrets.token_urlsafe(_RANDOM_BYTES)
    return f"{random}.{_proof(key, session_id, random)}"


def token_is_valid(key: bytes, session_id: str, token: str | None) -> bool:
    """Whether the portal made this token for this session."""
    random, dot, proof = (token or "").partition(".")
    return bool(dot) and hmac.compare_digest(proof.encode(), _proof(key, session_id, random).encode())


def check_token(key: bytes, session_id: str, *, header: str | None, cookie: str | None) -> CsrfRefusal | None:
    """None when the request may change things, else the code to refuse it with."""
    if not header or not cookie:
        return "csrf_missing"
    if not hmac.compare_digest(header.encode(), cookie.encode()):
        return "csrf_invalid"
    return None if token_is_valid(key, session_id, cookie) else "csrf_invalid"


def token_cookie(token: str, names: CookieNames) -> Cookie:
    """The cookie that carries the token, until the browser closes."""
    return Cookie(names.aidial_csrf, token)


def _proof(key: bytes, session_id: str, random: str) -> str:
    # Lengths keep (session, random) apart from any other split of the same characters.
    message = f"{len(session_id)}!{session_id}!{len(random)}!{random}"
    digest = hmac.new(key, message.encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
