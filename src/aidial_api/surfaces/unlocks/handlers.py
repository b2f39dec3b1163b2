"""The HTTP of unlocks: asked for, approved, looked through, locked again.

The one thing a newcomer would get wrong: consent and state are asked again at every step. A request that was
fine yesterday opens nothing today when the transcript is gone.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

import asyncpg
import msgspec

from aidial_api.kernel.ask import Ask
from aidial_api.kernel.audit import Event, record
from aidial_api.kernel.governance import policy_of
from aidial_api.kernel.paging import read_cursor
from aidial_api.kernel.route import Answer
from aidial_api.surfaces.unlocks import revealing, store
from aidial_api.surfaces.unlocks.present import Words, cleaned, name_of, state_of, to_unlock
from aidial_contract import errors
from aidial_contract.access import Permission
from aidial_contract.fault import Fault
from aidial_contract.ids import new_id, parse_uuid
from aidial_contract.lifecycle import UNLOCKS
from aidial_contract.shapes.unlocks import GRANT, WAIT, NewUnlock, UnlockAnswer, UnlockList

CREATED: Final = 201
NOTHING: Final = "00000000-0000-0000-0000-000000000000"
VALID_CONSENT: Final = frozenset({"obtained", "not_required"})


class Position(msgspec.Struct, array_like=True):
    """Where a page ended."""

    requested_at: datetime
    unlock_id: str


def _id(ask: Ask, name: str) -> str:
    return parse_uuid(ask.path[name]) or NOTHING


async def find_call(ask: Ask) -> asyncpg.Record | None:
    """The call the path names."""
    return await store.find_call(ask.tx, ask.reach, _id(ask, "call_id"))


async def find_own(ask: Ask) -> asyncpg.Record | None:
    """The asker's own unlock of the call: nobody looks through another's."""
    return await _find(ask, of=ask.actor.actor_id or NOTHING)


async def find_anothers(ask: Ask) -> asyncpg.Record | None:
    """Somebody else's: one's own is approved by another person or not at all."""
    return await _find(ask, not_of=ask.actor.actor_id or NOTHING)


async def find_endable(ask: Ask) -> asyncpg.Record | None:
    """One's own; to those who approve, anybody's."""
    may_end_all = ask.actor.level(Permission.UNLOCKS_APPROVE) is not None
    return await _find(ask, of=None if may_end_all else ask.actor.actor_id or NOTHING)


async def _find(ask: Ask, *, of: str | None = None, not_of: str | None = None) -> asyncpg.Record | None:
    ids = _id(ask, "call_id"), _id(ask, "unlock_id")
    return await store.find_unlock(ask.tx, ask.reach, *ids, of=of, not_of=not_of)


def _has_consent(call: asyncpg.Record) -> bool:
    return call["consent_state"] in VALID_CONSENT


def require_consent(call: asyncpg.Record) -> None:
    """409 `consent_required` unless the caller agreed, or did not have to."""
    if not _has_consent(call):
        raise Fault(errors.CONSENT_REQUIRED, reason=f"consent is {call['consent_state']}")


async def create(ask: Ask) -> Answer:
    """201 with the unlock: active, or pending where the tenant asks for a second person."""
    body, call, now = ask.body, ask.found, ask.services.clock()
    require_consent(call)
    revealing.require_artefact(body.artefact, call)
    policy = await policy_of(ask.tx, call["client_id"])
    state, lasts = ("pending", WAIT) if policy.unlocks_need_approval else ("active", GRANT)
    row, why = await _add(ask, body, state, now, now + lasts)
    await record(ask, _event(ask, row, action="unlocks.unlock.requested", why=why, reason=body.reason_code))
    return await _answer(ask, row, now, CREATED)


async def _add(
    ask: Ask, new: NewUnlock, state: str, now: datetime, until: datetime
) -> tuple[asyncpg.Record, str]:
    """Keep the request, its words encrypted; gives back the justification without personal details, too."""
    call, unlock_id = ask.found, new_id()
    justification, kept = cleaned(new.justification)
    other = cleaned(new.other_reason)[1] if new.other_reason is not None else None
    key = await ask.services.tenant_keys.get(ask.tx, call["client_id"])
    words = key.encrypt(
        msgspec.json.encode(Words(justification=kept, other_reason=other)),
        purpose="unlock words",
        record=unlock_id,
    )
    columns = (call["client_id"], unlock_id, call["call_id"], call["project_id"])
    said = (new.artefact, new.reason_code, words, state)
    row = await store.add_unlock(
        ask.tx, (*columns, *said, ask.actor.actor_id, name_of(ask.actor), now, until)
    )
    return row, justification


async def show_list(ask: Ask) -> Answer:
    """One page of who saw what."""
    client_id, call_id = ask.found["client_id"], str(ask.found["call_id"])
    position = read_cursor(ask.services.cursors, ask.query["cursor"], Position, "unlocks", call_id)
    limit: int = ask.query["limit"]
    after = (position.requested_at, position.unlock_id) if position else None
    rows = await store.read_page(ask.tx, client_id, call_id, after, limit + 1)
    cursor = None
    if len(rows) > limit:
        rows = rows[:limit]
        end = Position(rows[-1]["requested_at"], str(rows[-1]["unlock_id"]))
        cursor = ask.services.cursors.encode(end, "unlocks", call_id)
    policy = await policy_of(ask.tx, client_id)
    key = await ask.services.tenant_keys.get(ask.tx, client_id)
    now = ask.services.clock()
    unlocks = [to_unlock(row, key, ask.actor.actor_id, now) for row in rows]
    return Answer(
        UnlockList(
            project_id=str(ask.found["project_id"]),
            unlocks=unlocks,
            consent_state=ask.found["consent_state"] or "unavailable",
            artefacts=revealing.artefacts_of(ask.found) if _has_consent(ask.found) else [],
            needs_approval=policy.unlocks_need_approval,
            next_cursor=cursor,
        )
    )


async def approve(ask: Ask) -> Answer:
    """The unlock, active from now. 409 `state_conflict` when it does not wait any more."""
    require_consent(ask.found)
    now = ask.services.clock()
    row = await store.approve(ask.tx, *_place(ask), now, ask.actor.actor_id, name_of(ask.actor), now + GRANT)
    if row is None:
        raise await _conflict(ask, now)
    await record(ask, _event(ask, row, action="unlocks.unlock.approved"))
    return await _answer(ask, row, now)


async def relock(ask: Ask) -> Answer:
    """The unlock, ended: a pending one declined, an active one locked again."""
    now = ask.services.clock()
    row = await store.end(ask.tx, *_place(ask), now, name_of(ask.actor))
    if row is None:
        raise await _conflict(ask, now)
    declined = row["state"] == "declined"
    await record(
        ask,
        _event(ask, row, action="unlocks.unlock.declined")
        if declined
        else _event(ask, row, action="unlocks.unlock.relocked"),
    )
    return await _answer(ask, row, now)


async def reveal(ask: Ask) -> Answer:
    """The personal details; the look is counted and recorded in the same transaction.

    HEAD shows nobody anything, so it is no look.
    """
    require_consent(ask.found)
    now = ask.services.clock()
    is_look = ask.method != "HEAD"
    row = await (store.look if is_look else store.almost_look)(ask.tx, *_place(ask), now)
    if row is None:
        raise await _conflict(ask, now)
    revealing.require_artefact(row["artefact"], ask.found)
    if is_look:
        await record(ask, _event(ask, row, action="unlocks.unlock.revealed"))
    key = await ask.services.tenant_keys.get(ask.tx, row["client_id"])
    unlock = to_unlock(row, key, ask.actor.actor_id, now)
    revealed = await revealing.reveal(ask, unlock, key)
    return Answer(revealed, headers={"cache-control": "no-store"})


def _place(ask: Ask) -> tuple[str, str]:
    return ask.found["client_id"], str(ask.found["unlock_id"])


async def _conflict(ask: Ask, now: datetime) -> Fault:
    """What it is by now; whoever changed it meanwhile decides."""
    return UNLOCKS.conflict(state_of(await store.read_unlock(ask.tx, *_place(ask)), now))


async def _answer(ask: Ask, row: asyncpg.Record, now: datetime, status: int = 200) -> Answer:
    key = await ask.services.tenant_keys.get(ask.tx, row["client_id"])
    return Answer(UnlockAnswer(unlock=to_unlock(row, key, ask.actor.actor_id, now)), status)


def _event(
    ask: Ask, row: asyncpg.Record, action: str, *, why: str | None = None, reason: str | None = None
) -> Event:
    technical = {"unlock_id": str(row["unlock_id"]), "artefact": row["artefact"]}
    return Event(
        action=action,
        target_kind="call",
        target_id=str(row["call_id"]),
        client_id=row["client_id"],
        project_id=str(ask.found["project_id"]),
        why=why,
        technical=technical | ({"reason_code": reason, "state": row["state"]} if reason else {}),
    )
