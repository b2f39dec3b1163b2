"""Scope kinds: how a route finds the records it may touch.

The one thing a newcomer would get wrong: a scope is not checked after loading. The guard turns the actor
into the clients and projects it reaches, and every query goes through those.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ScopeKind(StrEnum):
    """What a route's ids are looked up through."""

    NOBODY = "nobody"  # public rows: no actor, no records
    SELF = "self"  # the actor's own session, profile
    CLIENTS = "clients"  # every client the actor reaches
    PROJECTS = "projects"  # every project the actor reaches; `project_id`, `client_id` narrow it
    CALL = "call"  # one call inside those projects, `call_id` in the path
    RECORD = "record"  # one record of a client in reach, its id in the path
    PARTNER_ORG = "partner_org"  # the actor's partner organisation
    EVERYTHING = "everything"  # internal roles' own surfaces


@dataclass(frozen=True, slots=True)
class ProjectReach:
    """One project an actor reaches; `timezone` is an IANA name. An inactive one's calls stay readable."""

    client_id: str
    project_id: str
    timezone: str
    is_active: bool = True


@dataclass(frozen=True, slots=True)
class Reach:
    """Everything an actor reaches: clients (even those without projects) and projects, both sorted.

    `every_project`: all projects of the clients, which nobody listed: an internal role that named a client.
    """

    client_ids: tuple[str, ...] = ()
    projects: tuple[ProjectReach, ...] = ()
    every_project: bool = False

    def narrowed(self, *, client_id: str | None = None, project_id: str | None = None) -> Reach:
        """Only what lies inside one client and, or, one project; empty when that is out of reach."""
        projects = [
            project
            for project in self.projects
            if client_id in (None, project.client_id) and project_id in (None, project.project_id)
        ]
        of_projects = {project.client_id for project in projects}
        clients = [
            client
            for client in self.client_ids
            if client_id in (None, client) and (project_id is None or client in of_projects)
        ]
        return Reach(tuple(clients), tuple(projects))


NOTHING = Reach()
