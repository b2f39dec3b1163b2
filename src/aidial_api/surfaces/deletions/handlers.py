"""The HTTP of data deletions: asked for, listed, cancelled, reviewed.

The one thing a newcomer would get wrong: approving is what deletes. It enqueues the job in its own
transaction, and from then on nothing takes it back.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import asyncpg
import msgspec

from aidial_api.kernel.ask import Ask
from aidial_api.kernel.audit import Event, record
from aidial_api.kernel.holds import lock_holds
from aidial_api.kernel.paging import read_cursor
from aidial_api.kernel.redaction import redact
from aidial_api.kernel.route import Answer
from aidial_api.surfaces.deletions import executing, store
from aidial_api.surfaces.deletions.present import to_requests
from aidial_contract import errors
from aidial_contract.fault import Fault, FieldError
from aidial_contract.ids import new_id, parse_uuid
from aidial_contract.lifecycle import DATA_DELETIONS
from aidial_contract.shapes.deletions import (
    DataDeletionAnswer,
    DataDeletionList,
    DecisionTo,
    DeletionReview,
    NewDataDeletion,
    NewDeletionScope,
    read_bound,
)

CREATED: Final = 201
NOTHING: Final = "00000000-0000-0000-0000-000000000000"
MOST_CHARACTERS: Final = 4_000
"""Of a text after redaction, whose marks may be longer than what they hide."""
CANCELLABLE: Final = ("submitted", "under_review")


class Position(msgspec.Struct, array_like=True):
    """Where a page ended."""

    at: datetime
    request_id: str


async def find_own(ask: Ask) -> asyncpg.Record | None:
    """The asker's own tenant, when they reach all of its projects."""
    return await store.find_client(ask.tx, ask.actor.own_client_id, ask.reach)


async def find_clients(ask: Ask) -> list[str] | None:
    """The clients whose requests the asker sees: their own, those assigned whole, or the one they named."""
    return await store.clients_of(ask.tx, ask.reach) or None


async def find(ask: Ask) -> asyncpg.Record | None:
    """The request the path names."""
    return await store.find(ask.tx, ask.reach, parse_uuid(ask.path["request_id"]) or NOTHING)


async def find_anothers(ask: Ask) -> asyncpg.Record | None:
    """The same, when somebody else asked for it."""
    request_id = parse_uuid(ask.path["request_id"]) or NOTHING
    return await store.find(ask.tx, ask.reach, request_id, not_of=ask.actor.actor_id or NOTHING)


async def create(ask: Ask) -> Answer:
    """201 with the request, submitted."""
    body: NewDataDeletion = ask.body
    client_id, now = ask.found["client_id"], ask.services.clock()
    asked, times = _span(body, ZoneInfo(ask.found["timezone"]), now)
    categories = list(dict.fromkeys(body.categories))
    why = _redacted(body.justification)
    who = (ask.actor.actor_id, _name(ask), now)
    row = await store.add(ask.tx, (client_id, new_id(), categories, *asked, *times, why, *who))
    await record(ask, _event(row, action="deletions.request.submitted", why=why))
    return await _answer(ask, row, CREATED)


def _span(
    body: NewDataDeletion, zone: ZoneInfo, now: datetime
) -> tuple[tuple[str | None, str | None], tuple[datetime | None, datetime | None]]:
    """The span as asked, and as times; both empty for the whole tenant. 422 for one that is not over."""
    if not isinstance(body.scope, NewDeletionScope):
        return (None, None), (None, None)
    first, last = read_bound(body.scope.since), read_bound(body.scope.until)
    if first is None or last is None:
        raise RuntimeError("the rules let a span through that is none")
    begins = first if isinstance(first, datetime) else _midnight(first, zone)
    if isinstance(last, datetime):
        is_future, ends = last > now, last + timedelta(microseconds=1)
    else:
        is_future = last > now.astimezone(zone).date()
        ends = _midnight(last + timedelta(days=1), zone)
    if is_future:
        fields = [FieldError("/scope/to", "too_large")]
        raise Fault(errors.VALIDATION_FAILED, field_errors=fields, reason="a span that is not over")
    return (body.scope.since, body.scope.until), (begins, ends)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)


async def show_list(ask: Ask) -> Answer:
    """One page, newest first."""
    clients: list[str] = ask.found
    states, limit = ask.query["state"], ask.query["limit"]
    bound = ("data deletions", ",".join(clients), ",".join(sorted(states or ())))
    position = read_cursor(ask.services.cursors, ask.query["cursor"], Position, *bound)
    after = (position.at, position.request_id) if position else None
    rows = await store.read_page(ask.tx, clients, states, after, limit + 1)
    cursor = None
    if len(rows) > limit:
        rows = rows[:limit]
        end = Position(rows[-1]["requested_at"], str(rows[-1]["request_id"]))
        cursor = ask.services.cursors.encode(end, *bound)
    shown = await to_requests(ask.tx, rows, ask.actor)
    return Answer(DataDeletionList(requests=shown, next_cursor=cursor))


async def show(ask: Ask) -> Answer:
    """One request, with its history and receipts."""
    return await _answer(ask, ask.found)


async def cancel(ask: Ask) -> Answer:
    """The request, taken back. 409 `state_conflict` once it was decided."""
    row = await _moved(ask, "cancelled", CANCELLABLE, None)
    await record(ask, _event(row, action="deletions.request.cancelled"))
    return await _answer(ask, row)


async def review(ask: Ask) -> Answer:
    """The request after the decision. 409 `state_conflict`: another state, or everything is held."""
    body: DeletionReview = ask.body
    client_id, request_id = _place(ask)
    to = DecisionTo[body.decision]
    before = [state for state in DATA_DELETIONS.states if DATA_DELETIONS.may_go(state, to)]
    reason = None if body.reason is None else _redacted(body.reason)
    if body.decision == "approve":
        await lock_holds(ask.tx, client_id)
        if await store.is_whole_tenant_held(ask.tx, client_id):
            raise await _held(ask)
    row = await _moved(ask, to, before, reason)
    if body.decision == "approve":
        await executing.ask_for(ask.tx, client_id, request_id)
        await record(ask, _event(row, action="deletions.request.approved", why=reason))
    elif body.decision == "reject":
        await record(ask, _event(row, action="deletions.request.rejected", why=reason))
    else:
        await record(ask, _event(row, action="deletions.request.review_begun", why=reason))
    return await _answer(ask, row)


async def _held(ask: Ask) -> Fault:
    """A hold over everything: it may be rejected, not approved."""
    state = await store.state_of(ask.tx, _place(ask))
    allowed = [one for one in DATA_DELETIONS.allowed[state] if one not in {"approved", "cancelled"}]
    details: dict[str, Any] = {"current_state": state, "allowed": allowed, "reason": "legal_hold"}
    return Fault(errors.STATE_CONFLICT, details=details, reason="a legal hold covers everything")


async def _moved(ask: Ask, to: str, before: Any, note: str | None) -> asyncpg.Record:
    said = (ask.services.clock(), _name(ask), note)
    row = await store.move(ask.tx, _place(ask), to, before, said)
    if row is None:
        raise DATA_DELETIONS.conflict(await store.state_of(ask.tx, _place(ask)))
    return row


def _place(ask: Ask) -> tuple[str, str]:
    return ask.found["client_id"], str(ask.found["request_id"])


def _name(ask: Ask) -> str:
    person = ask.actor.person
    if person is None:
        raise RuntimeError("data deletions are for people")
    return " ".join(filter(None, (person.first_name, person.last_name))) or person.email


def _redacted(text: str) -> str:
    return redact(text.strip()).text[:MOST_CHARACTERS] or "-"


async def _answer(ask: Ask, row: asyncpg.Record, status: int = 200) -> Answer:
    (shown,) = await to_requests(ask.tx, [row], ask.actor)
    return Answer(DataDeletionAnswer(request=shown), status)


def _event(row: asyncpg.Record, action: str, *, why: str | None = None) -> Event:
    return Event(
        action=action,
        target_kind="data_deletion",
        target_id=str(row["request_id"]),
        client_id=row["client_id"],
        why=why,
        technical={
            "categories": row["categories"],
            "scope": "tenant" if row["asked_since"] is None else [row["asked_since"], row["asked_until"]],
        },
    )
