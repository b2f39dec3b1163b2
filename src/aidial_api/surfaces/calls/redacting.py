"""A call's texts on their way into storage: redacted for reading, raw for the vault.

The one thing a newcomer would get wrong: every free text is redacted, metadata's too; only the turns' raw
text is kept, encrypted, and card verification codes are not even in that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec
from msgspec import UNSET

from aidial_api.kernel.redaction import RedactionFailed, raw_for_vault, redact, redact_turns
from aidial_contract.shapes.calls import CallPatch, NewCall

_encoder = msgspec.json.Encoder()
_HIDDEN_TURNS = "[]"


@dataclass(frozen=True, slots=True)
class Redacted:
    """What is stored of a call's texts; `columns` are of `calls`, `counts` are redactions by kind."""

    turns: str
    raw: bytes
    state: str
    counts: dict[str, int]
    columns: dict[str, Any]


async def redact_call(body: NewCall) -> Redacted:
    """Redact a delivered call; a redaction that fails hides the transcript and never shows it raw."""
    raw = _encoder.encode([[turn.speaker, raw_for_vault(turn.text)] for turn in body.turns])
    columns = _findings(body)
    try:
        redacted = redact_turns([turn.text for turn in body.turns])
    except RedactionFailed:
        return Redacted(_HIDDEN_TURNS, raw, "redaction_failed", {}, columns)
    counts: dict[str, int] = {}
    turns = []
    for index, (turn, shown) in enumerate(zip(body.turns, redacted, strict=True)):
        marks = []
        for span in shown.spans:
            kind = str(span.kind)
            counts[kind] = counts.get(kind, 0) + 1
            marks.append({"kind": kind, "start": span.start, "end": span.end})
        turns.append(
            {
                "index": index,
                "speaker": turn.speaker,
                "text": shown.text,
                "start_ms": turn.start_ms,
                "end_ms": turn.end_ms,
                "redactions": marks,
            }
        )
    return Redacted(_encoder.encode(turns).decode(), raw, _state(body), counts, columns)


def _state(body: NewCall) -> str:
    if body.status == "live":
        return "live"
    return "available" if body.turns else "missing"


def redact_findings(patch: CallPatch) -> dict[str, Any]:
    """The columns of a patch's texts, redacted; absent members stay away."""
    columns: dict[str, Any] = {}
    if patch.summary is not UNSET:
        columns["summary"] = _line(patch.summary)
    if patch.attention is not UNSET:
        columns["attention_reason"] = _line(patch.attention.reason)
    for name in ("booking", "transfer", "follow_up"):
        value = getattr(patch, name)
        if value is not UNSET:
            columns[name] = _document(value)
    return columns


def _findings(body: NewCall) -> dict[str, Any]:
    return {
        "summary": _line(body.summary),
        "attention_reason": _line(body.attention.reason) if body.attention else None,
        "booking": _document(body.booking),
        "transfer": _document(body.transfer),
        "follow_up": _document(body.follow_up),
        "consent": _encoder.encode(body.consent or {"state": "unavailable"}).decode(),
        "metadata": _document(body.metadata),
    }


def _line(text: str | None) -> str | None:
    return None if text is None else redact(text).text


def _document(value: object) -> str | None:
    if value is None:
        return None
    return _encoder.encode(_deep(msgspec.to_builtins(value))).decode()


def _deep(value: Any) -> Any:
    if isinstance(value, str):
        return redact(value).text
    if isinstance(value, dict):
        return {redact(name).text: _deep(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_deep(one) for one in value]
    return value
