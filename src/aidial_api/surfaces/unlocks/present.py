"""From a stored unlock to the wire.

The one thing a newcomer would get wrong: `expired` is stored nowhere. It is what an open unlock is from the
very moment its time is over.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import asyncpg
import msgspec

from aidial_api.kernel.actor import Actor
from aidial_api.kernel.crypto import TenantKey
from aidial_api.kernel.redaction import RedactionFailed, redact_turns
from aidial_contract import errors
from aidial_contract.fault import Fault
from aidial_contract.lifecycle import UNLOCKS
from aidial_contract.shapes.unlocks import Unlock


class Words(msgspec.Struct):
    """What somebody typed to ask for it, as it is kept under the tenant's key."""

    justification: str
    other_reason: str | None


def cleaned(text: str) -> tuple[str, str]:
    """A text redacted, for the activity log, and as it may be kept encrypted.

    503 `dependency_timeout` when redaction takes too long: nothing may be stored then.
    """
    try:
        done = redact_turns([text.strip()])
    except RedactionFailed as failed:
        raise Fault(errors.DEPENDENCY_TIMEOUT, reason=f"an unlock's words: {failed}") from None
    return done.turns[0].text, done.vault[0]


def name_of(actor: Actor) -> str:
    """What a person is called in the list of who saw what."""
    person = actor.person
    if person is None:
        raise RuntimeError("unlocks are for people")
    return " ".join(filter(None, (person.first_name, person.last_name))) or person.email


def state_of(row: asyncpg.Record, now: datetime) -> str:
    """The state at a moment: at `expires_at` itself it is over."""
    state: str = row["state"]
    is_over = UNLOCKS.may_go(state, "expired") and row["expires_at"] <= now
    return "expired" if is_over else state


def to_unlock(row: asyncpg.Record, key: TenantKey, asker_id: str, now: datetime) -> Unlock:
    """One stored unlock for somebody who may see that it is there."""
    unlock_id = str(row["unlock_id"])
    opened = key.decrypt(row["words"], purpose="unlock words", record=unlock_id)
    words = msgspec.json.decode(opened, type=Words)
    state: Any = state_of(row, now)
    return Unlock(
        unlock_id=unlock_id,
        call_id=str(row["call_id"]),
        project_id=str(row["project_id"]),
        artefact=row["artefact"],
        reason_code=row["reason_code"],
        other_reason=words.other_reason,
        justification=words.justification,
        state=state,
        requested_by=row["requested_by_name"],
        requested_at=row["requested_at"],
        is_own=str(row["requested_by"]) == asker_id,
        approved_by=row["approved_by_name"],
        approved_at=row["approved_at"],
        ended_by=row["ended_by_name"],
        ended_at=row["ended_at"],
        expires_at=row["expires_at"],
        reveals=row["reveals"],
        first_revealed_at=row["first_revealed_at"],
        last_revealed_at=row["last_revealed_at"],
        version=row["version"],
    )
