"""Unlocks of personal details on the wire: asking for one, the list of who saw what, and what is revealed.

The one thing a newcomer would get wrong: an unlock is one person's, for one artefact of one call, and ends by
itself. Only the reveal holds personal details; an unlock says that somebody may look, never what there is.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Annotated, Any, Final, Literal, get_args

from msgspec import Meta

from aidial_contract.checking import TEXT_PATTERN
from aidial_contract.fault import FieldError
from aidial_contract.shapes.calls import Speaker
from aidial_contract.shapes.common import Incoming, Line, Outgoing, Time, Uuid

GRANT: Final = timedelta(minutes=15)
"""How long an unlock lasts, from the moment it is active."""
WAIT: Final = timedelta(hours=24)
"""How long a request waits for its second person."""
SHORTEST_JUSTIFICATION: Final = 20

Artefact = Literal["transcript", "caller_number", "entities", "all"]
ARTEFACTS: Final[tuple[Artefact, ...]] = get_args(Artefact)
ReasonCode = Literal["quality_assurance", "customer_complaint", "legal_request", "compliance_audit", "other"]
REASONS: Final[tuple[ReasonCode, ...]] = get_args(ReasonCode)
UnlockState = Literal["pending", "active", "declined", "relocked", "expired"]
Justification = Annotated[
    str, Meta(min_length=SHORTEST_JUSTIFICATION, max_length=2_000, pattern=TEXT_PATTERN)
]


class NewUnlock(Incoming):
    """`POST /v1/calls/{call_id}/pii-unlocks`. `other_reason` goes with the reason `other` alone."""

    artefact: Artefact
    reason_code: ReasonCode
    justification: Justification
    other_reason: Line | None = None


class Unlock(Outgoing):
    """One unlock: who asked and why, what became of it, and whether and when they looked.

    `expires_at`: of a pending one when the request lapses, of an active one when it locks by itself.
    `is_own`: it is the asker's own, so they may reveal it and nobody else may.
    """

    unlock_id: Uuid
    call_id: Uuid
    project_id: Uuid
    artefact: Artefact
    reason_code: ReasonCode
    other_reason: str | None
    justification: str
    state: UnlockState
    requested_by: str
    requested_at: Time
    is_own: bool
    approved_by: str | None
    approved_at: Time | None
    ended_by: str | None
    ended_at: Time | None
    expires_at: Time
    reveals: int
    first_revealed_at: Time | None
    last_revealed_at: Time | None
    version: int


class UnlockAnswer(Outgoing):
    """One unlock as it is now."""

    unlock: Unlock


class UnlockList(Outgoing):
    """Who saw what of a call, newest first, and what may be asked for.

    `artefacts` can be unlocked now: none without valid consent, no transcript where none is kept.
    `needs_approval`: a request waits for a second person.
    """

    project_id: Uuid
    unlocks: list[Unlock]
    consent_state: str
    artefacts: list[Artefact]
    needs_approval: bool
    next_cursor: str | None


class RawTurn(Outgoing):
    """One turn as it was said, but for card verification codes, which are kept nowhere."""

    index: int
    speaker: Speaker
    text: str
    start_ms: int | None


class Numbers(Outgoing):
    """Both numbers in full; null for a withheld caller."""

    from_number: str | None
    to_number: str | None


class Entity(Outgoing):
    """A personal detail that redaction hides: its kind, the words it was said in, and in which turn."""

    kind: str
    text: str
    turn: int


class UnlockReveal(Outgoing):
    """What an active unlock opens; null is what it is not for. Never stored, never cached."""

    unlock: Unlock
    transcript: list[RawTurn] | None
    numbers: Numbers | None
    entities: list[Entity] | None


def unlock_rules(body: Any, failed: frozenset[str]) -> Iterable[FieldError]:
    """Another reason is given in words, and spaces are no justification."""
    if not isinstance(body, dict):
        return
    said = body.get("justification")
    if "/justification" not in failed and len(str(said).strip()) < SHORTEST_JUSTIFICATION:
        yield FieldError("/justification", "too_short")
    if "/reason_code" in failed or "/other_reason" in failed:
        return
    is_other, words = body.get("reason_code") == "other", body.get("other_reason")
    if is_other and (words is None or not str(words).strip()):
        yield FieldError("/other_reason", "required")
    elif not is_other and words is not None:
        yield FieldError("/other_reason", "conflict")
