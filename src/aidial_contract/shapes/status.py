"""Incidents and the state of things on the wire: `product.md` sections 8 and 12.

The one thing a newcomer would get wrong: the overall state comes from active incidents alone. What a
project's own calls show stands in its row; see `docs/decisions/0043-status-and-incidents.md`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Final, Literal, get_args

from msgspec import Meta, field

from aidial_contract.checking import TEXT_PATTERN
from aidial_contract.fault import FieldError
from aidial_contract.shapes.common import Incoming, Outgoing, Time, Uuid, Version, not_blank

Severity = Literal["minor", "major", "critical"]
IncidentState = Literal["investigating", "identified", "monitoring", "resolved"]
Overall = Literal["operational", "minor_issue", "service_degradation", "critical_disruption"]
Part = Literal[
    "phone_path",
    "booking",
    "transfers",
    "sms",
    "email",
    "reports",
    "recording",
    "transcript",
    "incidents",
]
PartState = Literal["operational", "degraded", "down", "no_evidence"]
SEVERITIES: Final[tuple[Severity, ...]] = get_args(Severity)
"""The mildest first."""
INCIDENT_STATES: Final[tuple[str, ...]] = get_args(IncidentState)
PARTS: Final[tuple[Part, ...]] = get_args(Part)
OVERALL_BY_SEVERITY: Final[dict[str, Overall]] = {
    "minor": "minor_issue",
    "major": "service_degradation",
    "critical": "critical_disruption",
}
HISTORY_DAYS: Final = 7
MAX_PROJECTS: Final = 50

Title = Annotated[str, Meta(min_length=1, max_length=200, pattern=TEXT_PATTERN)]
Message = Annotated[str, Meta(min_length=1, max_length=2_000, pattern=TEXT_PATTERN)]


class NewIncident(Incoming):
    """`POST /v1/incidents`: shown at once to everybody, or to those who reach one of `project_ids`."""

    severity: Severity
    title: Title
    message: Message
    project_ids: Annotated[list[str], Meta(max_length=MAX_PROJECTS)] = field(default_factory=list)


class IncidentPatch(Incoming):
    """`PATCH /v1/incidents/{incident_id}`: the next state and what is said about it.

    Without `message` the state alone changes; one that stays needs a message.
    """

    state: IncidentState
    message: Message | None = None
    expected_version: Version | None = None


class IncidentUpdate(Outgoing):
    """What was said at one time, and the state since then."""

    update_id: Uuid
    state: IncidentState
    message: str | None
    at: Time


class Incident(Outgoing):
    """One incident. `project_ids` are those that its reader reaches; empty when it is everybody's.

    `updates` are the newest fifty, newest first. `duration_seconds` is known once it is resolved. `allowed`
    are the states that may follow.
    """

    incident_id: Uuid
    severity: Severity
    state: IncidentState
    title: str
    concerns_everybody: bool
    project_ids: list[Uuid]
    created_at: Time
    updated_at: Time
    resolved_at: Time | None
    duration_seconds: int | None
    updates: list[IncidentUpdate]
    allowed: list[IncidentState]
    version: int


class IncidentAnswer(Outgoing):
    """One incident, as it is now."""

    incident: Incident


class IncidentList(Outgoing):
    """`GET /v1/incidents`, newest first."""

    incidents: list[Incident]
    next_cursor: str | None


class PartHealth(Outgoing):
    """One part of a project's service: of `seen` uses, `failed` went wrong; `last_at` is the newest one.

    `no_evidence`: nothing happened in the last seven days that would tell (35 for the monthly report).
    """

    part: Part
    state: PartState
    seen: int
    failed: int
    last_at: Time | None


class ProjectHealth(Outgoing):
    """One project; `state` is its worst part's."""

    project_id: Uuid
    client_id: str
    display_name: str
    state: PartState
    parts: list[PartHealth]


class StatusReport(Outgoing):
    """`GET /v1/status`: active `incidents` decide `overall`; `history` are those resolved in seven days."""

    overall: Overall
    incidents: list[Incident]
    history: list[Incident]
    projects: list[ProjectHealth]


def overall_of(severities: list[str]) -> Overall:
    """The overall state while incidents of these severities are active."""
    found = [severity for severity in SEVERITIES if severity in severities]
    return OVERALL_BY_SEVERITY[found[-1]] if found else "operational"


incident_patch_rules = not_blank("message")
_texts = not_blank("title", "message")


def new_incident_rules(plain: Any, failed: frozenset[str]) -> Iterator[FieldError]:
    """Texts that hold something, no project named twice."""
    yield from _texts(plain, failed)
    given = plain.get("project_ids") if isinstance(plain, dict) else None
    if not isinstance(given, list) or "/project_ids" in failed:
        return
    seen = set()
    for index, one in enumerate(given):
        if isinstance(one, str) and one.lower() in seen:
            yield FieldError(f"/project_ids/{index}", "repeated")
        if isinstance(one, str):
            seen.add(one.lower())
