"""Names of headers and cookies both apps and every client use.

The one thing a newcomer would get wrong: `__Host-` and `__Secure-` names belong to https portals only.
"""

from __future__ import annotations

import re
from typing import Final

REQUEST_ID: Final = "x-request-id"
API_KEY: Final = "x-api-key"
AIDIAL_SESSION: Final = "x-aidial-session"
CLIENT_IP: Final = "x-aidial-client-ip"
BUDGET_MS: Final = "x-aidial-budget-ms"
CSRF_TOKEN: Final = "x-csrf-token"  # noqa: S105 - a header's name
IDEMPOTENCY_KEY: Final = "idempotency-key"
IDEMPOTENCY_REPLAYED: Final = "idempotency-replayed"

CSRF_COOKIE: Final = "aidial.csrf"
CSRF_COOKIE_SECURE: Final = "__Host-aidial.csrf"
SESSION_COOKIE: Final = "next-auth.session-token"
SESSION_COOKIE_SECURE: Final = "__Secure-next-auth.session-token"

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}\Z")


def acceptable_request_id(value: str) -> bool:
    """Whether a caller's own request id may be kept: `[A-Za-z0-9._-]{8,64}`."""
    return _REQUEST_ID.match(value) is not None


JSON_SECURITY: Final = {
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
}

HSTS: Final = "strict-transport-security"
HSTS_VALUE: Final = "max-age=63072000; includeSubDomains"
"""Two years; on pages over https only."""
