"""The rows of saved views."""

from __future__ import annotations

from aidial_contract.access import Permission
from aidial_contract.params import CLIENT
from aidial_contract.scope import ScopeKind
from aidial_contract.shapes.call_views import CallViewsChange, call_views_rules
from aidial_portal.kernel.limits import SETTINGS_CHANGES
from aidial_portal.kernel.pages import PROJECTS, page_row
from aidial_portal.kernel.route import Access, Precondition, Route, RouteScope, json_body
from aidial_portal.kernel.rows import change_row, read_row
from aidial_portal.surfaces.calls import pages, view_api

_CLIENT = RouteScope(kind=ScopeKind.CLIENTS, client_id="query.client_id", project_id=None)


def rows() -> tuple[Route, ...]:
    """The page they are managed on, and the same as JSON."""
    keep = Permission.CALLS_KEEP_VIEWS
    return (
        page_row(
            "/calls/views",
            "calls.views_page",
            pages.views,
            access=Access.FULL,
            permission=keep,
            scope=PROJECTS,
            query=frozenset({"project_id"}),
        ),
        read_row(
            "/api/call-views",
            "call_views.show",
            view_api.views,
            permission=keep,
            scope=_CLIENT,
            params=(CLIENT,),
        ),
        change_row(
            "PUT",
            "/api/call-views",
            "call_views.save",
            view_api.save_views,
            permission=keep,
            scope=_CLIENT,
            bucket=SETTINGS_CHANGES,
            body=json_body(CallViewsChange, call_views_rules),
            precondition=Precondition.EXPECTED_VERSION,
            params=(CLIENT,),
        ),
    )
