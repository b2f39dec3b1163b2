"""Projects on the wire. The one thing a newcomer would get wrong: `project_ref` exists on the portal only."""

from __future__ import annotations

from aidial_contract.shapes.common import Outgoing, Uuid


class Project(Outgoing):
    """One phone line or agent set-up of a client; `timezone` is an IANA name."""

    project_id: Uuid
    client_id: str
    display_name: str
    timezone: str
    is_active: bool


class ProjectList(Outgoing):
    """`GET /v1/projects`."""

    projects: list[Project]


class PortalProject(Outgoing):
    """`Project` as browsers see it, with the opaque reference settings use."""

    project_id: Uuid
    project_ref: str
    client_id: str
    display_name: str
    timezone: str
    is_active: bool


class PortalProjectList(Outgoing):
    """`GET /api/projects`."""

    projects: list[PortalProject]
