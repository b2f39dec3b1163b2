"""The rows of one's own sessions."""

from __future__ import annotations

from aidial_contract.access import Permission
from aidial_contract.errors import SESSION_SERVICE_UNAVAILABLE
from aidial_contract.scope import ScopeKind
from aidial_portal.kernel.limits import SESSION_LIFECYCLE
from aidial_portal.kernel.route import (
    CALL_DENIAL,
    JSON,
    NO_BODY,
    NO_QUERY,
    Access,
    Handler,
    Kind,
    Method,
    Precondition,
    Route,
    RouteScope,
    WithoutContext,
)
from aidial_portal.surfaces.sessions import api


def _row(method: Method, path: str, name: str, handler: Handler) -> Route:
    return Route(
        method=method,
        path=path,
        name=name,
        handler=handler,
        kind=Kind.API,
        access=Access.FULL,
        permission=Permission.SESSIONS_MANAGE_OWN,
        scope=RouteScope(kind=ScopeKind.SELF, client_id=None, project_id=None),
        query=NO_QUERY,
        bucket=SESSION_LIFECYCLE,
        body=NO_BODY,
        produces=JSON,
        precondition=Precondition.NONE,
        denial=CALL_DENIAL,
        without_context=WithoutContext.FAIL,
        away=SESSION_SERVICE_UNAVAILABLE,
    )


def rows() -> tuple[Route, ...]:
    """All of `/api/sessions`."""
    return (
        _row("GET", "/api/sessions", "sessions.list", api.sessions),
        _row("DELETE", "/api/sessions/{session_id}", "sessions.revoke", api.revoke),
        _row("POST", "/api/sessions/revoke-others", "sessions.revoke_others", api.revoke_others),
    )
