"""One's own sessions on every device, and those of the users of a client one manages.

The one thing a newcomer would get wrong: signing out the session one is using is allowed here, and clears its
cookies like a sign-out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aidial_contract.ids import is_slug, parse_uuid
from aidial_contract.shapes.sessions import CustomerSessionList, Revoked, SessionList
from aidial_portal.kernel import answers, steps

if TYPE_CHECKING:
    from starlette.responses import Response

    from aidial_portal.kernel.request import PortalRequest


async def sessions(request: PortalRequest) -> Response:
    """`GET /api/sessions`: the current one first."""
    return answers.json_answer(await request.api.forward("/v1/sessions", SessionList))


async def revoke(request: PortalRequest) -> Response:
    """`DELETE /api/sessions/{session_id}`: 204; another person's session is 404 like a missing one."""
    session_id = parse_uuid(request.path_values["session_id"])
    if session_id is None:
        await steps.deny(request, "no session id")
    await request.api.order("DELETE", f"/v1/sessions/{session_id}")
    request.portal.contexts.forget(session_id)
    request.portal.keeper.forget(session_id)
    if session_id == request.session.session_id:
        answers.forget_session(request)
    return answers.no_content()


async def revoke_others(request: PortalRequest) -> Response:
    """`POST /api/sessions/revoke-others`: `{"revoked": n}`."""
    return answers.json_answer(await request.api.send("POST", "/v1/sessions/revoke-others", Revoked))


async def sessions_of_client(request: PortalRequest) -> Response:
    """`GET /api/partner/clients/{client_id}/sessions`: the live sessions of a client's users."""
    path = await _path_of_client(request)
    return answers.json_answer(await request.api.forward(path, CustomerSessionList, query=request.query))


async def revoke_one_of_client(request: PortalRequest) -> Response:
    """`DELETE /api/partner/clients/{client_id}/sessions/{user_session_id}`: 204."""
    session_id = parse_uuid(request.path_values["user_session_id"])
    if session_id is None:
        await steps.deny(request, "no session id")
    await request.api.order("DELETE", f"{await _path_of_client(request)}/{session_id}")
    request.portal.contexts.forget(session_id)
    request.portal.keeper.forget(session_id)
    return answers.no_content()


async def _path_of_client(request: PortalRequest) -> str:
    client_id = request.path_values["client_id"]
    if not is_slug(client_id):
        await steps.deny(request, "no client id")
    return f"/v1/clients/{client_id}/sessions"


async def sessions_of_user(request: PortalRequest) -> Response:
    """`GET /api/partner/clients/{client_id}/users/{user_id}/sessions`: a customer user's live sessions."""
    return answers.json_answer(await request.api.forward(await _path_of_user(request), SessionList))


async def revoke_of_user(request: PortalRequest) -> Response:
    """`DELETE` of the same: all of them end; `{"revoked": n}`."""
    return answers.json_answer(await request.api.send("DELETE", await _path_of_user(request), Revoked))


async def _path_of_user(request: PortalRequest) -> str:
    client_id, user_id = request.path_values["client_id"], parse_uuid(request.path_values["user_id"])
    if user_id is None or not is_slug(client_id):
        await steps.deny(request, "no client or user id")
    return f"/v1/clients/{client_id}/users/{user_id}/sessions"
