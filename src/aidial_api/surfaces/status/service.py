"""What happens to an incident: it is published, told about, resolved; and what its reader is shown.

The one thing a newcomer would get wrong: its texts are read by customers, so they are redacted like a
ticket's subject; whoever types a phone number into one would publish it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import asyncpg

from aidial_api.kernel import incidents as concerned
from aidial_api.kernel import versions
from aidial_api.kernel.ask import Ask
from aidial_api.kernel.audit import Event, record
from aidial_api.kernel.redaction import RedactionFailed, redact_turns
from aidial_api.surfaces.status import health, store
from aidial_contract import errors
from aidial_contract.access import INTERNAL_ROLES
from aidial_contract.fault import Fault, FieldError
from aidial_contract.ids import new_id, parse_uuid
from aidial_contract.lifecycle import INCIDENTS
from aidial_contract.shapes.status import (
    Incident,
    IncidentPatch,
    IncidentUpdate,
    NewIncident,
    StatusReport,
    overall_of,
)

NO_INCIDENT: Final = "00000000-0000-0000-0000-000000000000"
LONGEST_TITLE: Final = 200
LONGEST_MESSAGE: Final = 2_000


def sees_all(ask: Ask) -> bool:
    """Whether the asker sees what concerns any tenant: AiDial's own people."""
    return ask.actor.role in INTERNAL_ROLES and not ask.denied


async def report(ask: Ask) -> StatusReport:
    """Active incidents, those of the last seven days, and the health of each line in reach."""
    lines, everything = concerned.lines(ask.reach), sees_all(ask)
    active = await store.active(ask.tx, lines, all_of_them=everything)
    past = await store.history(ask.tx, lines, all_of_them=everything)
    said = await shown(ask, [*active, *past])
    projects = await store.evidence(ask.tx, ask.reach) if ask.reach.projects else ()
    oldest = await store.oldest_due_seconds(ask.tx) if projects else None
    return StatusReport(
        overall=overall_of([row["severity"] for row in active]),
        incidents=said[: len(active)],
        history=said[len(active) :],
        projects=[health.project_health(row, active, oldest) for row in projects],
    )


async def find(ask: Ask) -> asyncpg.Record | None:
    """The incident of the path, when it concerns the asker."""
    incident_id = parse_uuid(ask.path["incident_id"]) or NO_INCIDENT
    lines = concerned.lines(ask.reach)
    return await store.find(ask.tx, lines, incident_id, all_of_them=sees_all(ask))


async def publish(ask: Ask) -> str:
    """Write the incident of the body; gives back its id. 404 when one of its projects is not there."""
    body: NewIncident = ask.body
    project_ids = [parse_uuid(one) or NO_INCIDENT for one in body.project_ids]
    owners = await store.clients_of(ask.tx, project_ids) if project_ids else {}
    if len(owners) != len(set(project_ids)):
        raise Fault(errors.NOT_FOUND, reason="a project in the body is not there")
    title, message = redacted(body.title, body.message)
    incident_id, state = new_id(), INCIDENTS.states[0]
    clients = sorted(set(owners.values()))
    columns = (incident_id, body.severity, state, title[:LONGEST_TITLE], clients, sorted(owners))
    await store.insert(ask.tx, columns)
    await store.say(ask.tx, incident_id, new_id(), state, message[:LONGEST_MESSAGE])
    said = {"severity": body.severity, "projects": len(owners)}
    event = Event(
        action="status.incident.published", target_kind="incident", target_id=incident_id, technical=said
    )
    await record(ask, event)
    return incident_id


async def update(ask: Ask) -> None:
    """Give the found incident the body's state, at the version it names.

    Errors: 409 `version_conflict`, `state_conflict`; 422 when neither the state nor anything said is new.
    """
    patch: IncidentPatch = ask.body
    row = ask.found
    if row["version"] != patch.expected_version:
        raise versions.conflict(row["version"])
    INCIDENTS.require(row["state"], patch.state)
    if patch.message is None and patch.state == row["state"]:
        missing = [FieldError("/message", "required")]
        raise Fault(errors.VALIDATION_FAILED, field_errors=missing, reason="nothing new is said")
    incident_id = str(row["incident_id"])
    if not await store.change(ask.tx, incident_id, row["version"], patch.state):
        now = await find(ask)
        raise versions.conflict(now["version"] if now is not None else row["version"])
    message = None if patch.message is None else redacted(patch.message)[0][:LONGEST_MESSAGE]
    await store.say(ask.tx, incident_id, new_id(), patch.state, message)
    event = Event(
        action="status.incident.updated",
        target_kind="incident",
        target_id=incident_id,
        technical={"state": patch.state},
    )
    await record(ask, event)


def redacted(*texts: str) -> list[str]:
    """Texts as customers may read them. 503 `dependency_timeout` when redaction takes too long."""
    try:
        return [turn.text for turn in redact_turns([text.strip() for text in texts]).turns]
    except RedactionFailed as failed:
        raise Fault(errors.DEPENDENCY_TIMEOUT, reason=f"an incident's text: {failed}") from None


async def shown(ask: Ask, rows: Sequence[asyncpg.Record]) -> list[Incident]:
    """Incidents with what was said about them, as the asker may see them."""
    said = await store.updates(ask.tx, [str(row["incident_id"]) for row in rows])
    own = None if sees_all(ask) else set(concerned.lines(ask.reach))
    return [_incident(row, said[str(row["incident_id"])], own) for row in rows]


def _incident(row: asyncpg.Record, said: Iterable[asyncpg.Record], own: set[str] | None) -> Incident:
    concerns = [str(one) for one in row["project_ids"]]
    resolved_at = row["resolved_at"]
    return Incident(
        incident_id=str(row["incident_id"]),
        severity=row["severity"],
        state=row["state"],
        title=row["title"],
        concerns_everybody=not concerns,
        project_ids=[one for one in concerns if own is None or one in own],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        resolved_at=resolved_at,
        duration_seconds=None
        if resolved_at is None
        else int((resolved_at - row["created_at"]).total_seconds()),
        updates=[
            IncidentUpdate(
                update_id=str(one["update_id"]), state=one["state"], message=one["message"], at=one["at"]
            )
            for one in said
        ],
        allowed=list(INCIDENTS.allowed[row["state"]]),  # type: ignore[arg-type] # the table's states are the type's
        version=row["version"],
    )
