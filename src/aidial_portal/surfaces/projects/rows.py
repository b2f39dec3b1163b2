"""The rows of projects."""

from __future__ import annotations

from aidial_contract.access import Permission
from aidial_contract.scope import ScopeKind
from aidial_portal.kernel.route import (
    JSON,
    NO_BODY,
    NO_QUERY,
    Access,
    Kind,
    Precondition,
    Route,
    RouteScope,
    WithoutContext,
)
from aidial_portal.surfaces.projects import api


def rows() -> tuple[Route, ...]:
    """`/api/projects`."""
    return (
        Route(
            method="GET",
            path="/api/projects",
            name="projects.list",
            handler=api.projects,
            kind=Kind.API,
            access=Access.FULL,
            permission=Permission.PROJECTS_VIEW,
            scope=RouteScope(kind=ScopeKind.PROJECTS, client_id=None, project_id=None),
            query=NO_QUERY,
            bucket=None,
            body=NO_BODY,
            produces=JSON,
            precondition=Precondition.NONE,
            denial_calls=1,
            without_context=WithoutContext.FAIL,
        ),
    )
