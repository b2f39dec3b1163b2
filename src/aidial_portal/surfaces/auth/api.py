"""`/api/auth/`: hands requests to next-auth's actions, and logout tokens to the registry.

The one thing a newcomer would get wrong: the guard has read the body already, so next-auth's request gets a
`receive` that says it again; and next-auth knows no HEAD, so its request says GET.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from aidial_contract import errors
from aidial_contract.fault import Fault
from aidial_contract.shapes.sessions import SmsEnrolled
from aidial_portal.kernel.answers import json_answer
from aidial_portal.kernel.nextauth.actions import BASE_PATH, AuthActions
from aidial_portal.kernel.nextauth.port import AuthSettings
from aidial_portal.kernel.upstream import Call
from aidial_portal.surfaces.auth.registry import LANDING_KEY, REQUEST_KEY, Registry

if TYPE_CHECKING:
    from starlette.types import Message

    from aidial_portal.kernel.request import PortalRequest

MAX_LOGOUT_TOKEN_CHARS: Final = 16 * 1024
_FOUND: Final = 302


class Actions:
    """next-auth's actions, made when the first request shows the portal. One a process."""

    def __init__(self) -> None:
        self._actions: AuthActions | None = None

    async def __call__(self, request: PortalRequest) -> Response:
        """Answer as next-auth does; a sign-in that cannot go on yet lands where it is put right."""
        inner = _starlette_request(request)
        tail = request.path.removeprefix(BASE_PATH).lstrip("/")
        answer = await self._for(request).handle(inner, tail)
        landing = inner.scope.get(LANDING_KEY)
        if landing is not None and answer.status_code == _FOUND:
            answer.headers["location"] = request.portal.origin + landing
        return answer

    def _for(self, request: PortalRequest) -> AuthActions:
        if self._actions is None:
            settings = request.portal.settings
            own = AuthSettings(nextauth_url=settings.nextauth_url, secret=settings.nextauth_secret)
            self._actions = AuthActions(own, request.portal.issuer.client, Registry())
        return self._actions


def _starlette_request(request: PortalRequest) -> Request:
    async def receive() -> Message:
        return {"type": "http.request", "body": request.body, "more_body": False}

    method = "GET" if request.method == "HEAD" else request.method
    return Request({**request.scope, "method": method, REQUEST_KEY: request}, receive)


def may_enrol_phone(request: PortalRequest) -> bool:
    """Whether AiDial let the person's organisation use codes by SMS."""
    context = request.session.context
    return context is not None and "sms_otp" in context.mfa.allowed_factors


async def mfa_sms_enrol(request: PortalRequest) -> Response:
    """`POST /api/auth/mfa-sms-enrol`: `{"phone_tail"}`. The issuer sends the code, and asks for it itself."""
    body = request.value
    return json_answer(await request.api.send("POST", "/v1/second-factor/sms", SmsEnrolled, body=body))


async def backchannel_logout(request: PortalRequest) -> Response:
    """`POST /api/auth/backchannel-logout`: the issuer ends sessions; the registry verifies its token."""
    call = Call(
        method="POST",
        path="/v1/sessions/backchannel-logout",
        deadline=request.until(),
        request_id=request.request_id,
        client_ip=request.client_ip,
        body=msgspec.json.encode({"logout_token": _logout_token(request)}),
    )
    await request.portal.upstream.exchange(call)
    return Response(status_code=200)


def _logout_token(request: PortalRequest) -> str:
    token: object = None
    try:
        if request.headers.get("content-type", "").lower().startswith("application/json"):
            token = msgspec.json.decode(request.body, type=dict[str, object]).get("logout_token")
        else:
            pairs = parse_qsl(request.body.decode("utf-8"), max_num_fields=20)
            tokens = [value for name, value in pairs if name == "logout_token"]
            token = tokens[0] if len(tokens) == 1 else None
    except (ValueError, msgspec.DecodeError):
        raise Fault(errors.MALFORMED_REQUEST, reason="logout body") from None
    if not isinstance(token, str) or not 0 < len(token) <= MAX_LOGOUT_TOKEN_CHARS:
        # OpenID Back-Channel Logout 1.0 knows 400 and nothing else for a request that is wrong.
        raise Fault(errors.MALFORMED_REQUEST, reason="no one logout_token")
    return token
