"""The rows of the projects workspace: two pages, and two a section, made of the list of sections."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aidial_contract.access import Permission
from aidial_contract.params import VERSION_LIST_PARAMS
from aidial_contract.scope import ScopeKind
from aidial_contract.shapes.workspace import SECTIONS, Publication, Section
from aidial_portal.kernel.limits import SETTINGS_CHANGES
from aidial_portal.kernel.pages import page_row
from aidial_portal.kernel.route import Access, Precondition, Route, RouteScope, json_body
from aidial_portal.kernel.rows import change_row, read_row
from aidial_portal.surfaces.workspace import api, pages

if TYPE_CHECKING:
    from collections.abc import Iterator

_PROJECT = "/api/workspace/projects/{project_id}"
_ONE = RouteScope(kind=ScopeKind.RECORD, client_id=None, project_id="path.project_id")


def _section_rows(section: Section) -> Iterator[Route]:
    path = f"{_PROJECT}/draft/{section.name}"
    yield read_row(
        path,
        f"workspace.{section.name}.show",
        api.show_draft(section.name),
        permission=Permission.WORKSPACE_VIEW,
        scope=_ONE,
    )
    yield change_row(
        "PUT",
        path,
        f"workspace.{section.name}.save",
        api.save_draft(section.name),
        permission=Permission.WORKSPACE_MANAGE,
        scope=_ONE,
        bucket=SETTINGS_CHANGES,
        body=json_body(section.change, *section.rules),
        precondition=Precondition.EXPECTED_VERSION,
    )


def rows() -> tuple[Route, ...]:
    """`/projects`, and `/api/workspace/projects/{project_id}/`."""
    return (
        page_row(
            pages.PATH,
            "workspace.projects.page",
            pages.projects,
            access=Access.FULL,
            permission=Permission.WORKSPACE_VIEW,
            scope=RouteScope(kind=ScopeKind.PROJECTS, client_id=None, project_id=None),
        ),
        page_row(
            f"{pages.PATH}/{{project_id}}",
            "workspace.project.page",
            pages.project,
            access=Access.FULL,
            permission=Permission.WORKSPACE_VIEW,
            scope=_ONE,
            query=frozenset({"section"}),
        ),
        *(row for section in SECTIONS for row in _section_rows(section)),
        change_row(
            "POST",
            f"{_PROJECT}/publish",
            "workspace.publish",
            api.publish,
            permission=Permission.WORKSPACE_MANAGE,
            scope=_ONE,
            bucket=SETTINGS_CHANGES,
            body=json_body(Publication),
            precondition=Precondition.EXPECTED_VERSION,
            errors=("draft_state_missing",),
        ),
        read_row(
            f"{_PROJECT}/versions",
            "workspace.versions",
            api.versions,
            permission=Permission.WORKSPACE_VIEW,
            scope=_ONE,
            params=VERSION_LIST_PARAMS,
        ),
    )
