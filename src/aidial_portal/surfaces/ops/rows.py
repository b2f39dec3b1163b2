"""The row of operations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aidial_contract.access import Permission
from aidial_contract.scope import ScopeKind
from aidial_portal.kernel.pages import page_row
from aidial_portal.kernel.route import Access, RouteScope
from aidial_portal.surfaces.ops import pages

if TYPE_CHECKING:
    from aidial_portal.kernel.route import Route


def rows() -> tuple[Route, ...]:
    """`/ops`, for internal roles."""
    return (
        page_row(
            pages.PATH,
            "ops.home",
            pages.home,
            access=Access.FULL,
            permission=Permission.OPS_VIEW,
            scope=RouteScope(kind=ScopeKind.EVERYTHING, client_id=None, project_id=None),
        ),
    )
