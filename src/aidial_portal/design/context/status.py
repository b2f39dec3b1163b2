"""Status: `status/page.html`, `status/report.html`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class IncidentUpdateShown:
    """What was said at one time; `message` None: only the state changed."""

    state: str
    message: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class IncidentShown:
    """An incident. `lines` are the names of the projects it concerns, none when it is everybody's."""

    incident_id: str
    severity: str
    state: str
    title: str
    started_at: datetime
    updates: tuple[IncidentUpdateShown, ...]
    lines: tuple[str, ...] = ()
    resolved_at: datetime | None = None
    duration_seconds: int | None = None


@dataclass(frozen=True, slots=True)
class PartShown:
    """One part of a project's service; `evidence` is a sentence without its time."""

    name: str
    state: str
    evidence: str
    last_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ProjectHealthShown:
    """One project and its parts."""

    project_id: str
    name: str
    state: str
    parts: tuple[PartShown, ...]


@dataclass(frozen=True, slots=True)
class StatusPage:
    """`/status`. `refresh_url` is the page again."""

    template: ClassVar[str] = "status/page.html"
    timezone: str
    now: datetime
    overall: str
    active: tuple[IncidentShown, ...]
    history: tuple[IncidentShown, ...]
    projects: tuple[ProjectHealthShown, ...]
    refresh_url: str = "/status"
    shows_lines: bool = True


@dataclass(frozen=True, slots=True)
class StatusFragment:
    """What a script puts in the place of the report each minute."""

    template: ClassVar[str] = "status/report.html"
    page: StatusPage
