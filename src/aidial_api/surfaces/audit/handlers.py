"""`GET /v1/audit-events` and its actors.

The one thing a newcomer would get wrong: the opening is recorded after the page was read, so nobody's own
look stands on top of what they came to see; and a further page belongs to the same opening.
"""

from __future__ import annotations

from typing import Any, Final

import asyncpg
import msgspec

from aidial_api.kernel.ask import Ask
from aidial_api.kernel.audit import Event, record
from aidial_api.kernel.route import Answer
from aidial_api.surfaces.audit import listing, store
from aidial_contract.access import Level
from aidial_contract.shapes.audit import (
    SYSTEM,
    AuditActor,
    AuditActorChoice,
    AuditActorList,
    AuditEvent,
    AuditEventList,
    AuditTarget,
    AuditTechnical,
)

SYSTEM_LABEL: Final = "AiDial"
_NO_FILTERS: Final = frozenset({"limit", "cursor"})
_metadata = msgspec.json.Decoder(dict[str, Any])


async def find(ask: Ask) -> asyncpg.Record | None:
    """The tenant whose log it is: the person's own, through the scope."""
    person = ask.actor.person
    return await store.find_tenant(ask.tx, person.client_id if person else None, ask.reach.client_ids)


def _project_ids(ask: Ask) -> list[str]:
    return [project.project_id for project in ask.reach.projects]


async def show_list(ask: Ask) -> Answer:
    """One page, and the event that somebody opened the log."""
    client_id: str = ask.found["client_id"]
    question = listing.Question(
        client_id=client_id, zone=ask.found["timezone"], project_ids=_project_ids(ask), query=ask.query
    )
    page = await listing.list_page(ask.tx, question, ask.services.cursors)
    if ask.query["cursor"] is None:
        await record(ask, _opened(ask, client_id))
    events = [_shown(row, ask.level or Level.METADATA) for row in page.rows]
    return Answer(AuditEventList(events=events, next_cursor=page.next_cursor))


def _opened(ask: Ask, client_id: str) -> Event:
    filters = sorted(name for name, _ in ask.raw_query if name not in _NO_FILTERS)
    return Event(
        action="audit.viewed",
        target_kind="audit_log",
        target_id=client_id,
        client_id=client_id,
        technical={"filters": filters},
    )


def _shown(row: asyncpg.Record, level: Level) -> AuditEvent:
    by_system = row["actor_kind"] == SYSTEM
    return AuditEvent(
        event_id=str(row["event_id"]),
        at=row["at"],
        actor=AuditActor(
            kind=row["actor_kind"], id=SYSTEM if by_system else row["actor_id"], label=row["actor_label"]
        ),
        action=row["action"],
        target=AuditTarget(kind=row["target_kind"], id=row["target_id"]),
        outcome=row["outcome"],
        project_id=None if row["project_id"] is None else str(row["project_id"]),
        why=row["why"],
        technical=_technical(row, level),
    )


def _technical(row: asyncpg.Record, level: Level) -> AuditTechnical:
    """Addresses and metadata are for whoever holds the whole permission."""
    if level is not Level.FULL:
        return AuditTechnical(
            request_id=row["request_id"],
            policy=row["policy"],
            source_ip=None,
            metadata=None,
            restricted=["source_ip", "metadata"],
        )
    text = row["technical"]
    return AuditTechnical(
        request_id=row["request_id"],
        policy=row["policy"],
        source_ip=row["source_ip"],
        metadata=None if text is None else _metadata.decode(text),
        restricted=[],
    )


async def show_actors(ask: Ask) -> Answer:
    """People, then keys and service accounts, then AiDial itself, each group by name."""
    rows = await store.list_actors(ask.tx, ask.found["client_id"], _project_ids(ask))
    order = {"user": 0, "key": 1, "service": 2, SYSTEM: 3}
    choices = [
        AuditActorChoice(
            id=row["id"],
            label=SYSTEM_LABEL if row["kind"] == SYSTEM else row["label"] or row["id"],
            kind=row["kind"],
        )
        for row in rows
    ]
    choices.sort(key=lambda one: (order[one.kind], one.label.casefold(), one.id))
    return Answer(AuditActorList(actors=choices))
