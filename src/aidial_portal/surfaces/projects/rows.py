"""The rows of projects."""

from __future__ import annotations

from aidial_contract.access import Permission
from aidial_contract.scope import ScopeKind
from aidial_portal.kernel.route import Route, RouteScope
from aidial_portal.kernel.rows import read_row
from aidial_portal.surfaces.projects import api


def rows() -> tuple[Route, ...]:
    """`/api/projects`."""
    return (
        read_row(
            "/api/projects",
            "projects.list",
            api.projects,
            permission=Permission.PROJECTS_VIEW,
            scope=RouteScope(kind=ScopeKind.PROJECTS, client_id=None, project_id=None),
        ),
    )
