"""The rows of calls."""

from __future__ import annotations

from aidial_contract.access import Permission
from aidial_contract.params import CALL_LIST_PARAMS
from aidial_contract.query import QueryParam
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
from aidial_portal.surfaces.calls import api, pages
from aidial_portal.surfaces.calls.state import PAGE_PARAMS

_ONE_CALL = RouteScope(kind=ScopeKind.CALL, client_id=None, project_id=None)
_ONE_CALL_IN_PROJECT = RouteScope(kind=ScopeKind.CALL, client_id=None, project_id="query.project_id")


def _read(
    path: str,
    name: str,
    handler: Handler,
    permission: Permission,
    scope: RouteScope,
    params: tuple[QueryParam, ...],
) -> Route:
    return Route(
        method="GET",
        path=path,
        name=name,
        handler=handler,
        kind=Kind.API,
        access=Access.FULL,
        permission=permission,
        scope=scope,
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
    """The list, the old address of one call, and both as JSON."""
    view, review = Permission.CALLS_VIEW, Permission.CALLS_REVIEW
    return (
        page_row(
            "/calls",
            "calls.page",
            pages.calls,
            access=Access.FULL,
            permission=view,
            scope=PROJECTS,
            query=frozenset({"expand"}),
            params=PAGE_PARAMS,
        ),
        page_row(
            "/calls/{call_id}",
            "calls.one",
            pages.one_call,
            access=Access.FULL,
            permission=review,
            scope=_ONE_CALL_IN_PROJECT,
            query=frozenset({"project_id"}),
        ),
        _read("/api/calls", "calls.list", api.calls, view, PROJECTS, CALL_LIST_PARAMS),
        _read("/api/calls/{call_id}/preview", "calls.preview", api.preview, review, _ONE_CALL, ()),
    )
