"""The rows of projects."""

from __future__ import annotations

from aidial_api.kernel.route import Access, AuthMode, Route
from aidial_api.surfaces.projects import handlers
from aidial_contract.access import Permission
from aidial_contract.query import Kind, QueryParam
from aidial_contract.scope import ScopeKind
from aidial_contract.shapes.projects import ProjectList
from aidial_contract.shapes.workspace import TaxonomyList

ROWS = (
    Route(
        method="GET",
        path="/v1/projects",
        name="projects.list",
        summary="The projects you reach.",
        handler=handlers.show_list,
        access=Access.FULL,
        auth=AuthMode.EITHER,
        permission=Permission.PROJECTS_VIEW,
        scope=ScopeKind.PROJECTS,
        bucket="reads",
        answers={200: ProjectList},
        query=(QueryParam("client_id", Kind.ID, "Only projects of this client."),),
    ),
    Route(
        method="GET",
        path="/v1/taxonomies",
        name="projects.taxonomies",
        summary="The outcomes, resolutions and call types that the projects you reach have published.",
        handler=handlers.show_taxonomies,
        access=Access.FULL,
        auth=AuthMode.EITHER,
        permission=Permission.PROJECTS_VIEW,
        scope=ScopeKind.PROJECTS,
        bucket="reads",
        answers={200: TaxonomyList},
        query=(
            QueryParam("project_id", Kind.ID, "Only of this project."),
            QueryParam("client_id", Kind.ID, "Only of this client's projects."),
        ),
    ),
)
