"""Turns of a live call, put behind those that are stored.

The one thing a newcomer would get wrong: a secret may be half in a turn that is stored and half in one that
comes now, so the whole conversation is opened, joined and redacted anew, and what was stored is written over.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import asyncpg
import msgspec

from aidial_api.kernel.ask import Ask
from aidial_api.kernel.audit import Event, record
from aidial_api.kernel.crypto import TenantKey
from aidial_api.kernel.recordings import delete_recordings
from aidial_api.surfaces.calls import store
from aidial_api.surfaces.calls.redacting import Said, redact_said
from aidial_contract import errors
from aidial_contract.fault import Fault, FieldError
from aidial_contract.limits import CALL_BODY
from aidial_contract.shapes.calls import MAX_TURNS, NewTurn, NewTurns, Turn

_turns = msgspec.json.Decoder(list[Turn])
_kept = msgspec.json.Decoder(list[tuple[str, str]])


async def append(ask: Ask, row: asyncpg.Record) -> asyncpg.Record | Fault:
    """The call with the body's turns behind its own; as it was when it has all of them already.

    Raises 409 `state_conflict` when it is no longer live or turns are missing between, `already_exists` when
    other words stand in a place. Gives back 413 `body_too_large` or 422 when the call would grow beyond what
    one may be: it takes none of them, and is noted as truncated until some come that fit, with their place.
    """
    body: NewTurns = ask.body
    stored: int = row["message_count"]
    first = stored if body.from_index is None else body.from_index
    total = max(stored, first + len(body.turns))
    _check_place(row, first)
    if total > MAX_TURNS:
        too_many = [FieldError("/turns", "too_long")]
        return await _cut(ask, row, Fault(errors.VALIDATION_FAILED, field_errors=too_many))
    client_id, call_id = row["client_id"], str(row["call_id"])
    key = await ask.services.tenant_keys.get(ask.tx, client_id)
    said: Said | None = None
    if row["transcript_state"] != "redaction_failed":
        known = await _known(ask, key, client_id, call_id)
        whole = known[:first] + body.turns + known[first + len(body.turns) :]
        if _is_too_large(ask, whole):
            return await _cut(ask, row, Fault(errors.BODY_TOO_LARGE, reason="the whole call"))
        said = await redact_said(whole, ask.services.redactors)
        if said is not None and _words(known[first:]) != said.kept[first:stored]:
            raise Fault(errors.ALREADY_EXISTS, reason="other words stand in these places")
    if total == stored:
        return row
    # Whoever names the place goes on from the last turn that is kept: then none is missing before it.
    state = row["transcript_state"] if body.from_index is None else "live"
    await store.write_turns(ask.tx, client_id, call_id, _changed(key, call_id, said, total, state))
    told = {"turns": total - stored, "redactions": {} if said is None else said.counts}
    await record(ask, _changed_event(row, "calls.turns.appended", told))
    if said is None or said.holds_card_code:
        await _delete_sound(ask, row, "redaction_failed" if said is None else "card_code")
    _tell(ask, row)
    changed = await store.find_call(ask.tx, ask.reach, call_id)
    if changed is None:
        raise RuntimeError("a call just changed cannot be read")
    return changed


async def _delete_sound(ask: Ask, row: asyncpg.Record, why: str) -> None:
    """Take away what was recorded of a call that turns out to hold a card's code, or nobody knows what."""
    gone = await delete_recordings(ask.tx, row["client_id"], [str(row["call_id"])])
    if gone:
        told = {"sides": sorted(one.side for one in gone), "reason": why}
        await record(ask, _changed_event(row, "recordings.recording.withdrawn", told))


async def _cut(ask: Ask, row: asyncpg.Record, refusal: Fault) -> Fault:
    """Note that the call goes on after its last line; gives back what the sender is told."""
    if row["transcript_state"] == "live":
        await store.mark_truncated(ask.tx, row["client_id"], str(row["call_id"]))
        await record(ask, _changed_event(row, "calls.call.updated", {"fields": ["transcript_state"]}))
        _tell(ask, row)
    return refusal


def _check_place(row: asyncpg.Record, first: int) -> None:
    details: dict[str, Any] = {"current_state": row["status"], "allowed": ["live"]}
    if row["status"] != "live":
        raise Fault(errors.STATE_CONFLICT, details=details, reason="the call is not live")
    if first > row["message_count"]:
        details["message_count"] = row["message_count"]
        raise Fault(errors.STATE_CONFLICT, details=details, reason="turns are missing between")


def _is_too_large(ask: Ask, turns: Sequence[NewTurn]) -> bool:
    limit_bytes = ask.services.settings.numbers.size(CALL_BODY)
    return sum(len(turn.text.encode()) for turn in turns) > limit_bytes


async def _known(ask: Ask, key: TenantKey, client_id: str, call_id: str) -> list[NewTurn]:
    """What is stored, in the words that were said."""
    row = await store.read_said(ask.tx, client_id, call_id)
    if row is None:
        return []
    shown = _turns.decode(row["turns"])
    words = _kept.decode(key.decrypt(row["raw"], purpose="turns", record=call_id)) if row["raw"] else ()
    texts = [text for _, text in words] or [turn.text for turn in shown]
    return [
        NewTurn(speaker=turn.speaker, text=text, start_ms=turn.start_ms, end_ms=turn.end_ms)
        for turn, text in zip(shown, texts, strict=True)
    ]


def _words(turns: Sequence[NewTurn]) -> tuple[tuple[str, str], ...]:
    return tuple((turn.speaker, turn.text) for turn in turns)


def _changed(key: TenantKey, call_id: str, said: Said | None, total: int, state: str) -> store.Conversation:
    return store.Conversation(
        turns="[]" if said is None else said.turns,
        raw=key.encrypt(b"[]" if said is None else said.raw, purpose="turns", record=call_id),
        redaction_counts=msgspec.json.encode({} if said is None else said.counts).decode(),
        entities=None if said is None else said.entities,
        message_count=total,
        state="redaction_failed" if said is None else state,
    )


def _changed_event(row: asyncpg.Record, action: str, technical: dict[str, Any]) -> Event:
    return Event(
        action=action,
        target_kind="call",
        target_id=str(row["call_id"]),
        client_id=row["client_id"],
        project_id=str(row["project_id"]),
        technical=technical,
    )


def _tell(ask: Ask, row: asyncpg.Record) -> None:
    """Once it is committed, to whoever has the call open."""
    tell = ask.services.news.tell
    ask.on_commit.append(partial(tell, row["client_id"], str(row["project_id"]), str(row["call_id"])))
