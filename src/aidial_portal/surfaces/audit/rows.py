"""The rows of the activity log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aidial_contract.access import Permission
from aidial_contract.params import AUDIT_PARAMS
from aidial_contract.scope import ScopeKind
from aidial_portal.kernel.pages import PROJECTS, page_row
from aidial_portal.kernel.route import (
    JSON,
    NO_BODY,
    Access,
    Handler,
    Kind,
    Precondition,
    Route,
    RouteScope,
    WithoutContext,
)
from aidial_portal.surfaces.audit import api, pages
from aidial_portal.surfaces.audit.state import PATH

if TYPE_CHECKING:
    from aidial_contract.query import QueryParam

_OWN_TENANT = RouteScope(kind=ScopeKind.PROJECTS, client_id=None, project_id=None)


def _read(path: str, name: str, handler: Handler, params: tuple[QueryParam, ...]) -> Route:
    return Route(
        method="GET",
        path=path,
        name=name,
        handler=handler,
        kind=Kind.API,
        access=Access.FULL,
        permission=Permission.AUDIT_VIEW,
        scope=PROJECTS,
        query=frozenset(param.name for param in params),
        params=params,
        bucket=None,
        body=NO_BODY,
        produces=JSON,
        precondition=Precondition.NONE,
        denial_calls=1,
        without_context=WithoutContext.FAIL,
    )


def rows() -> tuple[Route, ...]:
    """The page, and the same as JSON."""
    return (
        page_row(
            PATH,
            "audit.page",
            pages.log,
            access=Access.FULL,
            permission=Permission.AUDIT_VIEW,
            scope=_OWN_TENANT,
            params=AUDIT_PARAMS,
        ),
        _read("/api/compliance/audit-events", "audit.list", api.events, AUDIT_PARAMS),
        _read("/api/compliance/audit-events/actors", "audit.actors", api.actors, ()),
    )
