"""What an unlock opens: raw turns, numbers, and the details that redaction hides.

The one thing a newcomer would get wrong: this is the only place where raw text is decrypted. It goes into the
answer and nowhere else; a card verification code was never kept, so none can be in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final

import asyncpg
import msgspec

from aidial_api.kernel.ask import Ask
from aidial_api.kernel.crypto import TenantKey
from aidial_api.kernel.redaction import (
    POOL_FROM_BYTES,
    RedactionBusy,
    RedactionFailed,
    hidden,
    redact_elsewhere,
)
from aidial_api.surfaces.unlocks import store
from aidial_contract import errors
from aidial_contract.fault import Fault
from aidial_contract.shapes.calls import Speaker, Turn
from aidial_contract.shapes.unlocks import ARTEFACTS, Artefact, Entity, Numbers, RawTurn, Unlock, UnlockReveal

OF_TRANSCRIPT: Final = frozenset({"transcript", "entities"})
UNLOCKABLE: Final = ("available", "truncated", "incomplete", "live")
"""States of a transcript that has raw text: of the others none was kept, or none is any more."""

_raw = msgspec.json.Decoder(list[tuple[Speaker, str]])
_turns = msgspec.json.Decoder(list[Turn])


def require_artefact(artefact: str, call: asyncpg.Record) -> None:
    """409 `state_conflict` for a transcript, or its details, that is not there."""
    state: str = call["transcript_state"]
    if artefact in OF_TRANSCRIPT and state not in UNLOCKABLE:
        details = {"current_state": state, "allowed": list(UNLOCKABLE)}
        raise Fault(errors.STATE_CONFLICT, details=details, reason="no transcript to unlock")


def artefacts_of(call: asyncpg.Record) -> list[Artefact]:
    """What there is to unlock of a call."""
    has_transcript = call["transcript_state"] in UNLOCKABLE
    return [one for one in ARTEFACTS if has_transcript or one not in OF_TRANSCRIPT]


async def reveal(ask: Ask, unlock: Unlock, key: TenantKey) -> UnlockReveal:
    """Everything the unlock is for."""
    call, artefact = ask.found, unlock.artefact
    transcript: list[RawTurn] | None = None
    entities: list[Entity] | None = None
    if artefact != "caller_number" and call["transcript_state"] in UNLOCKABLE:
        turns = await _read_turns(ask, key)
        transcript = turns if artefact != "entities" else None
        entities = await _entities(ask, turns) if artefact != "transcript" else None
    numbers = _numbers(call, key) if artefact in {"caller_number", "all"} else None
    return UnlockReveal(unlock=unlock, transcript=transcript, numbers=numbers, entities=entities)


async def _read_turns(ask: Ask, key: TenantKey) -> list[RawTurn]:
    """The turns as they were said; their times are kept with the redacted ones."""
    call_id = str(ask.found["call_id"])
    row = await store.read_raw(ask.tx, ask.found["client_id"], call_id)
    if row is None or row["raw"] is None:
        return []
    said = _raw.decode(key.decrypt(row["raw"], purpose="turns", record=call_id))
    starts = {turn.index: turn.start_ms for turn in _turns.decode(row["turns"])}
    return [
        RawTurn(index=index, speaker=speaker, text=text, start_ms=starts.get(index))
        for index, (speaker, text) in enumerate(said)
    ]


async def _entities(ask: Ask, turns: Sequence[RawTurn]) -> list[Entity]:
    """What the redactor finds in the raw text, in order. 503 `dependency_timeout` when it takes too long."""
    texts = [turn.text for turn in turns]
    find = partial(hidden, texts)
    try:
        if sum(map(len, texts)) > POOL_FROM_BYTES:
            found = await redact_elsewhere(find, ask.services.redactors)
        else:
            found = find()
    except (RedactionBusy, RedactionFailed) as late:
        raise Fault(errors.DEPENDENCY_TIMEOUT, reason=str(late)) from None
    return [Entity(kind=kind, text=text, turn=turns[place].index) for place, kind, text in found]


def _numbers(call: asyncpg.Record, key: TenantKey) -> Numbers:
    call_id = str(call["call_id"])

    def opened(purpose: str) -> str | None:
        sealed: bytes | None = call[purpose]
        return None if sealed is None else key.decrypt(sealed, purpose=purpose, record=call_id).decode()

    return Numbers(from_number=opened("from_number"), to_number=opened("to_number"))
