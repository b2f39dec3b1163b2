"""From the status report on the wire to what the templates draw.

The one thing a newcomer would get wrong: an incident names only the projects that its reader reaches.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from aidial_portal.design.context import (
    IncidentShown,
    IncidentUpdateShown,
    PartShown,
    ProjectHealthShown,
    StatusPage,
)
from aidial_portal.kernel.pages import projects_of, reading_zone_of
from aidial_portal.surfaces.status.words import PART_NAMES, evidence
from aidial_portal.words import _

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aidial_contract.shapes.status import Incident, ProjectHealth, StatusReport
    from aidial_portal.kernel.request import PortalRequest


def show_page(request: PortalRequest, report: StatusReport) -> StatusPage:
    """The page of a report."""
    names = _names(request)
    return StatusPage(
        timezone=reading_zone_of(request),
        now=datetime.now(UTC),
        overall=report.overall,
        active=tuple(show_incident(one, names) for one in report.incidents),
        history=tuple(show_incident(one, names) for one in report.history),
        projects=tuple(_project(one, names) for one in report.projects),
        shows_lines=bool(projects_of(request)) or not request.session.is_internal,
    )


def _names(request: PortalRequest) -> dict[str, str]:
    """What each project in reach is called: with its client's name where there are several clients."""
    known = request.session.known
    clients = {client.client_id: client.name for client in known.clients}
    return {
        one.project_id: one.display_name
        if len(clients) == 1
        else f"{one.display_name}, {clients.get(one.client_id, one.client_id)}"
        for one in projects_of(request)
    }


def show_incident(incident: Incident, names: Mapping[str, str]) -> IncidentShown:
    """An incident with its updates."""
    return IncidentShown(
        incident_id=incident.incident_id,
        severity=incident.severity,
        state=incident.state,
        title=incident.title,
        started_at=incident.created_at,
        updates=tuple(IncidentUpdateShown(one.state, one.message, one.at) for one in incident.updates),
        lines=tuple(names.get(one, one) for one in incident.project_ids),
        resolved_at=incident.resolved_at,
        duration_seconds=incident.duration_seconds,
    )


def _project(project: ProjectHealth, names: Mapping[str, str]) -> ProjectHealthShown:
    return ProjectHealthShown(
        project_id=project.project_id,
        name=names.get(project.project_id, project.display_name),
        state=project.state,
        parts=tuple(
            PartShown(_(PART_NAMES[one.part]), one.state, evidence(one), one.last_at) for one in project.parts
        ),
    )
