"""Sections of settings as JSON.

The one thing a newcomer would get wrong: these handlers serve every section; what differs is in its row of
`aidial_contract.sections`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from aidial_contract.sections import BY_SLUG
from aidial_contract.shapes.project_settings import OpeningPreview
from aidial_contract.shapes.settings import SettingsProject
from aidial_portal.kernel.answers import json_answer
from aidial_portal.kernel.pages import projects_of
from aidial_portal.kernel.references import project_of, project_reference
from aidial_portal.kernel.steps import deny

if TYPE_CHECKING:
    from starlette.responses import Response

    from aidial_contract.section import Save, Section
    from aidial_contract.shapes.sessions import ContextProject
    from aidial_portal.kernel.request import PortalRequest


OPENING: Final = BY_SLUG["business-hours"]


async def show(section: Section, request: PortalRequest) -> Response:
    """`GET /api/settings/{slug}`: the document, as much of it as the role sees."""
    project = await project_for(section, request, request.query.get("project_ref"))
    return _answer(section, request, project, await read(section, request, project))


async def save(section: Section, save: Save, request: PortalRequest) -> Response:
    """`PUT /api/settings/{slug}`: the document after the change."""
    project = await project_for(section, request, request.value.project_ref)
    body = save.change(value=request.value.value, expected_version=request.value.expected_version)
    path = path_of(section.path(save), project)
    document = await request.api.send("PUT", path, section.document, body=body)
    if project is None:
        # The tenant's name and zone are part of who one is.
        request.portal.contexts.forget(request.session.session_id)
    return _answer(section, request, project, document)


async def opening_preview(request: PortalRequest) -> Response:
    """`GET /api/settings/business-hours/preview`: whether the line would be open `at` a moment."""
    project = await project_for(OPENING, request, request.query.get("project_ref"))
    return json_answer(await read_opening(request, project))


async def read_opening(request: PortalRequest, project: ContextProject | None) -> OpeningPreview:
    """What `/v1` says of `at`, now without."""
    asked = {"at": request.query["at"]} if request.query.get("at") else {}
    return await request.api.get(path_of(f"{OPENING.slug}/preview", project), OpeningPreview, query=asked)


async def unknown(request: PortalRequest) -> Response:
    """A section that nobody has."""
    await deny(request, "no such section")


async def read(section: Section, request: PortalRequest, project: ContextProject | None) -> Any:
    """The section's document, as `/v1` gives it to this person."""
    return await request.api.get(path_of(section.slug, project), section.document)


async def project_for(
    section: Section, request: PortalRequest, reference: str | None
) -> ContextProject | None:
    """The project a reference means, the first one without; None where a section is not per project.

    404 when there is no project. The guard made sure that a reference is this person's.
    """
    if not section.per_project:
        return None
    found = choose(request, reference)
    if found is None:
        await deny(request, "no project in reach")
    return found


def choose(request: PortalRequest, reference: str | None) -> ContextProject | None:
    """The project a reference means to this person, the first one without a reference."""
    projects = projects_of(request)
    if reference is None:
        return projects[0] if projects else None
    session = request.session
    known = project_of(request.portal.reference_key, session.subject, session.reach, reference)
    return next((one for one in projects if known is not None and one.project_id == known.project_id), None)


def references(request: PortalRequest) -> list[SettingsProject]:
    """Every project to choose from; for somebody of several clients, with the client's name."""
    names = {one.client_id: one.name for one in request.session.known.clients}
    return [
        SettingsProject(
            ref=reference_of(request, one),
            name=f"{names[one.client_id]}: {one.display_name}" if len(names) > 1 else one.display_name,
        )
        for one in projects_of(request)
    ]


def reference_of(request: PortalRequest, project: ContextProject) -> str:
    """This person's reference to a project."""
    return project_reference(request.portal.reference_key, request.session.subject, project.project_id)


def path_of(rest: str, project: ContextProject | None) -> str:
    """Where `/v1` keeps what is set for a project, or for the tenant."""
    return f"/v1/settings/{rest}" if project is None else f"/v1/projects/{project.project_id}/settings/{rest}"


def _answer(
    section: Section, request: PortalRequest, project: ContextProject | None, document: Any
) -> Response:
    members = msgspec.structs.asdict(document)
    if project is None:
        return json_answer(section.portal_document(**members, projects=[]))
    ref = reference_of(request, project)
    return json_answer(section.portal_document(**members, project_ref=ref, projects=references(request)))
