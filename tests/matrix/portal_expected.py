"""What the contract says a row of the portal answers to a visitor: sections 3 and 4, once more.

The one thing a newcomer would get wrong: nothing here may come from the guard or its table of families. It is
the text of the contract and the role table, so that the two can disagree.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from aidial_contract.access import GRANTS, Permission, Role
from aidial_contract.errors import ERRORS
from aidial_contract.scope import ScopeKind
from aidial_portal.kernel.route import Access, Kind, PendingWhen, Route
from tests.matrix.portal_requests import FRONT_DESK_IN_BODY
from tests.people import FRONT_DESK, HARBOUR

if TYPE_CHECKING:
    from tests.matrix.portal_requests import Example
    from tests.matrix.portal_visitors import Visitor
    from tests.support.portal import Page

INTERNAL = {Role.AIDIAL_ADMIN, Role.AIDIAL_OPERATOR}
UNAUTHORISED = {"none": "session_missing", "garbage": "session_invalid", "revoked": "session_revoked"}
TRANSPORT = {"code", "category", "message", "message_key", "retryable", "request_id"}
CALLS = {"error", "message", "retryable", "request_id"}
ANALYTICS = {"ok", "code", "message", "request_id"}
NESTED = {"error", "request_id"}
PROTECTED = {"code", "message", "message_key", "request_id", "details"}


def expected(row: Route, visitor: Visitor, good: Example) -> tuple[int, str]:
    """Status, and the error's code or where a redirect leads ("" for the row's own success)."""
    if row.access is Access.PUBLIC:
        return good.status, ""
    if visitor.session != "live":
        if row.kind is not Kind.PAGE:
            return 401, UNAUTHORISED[visitor.session]
        if visitor.session == "revoked":
            return 302, "/access-denied"
        return 302, f"/sign-in?callbackUrl={quote(good.path, safe='')}"
    if row.path == "/" and visitor.assigned:
        led = _led(visitor)
        if led:
            return 302, led
    return (good.status, "") if _allowed(row, visitor, good) else (404, "not_found")


def _led(visitor: Visitor) -> str:
    """Where `/` takes somebody instead of the dashboard."""
    assert visitor.someone is not None
    is_internal = visitor.someone.role in INTERNAL
    if visitor.needs_second_factor:
        return "/account" if is_internal else "/settings?section=profile"
    return "/ops" if is_internal else ""


def _allowed(row: Route, visitor: Visitor, good: Example) -> bool:
    assert visitor.someone is not None
    if row.permission is Permission.SESSION_OWN:
        return True  # one's own session, with or without an assignment
    if not visitor.assigned:
        return False
    if _asks_everything(row, good) and visitor.needs_second_factor:
        return False
    assert row.permission is not None
    if visitor.someone.role not in GRANTS[row.permission]:
        return False
    reaches = bool({(HARBOUR, None), (HARBOUR, FRONT_DESK)} & set(visitor.someone.projects))
    if visitor.someone.role in INTERNAL and f"client_id={HARBOUR}" in good.path:
        return True  # internal people reach the client they name
    about_harbour = (
        f"client_id={HARBOUR}" in good.path
        or f"project_id={FRONT_DESK}" in good.path
        or row.scope.kind in {ScopeKind.CALL, ScopeKind.RECORD}
        or row.name in FRONT_DESK_IN_BODY
    )
    return not about_harbour or reaches


def _asks_everything(row: Route, good: Example) -> bool:
    if isinstance(row.access, PendingWhen):
        return f"{row.access.name}={row.access.value}" not in urlsplit(good.path).query
    return row.access is Access.FULL


def family(method: str, path: str, *, mapped: bool = True) -> str:
    """The table of contract section 3."""
    path = urlsplit(path).path
    if not (path == "/api" or path.startswith("/api/")):
        return "page"
    begins = tuple(
        name
        for name in ("/api/calls", "/api/compliance", "/api/analytics", "/api/support")
        if path == name or path.startswith(name + "/")
    )
    if (
        not mapped
        or path in {"/api/projects", "/api/status"}
        or path.startswith(("/api/session/", "/api/health"))
    ):
        return "transport"
    if not begins or (begins == ("/api/calls",) and method not in {"GET", "HEAD"}):
        return "protected"
    return begins[0].removeprefix("/api/")


def assert_is_error(page: Page, kind: str, code: str) -> None:
    """The envelope of a family: these members, the registry's words, the request's id."""
    row = ERRORS[code]
    assert page.status == row.status, (page.status, code)
    assert page.headers["cache-control"] == "no-store"
    request_id = page.headers["x-request-id"]
    assert ("retry-after" in page.headers) == (row.status in {429, 503})
    if kind == "page":
        assert page.headers["content-type"].startswith("text/html")
        assert request_id in page.text
        assert "<h1" in page.text
        return
    assert page.headers["content-type"] == "application/json"
    body: dict[str, Any] = page.json
    shapes = {"transport": TRANSPORT, "calls": CALLS, "analytics": ANALYTICS, "protected": {"error"}}
    extras = {"field_errors", "details", "retry_after_ms"}
    assert set(body) - (set() if kind == "protected" else extras) == shapes.get(kind, NESTED)
    inner = body["error"] if kind in {"protected", "compliance", "support"} else body
    if kind == "protected":
        assert set(inner) == PROTECTED
        assert isinstance(inner["details"], dict)
    elif kind in {"compliance", "support"}:
        assert {"code", "message"} <= set(inner)
    assert inner["error" if kind == "calls" else "code"] == code
    assert inner["message"] == row.message
    assert (inner if kind == "protected" else body)["request_id"] == request_id
    if kind == "transport":
        assert (body["category"], body["retryable"]) == (row.category, row.retryable)
        assert body["message_key"] == row.message_key
    if kind == "analytics":
        assert body["ok"] is False
