"""`/access-denied` and `/not-found`. Failed pages of other surfaces are drawn by the kernel.

The one thing a newcomer would get wrong: the reason a session ended comes from a signed cookie, never from
the address, where anybody could write one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aidial_contract import errors
from aidial_contract.fault import Fault
from aidial_portal.design.errors import access_denied as no_access
from aidial_portal.design.errors import error_page, session_ended
from aidial_portal.kernel.nextauth.cookies import session_value
from aidial_portal.kernel.pages import auth_csrf_token, draw_bare

if TYPE_CHECKING:
    from starlette.responses import Response

    from aidial_portal.kernel.request import PortalRequest

_STATUS: Final = 404
_SIGNED_OUT: Final = 401


async def access_denied(request: PortalRequest) -> Response:
    """`/access-denied`: 404 with the reason: a session that ended, none, or no assignment."""
    reason = request.portal.farewells.read(request.cookies)
    if reason is not None:
        return draw_bare(request, session_ended(request.request_id, reason), _STATUS)
    if session_value(request.cookies, request.portal.names) is None:
        return draw_bare(request, error_page(_SIGNED_OUT, request.request_id), _STATUS)
    token = auth_csrf_token(request)
    return draw_bare(request, no_access(request.request_id, auth_csrf_token=token), _STATUS)


async def not_found(_: PortalRequest) -> Response:
    """`/not-found`: what every page that is not there looks like."""
    raise Fault(errors.NOT_FOUND, reason="asked for by name")
