"""Runs a row: every request of the portal passes here, in the order of contract section 4.

The one thing a newcomer would get wrong: `/api` and pages share the steps but not the ends. A page sends the
anonymous to sign in and shows a page; `/api` answers 401 in the row's envelope and never redirects.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, quote

import structlog
from starlette.requests import ClientDisconnect

from aidial_contract import errors, headers
from aidial_contract.fault import Fault
from aidial_contract.ids import new_id
from aidial_contract.query import plain_pairs
from aidial_portal.kernel import answers, ending, hygiene, steps
from aidial_portal.kernel.families import family_of, is_api
from aidial_portal.kernel.request import PortalRequest
from aidial_portal.kernel.route import Access, Kind
from aidial_portal.words import by_header, speak
from aidial_serving.protocol import authority_of

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.types import Receive, Scope, Send

    from aidial_portal.kernel.portal import Portal
    from aidial_portal.kernel.route import Route
    from aidial_serving.crowd import Room

HOME: Final = "/"
_AWAY: Final = frozenset({errors.DEPENDENCY_UNAVAILABLE, errors.DEPENDENCY_TIMEOUT})
_log = structlog.get_logger("aidial_portal")


class Guard:
    """The ASGI application behind the lifespan: one instance a configuration; `under_way` counts requests."""

    def __init__(self, portal: Portal) -> None:
        self._portal = portal
        self.is_configured = True
        self.under_way = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        self.under_way += 1
        try:
            await self._serve(scope, receive, send)
        finally:
            self.under_way -= 1

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = self._request(scope, receive)
        try:
            response = await self._answer(request)
        except ClientDisconnect:
            return
        ending.reissue(request)
        answers.finish(request, response)
        status = response.status_code
        try:
            await response(scope, receive, send)
        finally:
            _note(request, status)

    def _request(self, scope: Scope, receive: Receive) -> PortalRequest:
        sent = hygiene.plain_headers(scope["headers"])
        speak(by_header(sent.get("accept-language")))
        own_id = sent.get(headers.REQUEST_ID, "")
        peer = scope["client"][0] if scope.get("client") else ""
        return PortalRequest(
            portal=self._portal,
            scope=scope,
            receive=receive,
            method=scope["method"],
            path=scope["raw_path"].decode("latin-1"),
            query_string=scope["query_string"].decode("latin-1"),
            headers=sent,
            request_id=own_id if headers.acceptable_request_id(own_id) else new_id(),
            client_ip=hygiene.client_address(
                peer, sent.get("x-forwarded-for"), self._portal.settings.trusted_proxies
            ),
            cookies=ending.read_cookies(sent.get("cookie")),
        )

    async def _answer(self, request: PortalRequest) -> Response:
        match = self._portal.matcher.match(request.method, request.path)
        request.route, request.path_values = match.route, match.values
        request.envelope = family_of(request.method, request.path, mapped=match.mapped)
        try:
            room = self._portal.rooms.room_for(match.route)
            await self._hygiene(request, room)
            if room is None:
                return await self._run(request, match.route)
            async with room.place(request.until()):
                return await self._run(request, match.route)
        except hygiene.Refused as fault:
            request.close = True
            return self._failed(request, fault)
        except Fault as fault:
            return self._failed(request, fault)
        except ClientDisconnect:
            raise
        except Exception as error:  # noqa: BLE001 - the last resort answers whatever happened
            request.reason = type(error).__name__
            _log.exception("unexpected", request_id=request.request_id, route=_name(request))
            return answers.last_resort(request)

    async def _run(self, request: PortalRequest, row: Route | None) -> Response:
        self._configured(request)
        if row is None:
            return await self._unknown(request)
        if row.kind is Kind.PAGE:
            return await self._page(request, row)
        await self._checked(request, row)
        return await row.handler(request)

    def _failed(self, request: PortalRequest, fault: Fault) -> Response:
        fault = _named_by_row(request.route, fault)
        request.reason = f"{fault.row.code}: {fault.reason}" if fault.reason else fault.row.code
        try:
            if request.session_or_none is not None and fault.row in ending.ENDED:
                ending.forget(request)
            return answers.fault_answer(request, fault)
        except Exception as error:  # noqa: BLE001 - rendering failed, and something must be answered
            request.reason += f" (rendering: {type(error).__name__})"
            _log.exception("unexpected", request_id=request.request_id, route=_name(request))
            return answers.last_resort(request)

    async def _hygiene(self, request: PortalRequest, room: Room | None) -> None:
        """Step 1. No body is read for a room that is full."""
        scope = request.scope
        uri_bytes = len(scope["raw_path"]) + len(scope["query_string"]) + 1
        sent = dict(request.headers)
        hygiene.check_line(scope["http_version"], authority_of(scope), sent)
        hygiene.check_head(scope["headers"], sent, uri_bytes, self._portal.head)
        if room is not None:
            room.check()
        limit = request.route.body.limit_bytes if request.route is not None else self._portal.body_limit_bytes
        request.body = await hygiene.read_body(sent, request.receive, limit)
        if request.query_string:
            request.pairs = _pairs(request.query_string)
            request.query = _named(request)

    def _configured(self, request: PortalRequest) -> None:
        """500 for everything but health while a required setting is lost."""
        request.is_configured = self.is_configured
        asks_health = request.route is not None and request.route.kind is Kind.HEALTH
        if not self.is_configured and not asks_health:
            raise Fault(errors.CONFIGURATION_INVALID, reason="a required setting is missing or bad")

    async def _unknown(self, request: PortalRequest) -> Response:
        """No such route: 404 for everybody on `/api`; a page sends the anonymous to sign in.

        The signed-in cost the API what a missing id costs, whatever their session turns out to be.
        """
        if is_api(request.path):
            try:
                request.session_or_none = steps.read_session(request)
                steps.know(request, await self._portal.contexts.of(request.api))
                await steps.deny(request, "no such route")
            except Fault as fault:
                raise Fault(errors.NOT_FOUND, reason=f"no such route; {fault.row.code}") from None
        try:
            request.session_or_none = steps.read_session(request)
            steps.know(request, await self._portal.contexts.of(request.api))
            steps.browser_credentials(request)
            await steps.deny(request, "no such page")
        except Fault as fault:
            return self._ended_or_raise(request, fault)

    async def _checked(self, request: PortalRequest, row: Route) -> None:
        """The steps of `/api`, in order."""
        access = row.access_for(request.query)
        if access is Access.PUBLIC:
            steps.cookie_policy(request)
        else:
            await steps.session(request, row)
            steps.browser_credentials(request)
            if row.unsafe:
                steps.same_origin(request)
                steps.csrf(request)
            await steps.coarse_limit(request)
            await self._allowed(request, row, access)
        await steps.route_bucket(request, row)
        if row.kind is Kind.AUTH:
            if request.body:
                steps.media_type(request, row)
        else:
            steps.accept(request, row)
            steps.media_type(request, row)
            steps.query(request, row)
            steps.body(request, row)
            await steps.ids_in_body(request, row)
            steps.precondition(request, row)

    async def _allowed(self, request: PortalRequest, row: Route, access: Access) -> None:
        """Steps 6 to 9, which pages share."""
        if access is Access.FULL:
            await steps.assignment(request)
            await steps.second_factor(request)
        await steps.permission(request, row)
        await steps.scope(request, row)

    async def _page(self, request: PortalRequest, row: Route) -> Response:
        """The steps of a page: sign-in redirect, then 404 each."""
        access = row.access_for(request.query)
        if access is Access.PUBLIC:
            await steps.route_bucket(request, row)
            return await row.handler(request)
        try:
            await steps.session(request, row)
            steps.browser_credentials(request)
            await steps.coarse_limit(request)
            led = self._led(request)
            if led is not None:
                return led
            await self._allowed(request, row, access)
            await steps.route_bucket(request, row)
            # Parameters a page does not know are ignored; a filter it cannot read is not.
            steps.readable(request)
            answer = await row.handler(request)
        except Fault as fault:
            return self._ended_or_raise(request, fault)
        self._portal.presence.note(request)
        return answer

    def _led(self, request: PortalRequest) -> Response | None:
        """Where `/` takes somebody instead of the dashboard: remediation, or operations."""
        if request.path != HOME or not request.session.known.assigned:
            return None
        if steps.needs_second_factor(request.session):
            return answers.redirect(remediation_path(is_internal=request.session.is_internal))
        return answers.redirect("/ops") if request.session.is_internal else None

    def _ended_or_raise(self, request: PortalRequest, fault: Fault) -> Response:
        """A page without a live session: sign in, or be told why it ended. Other faults go on."""
        if fault.row in ending.ENDED:
            request.reason = f"{fault.row.code}: {fault.reason}"
            return ending.say_farewell(request, fault)
        if fault.row.status != 401 and fault.row is not errors.SESSION_COOKIE_POLICY:  # noqa: PLR2004 - 401
            raise fault
        request.reason = f"{fault.row.code}: {fault.reason}"
        answers.forget_session(request)
        return answers.redirect(sign_in_path(request))


def sign_in_path(request: PortalRequest) -> str:
    """`/sign-in` with the way back."""
    target = request.path if not request.query_string else f"{request.path}?{request.query_string}"
    return f"/sign-in?callbackUrl={quote(target, safe='')}"


def remediation_path(*, is_internal: bool) -> str:
    """The page on which a missing second factor is put right."""
    return "/account" if is_internal else "/settings?section=profile"


def _pairs(text: str) -> list[tuple[str, str]] | None:
    """Every parameter of a query string; None for too many or no UTF-8, refused at their own step."""
    plain = plain_pairs(text, steps.MAX_QUERY_FIELDS)
    if plain is not None:
        return plain
    try:
        return parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=steps.MAX_QUERY_FIELDS)
    except ValueError:
        return None


def _named(request: PortalRequest) -> dict[str, str]:
    """The row's own parameters, the first of each; a row refuses the others at its own step."""
    known = request.route.query if request.route is not None else frozenset()
    named: dict[str, str] = {}
    for name, value in request.pairs or ():
        if name in known:
            named.setdefault(name, value)
    return named


def _named_by_row(row: Route | None, fault: Fault) -> Fault:
    """A dependency that does not answer, by the name the row gives it."""
    if row is None or row.away is None or fault.row not in _AWAY:
        return fault
    reason = f"{fault.row.code}: {fault.reason}"
    return Fault(
        row.away,
        details=fault.details,
        retry_after_ms=fault.retry_after_ms,
        headers=fault.headers,
        reason=reason,
    )


def _name(request: PortalRequest) -> str:
    return request.route.name if request.route is not None else "unknown"


def _note(request: PortalRequest, status: int) -> None:
    """The access line: who asked for what, how it ended, and why. No path: it may hold what is private."""
    line: dict[str, Any] = {
        "method": request.method,
        "route": _name(request),
        "status": status,
        "duration_ms": round((time.perf_counter() - request.started) * 1_000, 2),
        "request_id": request.request_id,
    }
    session = request.session_or_none
    if session is not None:
        context = session.context
        line["user_id"] = context.user.user_id if context and context.user else None
        line["session_id"] = session.session_id
    if request.reason:
        line["reason"] = request.reason
    _log.info("request", **line)
