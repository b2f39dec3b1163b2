"""The rows of health."""

from __future__ import annotations

from aidial_contract.scope import ScopeKind
from aidial_portal.kernel.route import (
    ANY,
    NO_BODY,
    NO_QUERY,
    Access,
    Handler,
    Kind,
    Precondition,
    Route,
    RouteScope,
    WithoutContext,
)
from aidial_portal.surfaces.health import api


def _row(path: str, name: str, handler: Handler) -> Route:
    return Route(
        method="GET",
        path=path,
        name=name,
        handler=handler,
        kind=Kind.HEALTH,
        access=Access.PUBLIC,
        permission=None,
        scope=RouteScope(kind=ScopeKind.NOBODY, client_id=None, project_id=None),
        query=NO_QUERY,
        bucket=None,
        body=NO_BODY,
        produces=ANY,
        precondition=Precondition.NONE,
        denial="",
        without_context=WithoutContext.FAIL,
    )


def rows() -> tuple[Route, ...]:
    """Both of them."""
    return (
        _row("/api/health", "health", api.show),
        _row("/api/health/live", "health.live", api.live),
    )
