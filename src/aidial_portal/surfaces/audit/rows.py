"""The rows of the activity log."""

from __future__ import annotations

from aidial_contract.access import Permission
from aidial_contract.params import AUDIT_PARAMS
from aidial_contract.scope import ScopeKind
from aidial_portal.kernel.pages import PROJECTS, page_row
from aidial_portal.kernel.route import Access, Route, RouteScope
from aidial_portal.kernel.rows import read_row
from aidial_portal.surfaces.audit import api, pages
from aidial_portal.surfaces.audit.state import PATH

_OWN_TENANT = RouteScope(kind=ScopeKind.PROJECTS, client_id=None, project_id=None)


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
        read_row(
            "/api/compliance/audit-events",
            "audit.list",
            api.events,
            permission=Permission.AUDIT_VIEW,
            scope=PROJECTS,
            params=AUDIT_PARAMS,
        ),
        read_row(
            "/api/compliance/audit-events/actors",
            "audit.actors",
            api.actors,
            permission=Permission.AUDIT_VIEW,
            scope=PROJECTS,
        ),
    )
