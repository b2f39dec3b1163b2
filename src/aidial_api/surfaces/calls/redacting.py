"""A call's texts on their way into storage: redacted for reading, raw for the vault.

The one thing a newcomer would get wrong: every free text is redacted, metadata's too, whose names say what
their values are; only the turns' raw text is kept, encrypted, and no card verification code is even in that.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import msgspec
import structlog
from msgspec import UNSET

from aidial_api.kernel.redaction import (
    POOL_FROM_BYTES,
    Kind,
    RedactionBusy,
    RedactionFailed,
    redact,
    redact_elsewhere,
    redact_many_async,
    redact_turns,
    speaks_of_a_card,
)
from aidial_api.kernel.redaction import Redacted as RedactedText
from aidial_api.surfaces.calls.documents import redacted_document
from aidial_contract import errors
from aidial_contract.fault import Fault
from aidial_contract.ids import parse_uuid
from aidial_contract.shapes.calls import CallPatch, FoundEntity, NewCall, NewTurn, RedactionMark, Turn

UNCLASSIFIED = "unclassified"
LABEL_CHARACTERS = 80
FINDINGS_ELSEWHERE_FROM_BYTES = 2 * 1024
"""Several short texts, each read beside its name, take longer than one long one of the same size."""
_log = structlog.get_logger("aidial_api")
T = TypeVar("T")
_encoder = msgspec.json.Encoder()


@dataclass(frozen=True, slots=True)
class Redacted:
    """What is stored of a call's texts; `columns` are of `calls`, `counts` are redactions by kind."""

    turns: str
    raw: bytes
    state: str
    counts: dict[str, int]
    columns: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Said:
    """A conversation redacted: `turns` as JSON, `kept` what the vault holds of each, redactions by kind."""

    turns: str
    kept: tuple[tuple[str, str], ...]
    counts: dict[str, int]

    @property
    def holds_card_code(self) -> bool:
        """Whether a card's verification code was said in it: what is called a code where a card is spoken of.

        Of other codes ("your verification code is 4412") nothing is kept in writing either, to be sure.
        """
        is_card = self.counts.get(Kind.CARD, 0) > 0 or speaks_of_a_card(text for _, text in self.kept)
        return self.counts.get(Kind.CVV, 0) > 0 and is_card

    @property
    def entities(self) -> str:
        """What a call says of them, as JSON: the commonest kind first."""
        found = sorted(self.counts.items(), key=lambda each: (-each[1], each[0]))
        return _encoder.encode([FoundEntity(kind, count) for kind, count in found]).decode()

    @property
    def raw(self) -> bytes:
        """What is encrypted: speakers and texts."""
        return _encoder.encode(self.kept)


async def redact_said(said: Sequence[NewTurn], redactors: Executor) -> Said | None:
    """Redact a whole conversation; a long one in `redactors`, so that nobody else waits for it.

    None when redaction failed or took too long: then no text of the turns may be stored, because the raw text
    might hold a card verification code. 503 `dependency_timeout` when nobody redacted it in time: that says
    nothing about the text, and a call stored without its words would be lost for good.
    """
    texts = [turn.text for turn in said]
    try:
        if sum(map(len, texts)) > POOL_FROM_BYTES:
            shown = await redact_many_async(texts, redactors)
        else:
            shown = redact_turns(texts)
    except RedactionBusy as busy:
        raise Fault(errors.DEPENDENCY_TIMEOUT, reason=str(busy)) from None
    except RedactionFailed as failed:
        _log.warning("redaction_failed", reason=str(failed))
        return None
    turns = [
        _turn(index, turn, text) for index, (turn, text) in enumerate(zip(said, shown.turns, strict=True))
    ]
    return Said(
        turns=_encoder.encode(turns).decode(),
        kept=tuple((turn.speaker, text) for turn, text in zip(said, shown.vault, strict=True)),
        counts={str(kind): count for kind, count in shown.counts().items()},
    )


async def redact_call(body: NewCall, redactors: Executor) -> Redacted:
    """Redact a delivered call; a redaction that fails hides the transcript."""
    columns = await _out_of_the_way(_findings, msgspec.structs.replace(body, turns=[]), redactors)
    said = await redact_said(body.turns, redactors)
    if said is None:
        columns["entities"] = None
        return Redacted("[]", b"[]", "redaction_failed", {}, columns)
    columns["entities"] = said.entities if body.turns else None
    return Redacted(said.turns, said.raw, _state(body), said.counts, columns)


def _turn(index: int, turn: NewTurn, shown: RedactedText) -> Turn:
    marks = [RedactionMark(kind=span.kind.value, start=span.start, end=span.end) for span in shown.spans]
    return Turn(
        index=index,
        speaker=turn.speaker,
        text=shown.text,
        start_ms=turn.start_ms,
        end_ms=turn.end_ms,
        redactions=marks,
    )


def _state(body: NewCall) -> str:
    if body.status == "live":
        return "live"
    return "available" if body.turns else "missing"


async def redact_findings(patch: CallPatch, redactors: Executor) -> dict[str, Any]:
    """The columns of a patch's texts, redacted; absent members stay away. 503 as `redact_call` says."""
    return await _out_of_the_way(_patched, patch, redactors)


async def _out_of_the_way(
    columns_of: Callable[[T], dict[str, Any]], said: T, redactors: Executor
) -> dict[str, Any]:
    """The columns of what is said beside the turns: of much, in `redactors`."""
    if len(_encoder.encode(said)) <= FINDINGS_ELSEWHERE_FROM_BYTES:
        return columns_of(said)
    try:
        return await redact_elsewhere(partial(columns_of, said), redactors)
    except RedactionBusy as busy:
        raise Fault(errors.DEPENDENCY_TIMEOUT, reason=str(busy)) from None


def _patched(patch: CallPatch) -> dict[str, Any]:
    columns: dict[str, Any] = {}
    if patch.summary is not UNSET:
        columns["summary"] = _line(patch.summary)
    if patch.attention is not UNSET:
        columns["attention_reason"] = _line(patch.attention.reason)
    if patch.outcome is not UNSET:
        columns["outcome"] = _label(patch.outcome) or UNCLASSIFIED
    for name in ("resolution", "call_type", "sms_status", "email_status"):
        value = getattr(patch, name)
        if value is not UNSET:
            columns[name] = _label(value)
    for name in ("booking", "transfer", "follow_up", "consent", "metadata"):
        value = getattr(patch, name)
        if value is not UNSET:
            columns[name] = redacted_document(value)
    return columns


def _findings(body: NewCall) -> dict[str, Any]:
    return {
        "agent_id": _identifier(body.agent.id),
        "agent_name": _line(body.agent.name),
        "outcome": _label(body.outcome) or UNCLASSIFIED,
        "resolution": _label(body.resolution),
        "call_type": _label(body.call_type),
        "sms_status": _label(body.sms_status),
        "email_status": _label(body.email_status),
        "summary": _line(body.summary),
        "attention_reason": _line(body.attention.reason) if body.attention else None,
        "booking": redacted_document(body.booking),
        "transfer": redacted_document(body.transfer),
        "follow_up": redacted_document(body.follow_up),
        "consent": redacted_document(body.consent or {"state": "unavailable"}),
        "metadata": redacted_document(body.metadata),
    }


def _line(text: str | None) -> str | None:
    return None if text is None else redact(text).text


def _identifier(text: str) -> str:
    """An id that somebody may have made of a number. A UUID is none: one in seventy looks like a number."""
    return text if parse_uuid(text) is not None else redact(text).text


def _label(text: str | None) -> str | None:
    """A line in a column of 80 characters, which marks longer than what they stand for must not burst."""
    return None if text is None else redact(text).text[:LABEL_CHARACTERS]
