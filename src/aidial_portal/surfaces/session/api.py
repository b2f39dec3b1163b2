"""One's own session, as pages ask about it.

The one thing a newcomer would get wrong: state and touch degrade (200 `unknown`) so that navigation goes on
when the registry does not answer; a 401 stays a 401 and a 429 a 429.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aidial_contract.fault import Fault
from aidial_contract.shapes.sessions import MfaPolicy, SessionStatus
from aidial_portal.kernel import ending
from aidial_portal.kernel.answers import json_answer

if TYPE_CHECKING:
    from starlette.responses import Response

    from aidial_portal.kernel.request import PortalRequest

_UNKNOWN = SessionStatus(state="unknown", idle_expires_at=None, absolute_expires_at=None, degraded=True)
_SERVER_ERROR = 500


async def csrf(request: PortalRequest) -> Response:
    """`GET /api/session/csrf`: `{"csrf_token"}`, and the cookie when the request had no valid one."""
    return json_answer({"csrf_token": ending.csrf_token(request)})


async def state(request: PortalRequest) -> Response:
    """`GET /api/session/state`: when the session ends; reading it does not keep it alive."""
    return await _status(request, "GET", "state")


async def touch(request: PortalRequest) -> Response:
    """`POST /api/session/touch`: the person is there; the registry writes at most once in 60 s."""
    return await _status(request, "POST", "touch")


async def _status(request: PortalRequest, method: str, what: str) -> Response:
    if request.session.context is None:
        return json_answer(_UNKNOWN)
    path = f"/v1/sessions/{request.session.session_id}/{what}"
    try:
        return json_answer(await request.api.send(method, path, SessionStatus))
    except Fault as fault:
        if fault.row.status < _SERVER_ERROR:
            raise
        request.reason = f"degraded: {fault.reason}"
        return json_answer(_UNKNOWN)


async def mfa_refresh(request: PortalRequest) -> Response:
    """`POST /api/session/mfa-refresh`: the second factor's state, asked of the API anew.

    Answers `{"required","satisfied","state","allowed_factors"}`. A factor shown since sign-in counts after
    signing in again, because the identity provider says so in a new ID token only.
    """
    request.portal.contexts.forget(request.session.session_id)
    request.session.context = await request.portal.contexts.of(request.api)
    policy: MfaPolicy = request.session.known.mfa
    return json_answer(policy)
