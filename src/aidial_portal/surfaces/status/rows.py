"""The rows of status."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aidial_contract.access import Permission
from aidial_contract.scope import ScopeKind
from aidial_portal.kernel.pages import page_row
from aidial_portal.kernel.route import Access, RouteScope
from aidial_portal.kernel.rows import read_row
from aidial_portal.surfaces.status import pages

if TYPE_CHECKING:
    from aidial_portal.kernel.route import Route

_REACHED: Final = RouteScope(kind=ScopeKind.PROJECTS, client_id=None, project_id=None)


def rows() -> tuple[Route, ...]:
    """The page, and the same as JSON; everybody's."""
    return (
        page_row(
            pages.PATH,
            "status.page",
            pages.status,
            access=Access.FULL,
            permission=Permission.STATUS_VIEW,
            scope=_REACHED,
        ),
        read_row(
            "/api/status", "status.show", pages.report, permission=Permission.STATUS_VIEW, scope=_REACHED
        ),
    )
