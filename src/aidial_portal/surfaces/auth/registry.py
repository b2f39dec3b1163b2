"""Sign-in and sign-out as the session registry sees them: the portal's side of next-auth's actions.

The one thing a newcomer would get wrong: the ID token goes to the API once, which derives the second factor
from it itself, and is dropped; the refresh token goes there sealed and never into a cookie.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final, cast

import msgspec

from aidial_contract.fault import Fault
from aidial_contract.shapes.sessions import EndSession, NewSession, RegisteredSession
from aidial_portal.kernel.api import Api, decoded
from aidial_portal.kernel.guard import remediation_path
from aidial_portal.kernel.nextauth.port import SignInRefusedError
from aidial_portal.kernel.session import Session, session_of_claims
from aidial_portal.kernel.steps import needs_second_factor, read_session
from aidial_portal.kernel.tokens import TokenSet
from aidial_portal.kernel.upstream import Call
from aidial_portal.surfaces.auth.device import device_label

if TYPE_CHECKING:
    from starlette.requests import Request

    from aidial_portal.kernel.nextauth.jwe import Claims
    from aidial_portal.kernel.oidc import SignedIn
    from aidial_portal.kernel.request import PortalRequest

REQUEST_KEY: Final = "aidial.request"
LANDING_KEY: Final = "aidial.landing"
_SERVER_ERROR: Final = 500
_UNAUTHORISED: Final = 401
_TOO_MANY: Final = 429


class Registry:
    """Implements `SignInPort` with the API's session registry."""

    async def register(self, signed_in: SignedIn, request: Request) -> Claims:
        """Register the session; says in the scope where somebody lands who cannot go on yet."""
        asked = _portal_request(request)
        tokens = _own_tokens(signed_in)
        subject = signed_in.profile.sub
        former = _former(asked, subject)
        try:
            registered = await _registered(asked, signed_in, tokens, former)
        except SignInRefusedError:
            # A session that ended meanwhile is replaced by nothing.
            if not former or not asked.reason.startswith("session_"):
                raise
            asked.reason = ""
            registered = await _registered(asked, signed_in, tokens, "")
        if former:
            asked.portal.contexts.forget(former)
            asked.portal.keeper.forget(former)
        claims: Claims = {
            "sub": subject,
            "name": signed_in.profile.name,
            "email": signed_in.profile.email,
            "picture": signed_in.profile.picture,
            "session_id": registered.session_id,
            "access_token": tokens.access_token,
            "expires_at": int(tokens.expires_at),
            "sid": signed_in.id_claims.get("sid"),
            "token_generation": 0,
            "absolute_expires_at": int(registered.absolute_expires_at.timestamp()),
        }
        session = Session(registered.session_id, subject, claims, 0, tokens)
        claims["role"] = await _welcomed(asked, session, request)
        return {name: value for name, value in claims.items() if value is not None}

    async def resolve(self, claims: Claims, request: Request) -> Claims | None:
        """The claims with the newest tokens; None for a session that is over."""
        asked = _portal_request(request)
        try:
            session = session_of_claims(claims)
            context = await asked.portal.contexts.of(_api(asked, session))
        except Fault as fault:
            asked.reason = f"{fault.row.code}: {fault.reason}"
            return None if fault.row.status == _UNAUTHORISED else claims
        tokens = asked.portal.keeper.newest(session.session_id, session.tokens)
        newest: Claims = {
            **claims,
            "access_token": tokens.access_token,
            "expires_at": int(tokens.expires_at),
            "token_generation": tokens.generation,
            "role": context.role,
        }
        return newest

    async def sign_out(self, claims: Claims, request: Request) -> None:
        """End the session in the registry, which records it."""
        asked = _portal_request(request)
        session = session_of_claims(claims)
        try:
            path = f"/v1/sessions/{session.session_id}/sign-out"
            await _unrefreshed(asked, session, path)
        finally:
            asked.portal.contexts.forget(session.session_id)
            asked.portal.keeper.forget(session.session_id)


def _portal_request(request: Request) -> PortalRequest:
    return cast("PortalRequest", request.scope[REQUEST_KEY])


def _api(asked: PortalRequest, session: Session) -> Api:
    return Api(asked.portal, session, asked.request_id, asked.client_ip, asked.until())


def _own_tokens(signed_in: SignedIn) -> TokenSet:
    told = signed_in.tokens
    lifetime_s = max(0.0, told.expires_at - time.time())
    return TokenSet(told.access_token, told.expires_at, told.refresh_token, 0, lifetime_s)


def _former(asked: PortalRequest, subject: str) -> str:
    """The session this browser still has of the same person: a new sign-in, or a step-up, ends it."""
    try:
        session = read_session(asked)
    except Fault:
        return ""
    return session.session_id if session.subject == subject else ""


async def _registered(
    asked: PortalRequest, signed_in: SignedIn, tokens: TokenSet, former: str
) -> RegisteredSession:
    body = NewSession(
        id_token=signed_in.id_token,
        device_label=device_label(asked.headers.get("user-agent", "")),
        tokens=asked.portal.sealer.seal(tokens, signed_in.profile.sub),
    )
    call = Call(
        method="POST",
        path="/v1/sessions",
        deadline=asked.until(),
        request_id=asked.request_id,
        client_ip=asked.client_ip,
        bearer=tokens.access_token,
        session_id=former or None,
        body=msgspec.json.encode(body),
    )
    try:
        return decoded(await asked.portal.upstream.exchange(call), RegisteredSession)
    except Fault as fault:
        asked.reason = f"{fault.row.code}: {fault.reason}"
        if fault.row.status >= _SERVER_ERROR or fault.row.status == _TOO_MANY:
            raise
        raise SignInRefusedError(fault.row.code) from None


async def _unrefreshed(asked: PortalRequest, session: Session, path: str) -> None:
    """Sign out with the token as it is: the row takes an expired one, and nobody needs a new one now."""
    tokens = asked.portal.keeper.newest(session.session_id, session.tokens)
    call = Call(
        method="POST",
        path=path,
        deadline=asked.until(),
        request_id=asked.request_id,
        client_ip=asked.client_ip,
        bearer=tokens.access_token,
        session_id=session.session_id,
        body=msgspec.json.encode(EndSession()),
    )
    await asked.portal.upstream.exchange(call)


async def _welcomed(asked: PortalRequest, session: Session, request: Request) -> str | None:
    """The person's role; where they land instead of their way back when they may not go on yet."""
    try:
        session.context = await asked.portal.contexts.of(_api(asked, session))
    except Fault as fault:
        asked.reason = f"signed in, context unknown: {fault.row.code}"
        return None
    scope = cast("dict[str, Any]", request.scope)
    if not session.context.assigned:
        scope[LANDING_KEY] = "/access-denied"
    elif needs_second_factor(session):
        scope[LANDING_KEY] = remediation_path(is_internal=session.is_internal)
    return session.context.role
