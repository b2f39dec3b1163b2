"""The projects a person reaches.

The one thing a newcomer would get wrong: `project_ref` is made here and means nothing to `/v1`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aidial_contract.shapes.projects import PortalProject, PortalProjectList, Project, ProjectList
from aidial_portal.kernel.answers import json_answer
from aidial_portal.kernel.references import project_reference

if TYPE_CHECKING:
    from starlette.responses import Response

    from aidial_portal.kernel.request import PortalRequest


async def projects(request: PortalRequest) -> Response:
    """`GET /api/projects`: every project in reach, with its reference."""
    listed = await request.api.get("/v1/projects", ProjectList)
    return json_answer(PortalProjectList(projects=[_with_reference(request, one) for one in listed.projects]))


def _with_reference(request: PortalRequest, project: Project) -> PortalProject:
    reference = project_reference(request.portal.reference_key, request.session.subject, project.project_id)
    return PortalProject(
        project_id=project.project_id,
        project_ref=reference,
        client_id=project.client_id,
        display_name=project.display_name,
        timezone=project.timezone,
        is_active=project.is_active,
    )
