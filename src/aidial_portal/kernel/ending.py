"""The edges of a request: its cookies, the session cookie's re-issue, the goodbye.

The one thing a newcomer would get wrong: a session cookie is only ever re-issued with the newest tokens this
process knows, and never lives longer than the one it replaces.
"""

from __future__ import annotations

import time
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from aidial_contract import errors
from aidial_portal.kernel import answers
from aidial_portal.kernel.farewell import reason_of
from aidial_portal.kernel.nextauth.aidial_csrf import issue_token, token_cookie, token_is_valid
from aidial_portal.kernel.nextauth.cookies import first, read_pairs, session_cookies

if TYPE_CHECKING:
    from starlette.responses import Response

    from aidial_contract.fault import Fault
    from aidial_portal.kernel.nextauth.cookies import Pairs
    from aidial_portal.kernel.request import PortalRequest

ENDED: Final = frozenset({errors.SESSION_REVOKED, errors.SESSION_EXPIRED})


@lru_cache(maxsize=512)
def _pairs(header: str) -> tuple[tuple[str, str], ...]:
    return tuple(read_pairs([header]))


def read_cookies(header: str | None) -> Pairs:
    """The request's cookies in the order sent; a header seen a moment ago is not parsed again."""
    return _pairs(header) if header else ()


def csrf_token(request: PortalRequest) -> str:
    """The session's CSRF token; its cookie is set only when the request has none that is valid."""
    portal, session_id = request.portal, request.session.session_id
    sent = first(request.cookies, portal.names.aidial_csrf)
    if sent is not None and token_is_valid(portal.keys.aidial_csrf, session_id, sent):
        return sent
    token = issue_token(portal.keys.aidial_csrf, session_id)
    request.set_cookies.append(token_cookie(token, portal.names))
    return token


def reissue(request: PortalRequest) -> None:
    """Set the session cookie anew when the session's tokens are newer than the cookie's."""
    session, portal = request.session_or_none, request.portal
    if session is None or _is_forgotten(request):
        return
    tokens = portal.keeper.newest(session.session_id, session.tokens)
    if tokens.generation <= session.cookie_generation:
        return
    expires_s = int(session.claims.get("exp", 0))
    max_age_s = expires_s - int(time.time())
    if max_age_s <= 0:
        return
    claims = {
        **session.claims,
        "access_token": tokens.access_token,
        "expires_at": int(tokens.expires_at),
        "token_generation": tokens.generation,
    }
    text = portal.cipher.encode(claims, max_age_s)
    request.set_cookies += session_cookies(text, expires_s, request.cookies, portal.names)


def _is_forgotten(request: PortalRequest) -> bool:
    name = request.portal.names.session
    return any(cookie.name.startswith(name) for cookie in request.set_cookies)


def forget(request: PortalRequest) -> None:
    """Drop what this process remembers of a session that has ended."""
    request.portal.keeper.forget(request.session.session_id)
    request.portal.contexts.forget(request.session.session_id)


def say_farewell(request: PortalRequest, fault: Fault) -> Response:
    """Clear the cookies and go to `/access-denied`, the reason in a signed cookie."""
    if request.session_or_none is not None:
        forget(request)
    answers.forget_session(request)
    request.set_cookies.append(request.portal.farewells.cookie(reason_of(fault)))
    return answers.redirect("/access-denied")
