"""`/projects` and `/projects/{project_id}`: what a project is called, and what its calls may be.

The one thing a newcomer would get wrong: what is saved here is a working copy. Calls and the runtime know
nothing of it until it is published.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from aidial_contract.access import Permission, level_of
from aidial_contract.shapes.projects import ProjectList
from aidial_contract.shapes.workspace import SECTIONS, Draft, PublishedVersionList
from aidial_portal.design.context import NavItem, ProjectPage, WorkspacePage, WorkspaceRow
from aidial_portal.design.links import with_query
from aidial_portal.kernel.pages import draw, projects_of
from aidial_portal.kernel.steps import deny
from aidial_portal.words import N_, _

if TYPE_CHECKING:
    from starlette.responses import Response

    from aidial_portal.kernel.request import PortalRequest

PATH: Final = "/projects"
TITLES: Final = {
    "profile": (N_("Name and time zone"), N_("What this line is called, and where its days begin and end.")),
    "taxonomy": (
        N_("Outcomes and types"),
        N_("What calls of this line may be. Any other word becomes unclassified; an empty list takes any."),
    ),
    "transfer-routing": (
        N_("Destinations"),
        N_("Whom calls of this line may be handed over to. Customers choose among those that are published."),
    ),
}
"""By section: the heading, and a sentence."""


async def projects(request: PortalRequest) -> Response:
    """Every project in reach, by client and name."""
    listed = await request.api.get("/v1/projects", ProjectList)
    rows = [
        WorkspaceRow(
            name=one.display_name,
            client_name=_client_name(request, one.client_id),
            timezone=one.timezone,
            is_active=one.is_active,
            url=f"{PATH}/{one.project_id}",
        )
        for one in listed.projects
    ]
    rows.sort(key=lambda row: (not row.is_active, row.client_name.casefold(), row.name.casefold()))
    return draw(request, WorkspacePage(rows=tuple(rows)), path=PATH)


async def project(request: PortalRequest) -> Response:
    """One section of a project: a form for those who manage projects, a document for those who look."""
    project_id = request.path_values["project_id"]
    slug = request.query.get("section", SECTIONS[0].name)
    if slug not in TITLES:
        await deny(request, "no such section")
    known = next(one for one in projects_of(request) if one.project_id == project_id)
    draft, versions = await asyncio.gather(
        request.api.get(f"/v1/projects/{project_id}/draft/{slug}", Draft),
        request.api.get(f"/v1/projects/{project_id}/versions", PublishedVersionList, query={"limit": "1"}),
    )
    newest = versions.versions[0] if versions.versions else None
    role = request.session.role
    title, about = TITLES[slug]
    own = f"{PATH}/{project_id}"
    page = ProjectPage(
        name=known.display_name,
        client_name=_client_name(request, known.client_id),
        sections=tuple(
            NavItem(_(words), with_query(own, {"section": name}), "projects", is_current=name == slug)
            for name, (words, _about) in TITLES.items()
        ),
        kind=slug,
        title=_(title),
        about=_(about),
        value=draft.value,
        version=draft.version,
        may_edit=role is not None and level_of(role, Permission.WORKSPACE_MANAGE) is not None,
        is_published=draft.is_published,
        action=f"/api/workspace{own}/draft/{slug}",
        publish_action=f"/api/workspace{own}/publish",
        timezone=known.timezone,
        now=datetime.now(UTC),
        changed_at=draft.changed_at,
        number=newest.number if newest else None,
        published_at=newest.published_at if newest else None,
        published_by=newest.published_by if newest else None,
    )
    return draw(request, page, path=own)


def _client_name(request: PortalRequest, client_id: str) -> str:
    return next((one.name for one in request.session.known.clients if one.client_id == client_id), client_id)
