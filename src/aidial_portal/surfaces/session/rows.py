"""The rows of one's own session."""

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
from aidial_portal.surfaces.session import api


def _row(method: Method, word: str, handler: Handler, without_context: WithoutContext) -> Route:
    return Route(
        method=method,
        path=f"/api/session/{word}",
        name=f"session.{word}",
        handler=handler,
        kind=Kind.API,
        access=Access.PENDING,
        permission=Permission.SESSION_OWN,
        scope=RouteScope(kind=ScopeKind.SELF, client_id=None, project_id=None),
        query=NO_QUERY,
        bucket=SESSION_LIFECYCLE,
        body=NO_BODY,
        produces=JSON,
        precondition=Precondition.NONE,
        denial=CALL_DENIAL,
        without_context=without_context,
        away=SESSION_SERVICE_UNAVAILABLE,
    )


def rows() -> tuple[Route, ...]:
    """All of `/api/session/`."""
    return (
        _row("GET", "csrf", api.csrf, WithoutContext.DEGRADE),
        _row("GET", "state", api.state, WithoutContext.DEGRADE),
        _row("POST", "touch", api.touch, WithoutContext.DEGRADE),
        _row("POST", "mfa-refresh", api.mfa_refresh, WithoutContext.FAIL),
    )
