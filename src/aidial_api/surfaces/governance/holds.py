"""Legal holds: placed and released by whoever looks after the policy.

The one thing a newcomer would get wrong: placing one waits for a deletion that is under way, and every later
one sees it; nothing goes between the answer and the next batch.
"""

from __future__ import annotations

from typing import Final

import asyncpg

from aidial_api.kernel.ask import Ask
from aidial_api.kernel.audit import Event, record
from aidial_api.kernel.holds import lock_holds
from aidial_api.kernel.paging import read_cursor
from aidial_api.kernel.redaction import redact
from aidial_api.kernel.route import Answer
from aidial_api.surfaces.governance import store
from aidial_api.surfaces.governance.handlers import Position
from aidial_contract.ids import new_id, parse_uuid, plain_id
from aidial_contract.lifecycle import LEGAL_HOLDS
from aidial_contract.shapes.governance import LegalHold, LegalHoldAnswer, LegalHoldList, NewLegalHold

CREATED: Final = 201
NOTHING: Final = "00000000-0000-0000-0000-000000000000"
REASON_CHARACTERS: Final = 400


async def find_body(ask: Ask) -> asyncpg.Record | None:
    """The client the body names, and its call where it names one; without one, all of it is in reach."""
    body: NewLegalHold = ask.body
    is_of_call = body.call_id is not None
    found = await store.find_client(ask.tx, ask.reach, plain_id(body.client_id), in_part=is_of_call)
    if found is not None and body.call_id is not None:
        call_id = parse_uuid(body.call_id) or NOTHING
        if not await store.has_call(ask.tx, ask.reach, found["client_id"], call_id):
            return None
    ask.found = found
    return found


async def find_listed(ask: Ask) -> asyncpg.Record | None:
    """The client the query names, for who reaches any of it: the list has only what they reach."""
    named = next((text for name, text in ask.raw_query if name == "client_id"), "")
    return await store.find_client(ask.tx, ask.reach, plain_id(named), in_part=True)


async def find_hold(ask: Ask) -> asyncpg.Record | None:
    """The hold the path names."""
    return await store.find_hold(ask.tx, ask.reach, parse_uuid(ask.path["hold_id"]) or NOTHING)


async def place(ask: Ask) -> Answer:
    """201 with the hold."""
    new: NewLegalHold = ask.body
    client_id: str = ask.found["client_id"]
    await lock_holds(ask.tx, client_id)
    reason = redact(new.reason.strip()).text[:REASON_CHARACTERS] or "-"
    what = (new.kind, new.call_id, new.first_day, new.last_day)
    row = await store.place_hold(ask.tx, (client_id, new_id(), *what, reason, ask.actor.label))
    await record(ask, _event(row, action="governance.hold.placed"))
    return Answer(LegalHoldAnswer(hold=_hold(row)), CREATED)


async def release(ask: Ask) -> Answer:
    """The hold, released. 409 `state_conflict` when it was before."""
    found = ask.found
    row = await store.release_hold(ask.tx, found["client_id"], str(found["hold_id"]), ask.actor.label)
    if row is None:
        raise LEGAL_HOLDS.conflict("released")
    await record(ask, _event(row, action="governance.hold.released"))
    return Answer(LegalHoldAnswer(hold=_hold(row)))


async def show_list(ask: Ask) -> Answer:
    """One page of holds."""
    client_id: str = ask.found["client_id"]
    position = read_cursor(ask.services.cursors, ask.query["cursor"], Position, "holds", client_id)
    limit: int = ask.query["limit"]
    after = (position.at, position.record_id) if position else None
    rows = await store.list_holds(ask.tx, ask.reach, client_id, after, limit + 1)
    cursor = None
    if len(rows) > limit:
        rows = rows[:limit]
        end = Position(rows[-1]["placed_at"], str(rows[-1]["hold_id"]))
        cursor = ask.services.cursors.encode(end, "holds", client_id)
    return Answer(LegalHoldList(holds=[_hold(row) for row in rows], next_cursor=cursor))


def _event(row: asyncpg.Record, action: str) -> Event:
    return Event(
        action=action,
        target_kind="legal_hold",
        target_id=str(row["hold_id"]),
        client_id=row["client_id"],
        why=row["reason"],
        technical={"kind": row["kind"]},
    )


def _hold(row: asyncpg.Record) -> LegalHold:
    return LegalHold(
        hold_id=str(row["hold_id"]),
        client_id=row["client_id"],
        kind=row["kind"],
        call_id=None if row["call_id"] is None else str(row["call_id"]),
        starts_at=row["starts_at"],
        ends_at=row["ends_at"],
        reason=row["reason"],
        state="active" if row["released_at"] is None else "released",
        placed_by=row["placed_by"],
        placed_at=row["placed_at"],
        released_by=row["released_by"],
        released_at=row["released_at"],
    )
