"""How answers leave the portal: JSON, redirects, rendered faults, and the headers every one carries.

The one thing a newcomer would get wrong: a handler sets neither security headers nor error bodies; both are
put on here, for every response alike.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import msgspec
from starlette.responses import Response

from aidial_contract import errors
from aidial_contract.envelopes import Envelope, fault_headers, render
from aidial_contract.fault import Fault
from aidial_contract.headers import HSTS, HSTS_VALUE, JSON_SECURITY, REQUEST_ID
from aidial_portal.design import engine
from aidial_portal.design.context import BareContext
from aidial_portal.design.errors import address_refused, error_page
from aidial_portal.design.policy import content_security_policy
from aidial_portal.kernel.families import family_of
from aidial_portal.kernel.farewell import reason_of
from aidial_portal.kernel.nextauth.cookies import deletion, first, session_deletions

if TYPE_CHECKING:
    from starlette.types import Scope

    from aidial_portal.kernel.request import PortalRequest

_encoder = msgspec.json.Encoder()
_NO_STORE: Final = (b"cache-control", b"no-store")
_HSTS: Final = (HSTS.encode(), HSTS_VALUE.encode())
_JSON_SECURITY: Final = [(name.encode(), value.encode()) for name, value in JSON_SECURITY.items()]
_PAGE_SECURITY: Final = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    (b"cross-origin-opener-policy", b"same-origin"),
]
_ERASED: Final = frozenset(
    {
        errors.SESSION_INVALID,
        errors.SESSION_EXPIRED,
        errors.SESSION_REVOKED,
        errors.SESSION_CLAIMS_MISSING,
        errors.SESSION_COOKIE_POLICY,
    }
)


class JsonBytes(Response):
    """JSON that is encoded already: an API's answer checked against its shape."""

    media_type = "application/json"


def json_answer(value: msgspec.Struct | dict[str, Any] | bytes, status: int = 200) -> Response:
    """A JSON answer of a shape, or of bytes that are JSON already."""
    return JsonBytes(value if isinstance(value, bytes) else _encoder.encode(value), status)


def head_of(media_type: str) -> Response:
    """What HEAD says of an answer that was not made: everything but its length."""
    response = Response(media_type=media_type)
    del response.headers["content-length"]
    return response


def no_content() -> Response:
    """204."""
    return Response(status_code=204)


def html_answer(html: str, status: int = 200) -> Response:
    """A page; the guard puts its headers on."""
    return Response(html.encode(), status, media_type="text/html")


def redirect(path: str, status: int = 302) -> Response:
    """Go to a path of this portal (or, for next-auth's actions, to a URL they checked)."""
    return Response(status_code=status, headers={"location": quote(path, safe="/:?#[]@!$&'()*+,;=%~")})


def fault_answer(request: PortalRequest, fault: Fault) -> Response:
    """A fault in the family of the request's path, with the headers it asks for."""
    if fault.row in _ERASED:
        forget_session(request)
    if fault.row is errors.SESSION_REVOKED and request.envelope is not Envelope.PAGE:
        # The page behind a script goes to `/access-denied`, and finds the reason there.
        request.set_cookies.append(request.portal.farewells.cookie(reason_of(fault)))
    if request.envelope is Envelope.PAGE:
        response = _fault_page(request, fault)
    else:
        body = render(request.envelope, fault, request.request_id)
        response = JsonBytes(_encoder.encode(body), fault.row.status)
    for name, value in fault_headers(fault).items():
        response.headers[name] = value
    return response


def _fault_page(request: PortalRequest, fault: Fault) -> Response:
    status = fault.row.status
    # A fault page holds fixed texts only. Its nonce is the request id, so that apart from that id all of them
    # are the same bytes: a foreign call cannot be told from a missing one.
    request.csp_nonce = request.request_id
    shell = BareContext(csp_nonce=request.nonce(), request_id=request.request_id)
    if fault.row is errors.IP_NOT_ALLOWED:
        page = address_refused(request.request_id, request.client_ip)
    else:
        page = error_page(status, request.request_id)
    return html_answer(engine.render(page, shell), status)


def last_resort(request: PortalRequest) -> Response:
    """500 `internal_error`: what is sent when the unexpected happened, also in rendering a page."""
    fault = Fault(errors.INTERNAL_ERROR)
    try:
        return fault_answer(request, fault)
    except Exception:  # noqa: BLE001 - the template itself may be what is broken
        content_type, body = _written(request.envelope, fault, request.request_id)
        return Response(body, 500, media_type=content_type.decode())


def written(scope: Scope, fault: Fault, request_id: str) -> tuple[bytes, bytes]:
    """Content type and body of a fault outside the guard: the last resort's. No template is asked."""
    return _written(family_of(scope["method"], scope["path"]), fault, request_id)


def _written(envelope: Envelope, fault: Fault, request_id: str) -> tuple[bytes, bytes]:
    if envelope is Envelope.PAGE:
        return b"text/html; charset=utf-8", _plain_page(fault, request_id)
    return b"application/json", _encoder.encode(render(envelope, fault, request_id))


def _plain_page(fault: Fault, request_id: str) -> bytes:
    row = fault.row
    said = (
        f'<!doctype html><html lang="en-AU"><meta charset="utf-8"><title>{row.status}</title>'
        f"<h1>{escape(row.message)}</h1><p>{escape(row.what_to_do)}</p><p>{escape(request_id)}</p></html>"
    )
    return said.encode()


def forget_session(request: PortalRequest) -> None:
    """Delete every session cookie the request carried, and the CSRF cookie that belonged to it."""
    names = request.portal.names
    request.set_cookies += session_deletions(request.cookies)
    if first(request.cookies, names.aidial_csrf) is not None:
        request.set_cookies.append(deletion(names.aidial_csrf))


def finish(request: PortalRequest, response: Response) -> None:
    """Put on what every answer carries: request id, cookies, caching and security headers."""
    raw = response.raw_headers
    present = {name for name, _ in raw}
    raw.append((REQUEST_ID.encode(), request.request_id.encode()))
    if b"cache-control" not in present:
        raw.append(_NO_STORE)
    if (response.media_type or "").startswith("text/html"):
        policy = content_security_policy(request.nonce(), request.portal.issuer.form_origins)
        raw.append((b"content-security-policy", policy.encode()))
        raw += _PAGE_SECURITY
    else:
        raw += _JSON_SECURITY
    if request.portal.settings.is_https:
        raw.append(_HSTS)
    if request.close:
        raw.append((b"connection", b"close"))
    secure = request.portal.names.secure
    for cookie in request.set_cookies:
        raw.append((b"set-cookie", cookie.header(secure=secure).encode("latin-1")))
