"""Calls on the wire: delivery, progress, lists, one call, its transcript. `product.md` section 3.

The one thing a newcomer would get wrong: texts that come in here are raw; what goes out is redacted.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import timedelta
from functools import cache
from typing import Annotated, Any, Literal

import msgspec
import phonenumbers
from babel.numbers import list_currencies
from msgspec import UNSET, Meta, UnsetType

from aidial_contract.checking import TEXT_PATTERN, parse_time
from aidial_contract.fault import FieldError
from aidial_contract.shapes.common import (
    Incoming,
    JsonObject,
    Label,
    Line,
    ListedUuid,
    Matching,
    Note,
    Outgoing,
    Time,
    Uuid,
)

Channel = Literal["voice", "sms", "unknown"]
Direction = Literal["inbound", "outbound"]
Status = Literal["live", "completed", "missed", "failed", "unknown"]
EndReason = Literal[
    "caller_hangup", "agent_hangup", "transfer", "max_duration", "missed", "failed", "unknown"
]
Feeling = Literal["positive", "neutral", "upset", "unknown"]
ConsentState = Literal["obtained", "not_required", "unavailable"]
ConsentMethod = Literal["verbal", "keypad", "written", "other"]
Speaker = Literal["caller", "agent", "system"]
TranscriptState = Literal[
    "available",
    "live",
    "missing",
    "hidden",
    "retention_expired",
    "redaction_failed",
    "truncated",
    "incomplete",
]
STATUSES: tuple[str, ...] = ("live", "completed", "missed", "failed", "unknown")
MAX_TURNS = 5_000
MAX_METADATA_BYTES = 8 * 1024
MAX_METADATA_DEPTH = 32
LONGEST_CALL = timedelta(days=366)

Number = Annotated[str, Meta(pattern=r"\A\+[1-9][0-9]{5,14}\Z", description="E.164")]
TurnText = Annotated[str, Meta(min_length=1, max_length=20_000, pattern=TEXT_PATTERN)]
Milliseconds = Annotated[int, Meta(ge=0, le=24 * 60 * 60 * 1_000)]
ExternalId = Annotated[str, Meta(min_length=1, max_length=200, pattern=TEXT_PATTERN)]


class Agent(Incoming):
    """The AI agent that held the call."""

    id: Line
    name: Line


class Sentiment(Incoming):
    """How each side felt."""

    caller: Feeling = "unknown"
    agent: Feeling = "unknown"


class Consent(Incoming):
    """Consent to record and transcribe: how and when it was given, and what shows it (words, a reference)."""

    state: ConsentState
    method: ConsentMethod | None = None
    obtained_at: Time | None = None
    evidence: Note | None = None


class Booking(Incoming):
    """An appointment made in the call."""

    at: Time
    reference: Line | None = None
    notes: Note | None = None


class Transfer(Incoming):
    """A hand-over to a person; `destination` is a label, never a number."""

    destination: Line
    result: Line


class FollowUp(Incoming):
    """Something to do after the call."""

    due_at: Time | None = None
    note: Note | None = None


class Attention(Incoming):
    """Whether a person should look at this call, and why."""

    flag: bool
    reason: Note | None = None


class Cost(Incoming):
    """What the call cost, in minor units of an ISO 4217 currency; unknown is absent, never 0."""

    amount_minor: Annotated[int, Meta(ge=0, le=10**9)]
    currency: Annotated[str, Meta(pattern=r"\A[A-Z]{3}\Z")]


class NewTurn(Incoming):
    """One turn as delivered; offsets in milliseconds from the start of the call."""

    speaker: Speaker
    text: TurnText
    start_ms: Milliseconds | None = None
    end_ms: Milliseconds | None = None


class NewTurns(Incoming):
    """`POST /v1/calls/{call_id}/turns`: what was said in a live call since.

    `from_index` is the place of the first of them in the call, from 0. With it the same turns may be sent
    again; without it they are put at the end.
    """

    turns: Annotated[list[NewTurn], Meta(min_length=1, max_length=MAX_TURNS)]
    from_index: Annotated[int, Meta(ge=0, le=MAX_TURNS)] | None = None


class NewCall(Incoming):
    """`POST /v1/calls`: a whole call.

    `external_id` is the sender's own name for it, kept and shown as it was sent to everybody who may read the
    call: a name made of somebody's number or address would be read by those who may see neither.
    """

    project_id: str
    external_id: ExternalId
    channel: Channel
    direction: Direction
    status: Status
    started_at: Time
    ended_at: Time | None
    end_reason: EndReason | None
    from_number: Number | None
    to_number: Number | None
    agent: Agent
    turns: Annotated[list[NewTurn], Meta(max_length=MAX_TURNS)]
    answered_at: Time | None = None
    outcome: Label | None = None
    resolution: Label | None = None
    call_type: Label | None = None
    sentiment: Sentiment | None = None
    summary: Note | None = None
    consent: Consent | None = None
    booking: Booking | None = None
    transfer: Transfer | None = None
    follow_up: FollowUp | None = None
    attention: Attention | None = None
    sms_status: Label | None = None
    email_status: Label | None = None
    cost: Cost | None = None
    metadata: JsonObject | None = None


class CallPatch(Incoming):
    """`PATCH /v1/calls/{call_id}`: progress, end, findings. Absent members stay as they are.

    `metadata` takes the place of all that was there. `transcript_hidden`: until that is undone nobody reads,
    downloads, unlocks or plays the words of a call that ended.
    """

    status: Status | UnsetType = UNSET
    answered_at: Time | None | UnsetType = UNSET
    ended_at: Time | UnsetType = UNSET
    end_reason: EndReason | UnsetType = UNSET
    outcome: Label | None | UnsetType = UNSET
    resolution: Label | None | UnsetType = UNSET
    call_type: Label | None | UnsetType = UNSET
    sentiment: Sentiment | UnsetType = UNSET
    consent: Consent | UnsetType = UNSET
    summary: Note | None | UnsetType = UNSET
    attention: Attention | UnsetType = UNSET
    booking: Booking | None | UnsetType = UNSET
    transfer: Transfer | None | UnsetType = UNSET
    follow_up: FollowUp | None | UnsetType = UNSET
    sms_status: Label | None | UnsetType = UNSET
    email_status: Label | None | UnsetType = UNSET
    cost: Cost | None | UnsetType = UNSET
    metadata: JsonObject | None | UnsetType = UNSET
    transcript_hidden: bool | UnsetType = UNSET


class CallAgent(Outgoing):
    """The agent and the published configuration that served the call (null when not known)."""

    id: str
    name: str
    config_version: int | None


class CallSentiment(Outgoing):
    """How each side felt."""

    caller: str
    agent: str


class CallAttention(Outgoing):
    """Whether a person should look, and why."""

    flag: bool
    reason: str | None


class FoundEntity(Outgoing):
    """How many personal details of one kind the conversation holds; which they are, only an unlock tells."""

    kind: str
    count: int


class Call(Outgoing):
    """A call as everyone reads it: numbers as the reader's role may see them, texts redacted.

    `entities` is null where no conversation is kept or shown, or nobody counted.
    """

    call_id: ListedUuid
    external_id: str
    client_id: str
    project_id: ListedUuid
    channel: Channel
    direction: Direction
    status: Status
    started_at: Time
    answered_at: Time | None
    ended_at: Time | None
    duration_seconds: int | None
    end_reason: EndReason | None
    from_number: str | None
    to_number: str | None
    agent: CallAgent
    outcome: str | None
    resolution: str | None
    call_type: str | None
    sentiment: CallSentiment
    attention: CallAttention
    booking: JsonObject | msgspec.Raw | None
    transfer: JsonObject | msgspec.Raw | None
    follow_up: JsonObject | msgspec.Raw | None
    sms_status: str | None
    email_status: str | None
    summary: str | None
    consent: JsonObject | msgspec.Raw | None
    recording: JsonObject | msgspec.Raw | None
    entities: list[FoundEntity] | msgspec.Raw | None
    message_count: int
    transcript_state: TranscriptState
    cost: JsonObject | msgspec.Raw | None
    source: JsonObject | msgspec.Raw | None
    metadata: JsonObject | msgspec.Raw | None
    version: int


class CallList(Outgoing):
    """`GET /v1/calls` and `GET /api/calls`."""

    calls: list[Call]
    next_cursor: str | None
    matching: Matching


class RedactionMark(Outgoing):
    """Where a `[KIND]` stands in a turn's text, in characters."""

    kind: str
    start: int
    end: int


class Turn(Outgoing):
    """One turn, redacted."""

    index: int
    speaker: Speaker
    text: str
    start_ms: int | None
    end_ms: int | None
    redactions: list[RedactionMark]


DeletedFor = Literal["retention", "request"]


class Transcript(Outgoing):
    """`GET /v1/calls/{call_id}/transcript`.

    `deleted_for`: why its words are gone: older than the organisation keeps them, or the organisation asked
    for it. Null for what is not deleted, and for what was deleted before this was noted.
    """

    call_id: Uuid
    state: TranscriptState
    turns: list[Turn]
    deleted_for: DeletedFor | None


class CallPreview(Outgoing):
    """`GET /api/calls/{call_id}/preview`."""

    call: Call
    transcript: Transcript


def new_call_rules(body: Any, failed: frozenset[str]) -> Iterable[FieldError]:
    """What one field alone cannot say about a delivered call."""
    if not isinstance(body, dict):
        return
    yield from _times(body, failed)
    yield from _live(body, failed)
    yield from _numbers(body, failed)
    yield from _cost(body, failed)
    yield from _turn_times(body, failed)
    metadata = body.get("metadata")
    if isinstance(metadata, dict):
        yield from _metadata(metadata)


def new_turns_rules(body: Any, failed: frozenset[str]) -> Iterable[FieldError]:
    """A turn does not end before it begins."""
    if isinstance(body, dict):
        yield from _turn_times(body, failed)


def call_patch_rules(body: Any, failed: frozenset[str]) -> Iterable[FieldError]:
    """An ended call says why; at least one member is given."""
    if not isinstance(body, dict):
        return
    if not body:
        yield FieldError("", "required")
    metadata = body.get("metadata")
    if isinstance(metadata, dict):
        yield from _metadata(metadata)
    yield from _cost(body, failed)
    if "ended_at" in body and "end_reason" not in body and "/end_reason" not in failed:
        yield FieldError("/end_reason", "required")


def _times(body: dict[str, Any], failed: frozenset[str]) -> Iterator[FieldError]:
    started, answered, ended = (
        None if f"/{name}" in failed else parse_time(body.get(name))
        for name in ("started_at", "answered_at", "ended_at")
    )
    if started and answered and answered < started:
        yield FieldError("/answered_at", "order")
    if ended and ((started and ended < started) or (answered and ended < answered)):
        yield FieldError("/ended_at", "order")
    elif ended and started and ended - started > LONGEST_CALL:
        yield FieldError("/ended_at", "too_large")


def _live(body: dict[str, Any], failed: frozenset[str]) -> Iterator[FieldError]:
    if "/status" in failed or "status" not in body:
        return
    is_live = body["status"] == "live"
    for name in ("ended_at", "end_reason"):
        if name in body and f"/{name}" not in failed and is_live != (body[name] is None):
            yield FieldError(f"/{name}", "conflict" if is_live else "required")


def _numbers(body: dict[str, Any], failed: frozenset[str]) -> Iterator[FieldError]:
    for name in ("from_number", "to_number"):
        value = body.get(name)
        if isinstance(value, str) and f"/{name}" not in failed and not is_possible_number(value):
            yield FieldError(f"/{name}", "not_a_number")


def is_possible_number(value: str) -> bool:
    """Whether an E.164 number is possible (not necessarily assigned).

    One that keeps what is dialled inside its country only (`+61 0412...`) is another spelling, which nobody
    can ring and no search would find.
    """
    try:
        number = phonenumbers.parse(value)
    except phonenumbers.NumberParseException:
        return False
    spelling = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    keeps_zero = value != spelling and value.startswith(f"+{number.country_code}0")
    return phonenumbers.is_possible_number(number) and not keeps_zero


def _cost(body: dict[str, Any], failed: frozenset[str]) -> Iterator[FieldError]:
    cost = body.get("cost")
    if not isinstance(cost, dict) or "/cost/currency" in failed:
        return
    if cost.get("currency") not in _currencies():
        yield FieldError("/cost/currency", "not_allowed")


@cache
def _currencies() -> frozenset[str]:
    return frozenset(list_currencies())


def _turn_times(body: dict[str, Any], failed: frozenset[str]) -> Iterator[FieldError]:
    turns = body.get("turns")
    if not isinstance(turns, list) or "/turns" in failed:
        return
    for index, turn in enumerate(turns):
        if not isinstance(turn, dict):
            continue
        start, end = turn.get("start_ms"), turn.get("end_ms")
        if isinstance(start, int) and isinstance(end, int) and end < start:
            yield FieldError(f"/turns/{index}/end_ms", "order")


def _metadata(metadata: dict[str, Any]) -> Iterator[FieldError]:
    # First, because everything that walks a document does it by calling itself.
    if _is_deeper_than(MAX_METADATA_DEPTH, metadata):
        yield FieldError("/metadata", "too_deep")
        return
    encoded = json.dumps(metadata, ensure_ascii=False, separators=(",", ":"))
    # Without the backslashes that stand for themselves: behind one of those, "u0000" is five letters.
    escapes = encoded.replace("\\\\", "")
    if len(encoded.encode("utf-8", "surrogatepass")) > MAX_METADATA_BYTES:
        yield FieldError("/metadata", "too_large")
    elif "\\u0000" in escapes or any("\ud800" <= letter <= "\udfff" for letter in encoded):
        yield FieldError("/metadata", "control_characters")


def _is_deeper_than(depth: int, value: Any) -> bool:
    level = [value]
    for _ in range(depth):
        level = [
            inner
            for one in level
            if isinstance(one, dict | list)
            for inner in (one.values() if isinstance(one, dict) else one)
        ]
    return any(isinstance(one, dict | list) for one in level)
