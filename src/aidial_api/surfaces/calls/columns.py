"""What a column of an export holds of a call.

The one thing a newcomer would get wrong: a call comes in as its reader may see it, numbers masked or not;
what is no column of theirs is never looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec

from aidial_contract.access import Level
from aidial_contract.shapes.calls import Call
from aidial_contract.shapes.downloads import FULL_COLUMNS, METADATA_COLUMNS, SENSITIVE_COLUMNS

Cell = str | int | None
_decode = msgspec.json.Decoder(dict[str, Any]).decode


def columns_for(level: Level, include: Iterable[str]) -> tuple[str, ...]:
    """The columns of an export at a level, the sensitive ones that were asked for last."""
    chosen = frozenset(include)
    own = METADATA_COLUMNS + FULL_COLUMNS if level is Level.FULL else METADATA_COLUMNS
    return (*own, *(name for name in SENSITIVE_COLUMNS if name in chosen))


def cells(call: Call, names: Iterable[str], zone: ZoneInfo) -> list[Cell]:
    """One call as a row; times with the offset of `zone`."""
    return [_CELLS[name](call, zone) for name in names]


def _plain(name: str) -> Callable[[Call, ZoneInfo], Cell]:
    return lambda call, _: getattr(call, name)


def _time(name: str) -> Callable[[Call, ZoneInfo], Cell]:
    def shown(call: Call, zone: ZoneInfo) -> Cell:
        moment: datetime | None = getattr(call, name)
        return None if moment is None else moment.astimezone(zone).isoformat(timespec="seconds")

    return shown


def _inside(document: str, *names: str) -> Callable[[Call, ZoneInfo], Cell]:
    """Members of a document, joined where there are several."""

    def shown(call: Call, _: ZoneInfo) -> Cell:
        raw = getattr(call, document)
        value = {} if raw is None else _decode(raw)
        found = [value[name] for name in names if value.get(name) is not None]
        return (
            found[0] if len(found) == 1 and isinstance(found[0], int) else "; ".join(map(str, found)) or None
        )

    return shown


def _yes(document: str) -> Callable[[Call, ZoneInfo], Cell]:
    return lambda call, _: "no" if getattr(call, document) is None else "yes"


def _metadata(call: Call, _: ZoneInfo) -> Cell:
    return None if call.metadata is None else bytes(call.metadata).decode()  # type: ignore[arg-type]


_SAME: Final = (
    "call_id",
    "external_id",
    "project_id",
    "duration_seconds",
    "status",
    "end_reason",
    "channel",
    "direction",
    "from_number",
    "to_number",
    "outcome",
    "resolution",
    "call_type",
    "sms_status",
    "email_status",
    "message_count",
    "transcript_state",
    "summary",
)
_CELLS: Final[Mapping[str, Callable[[Call, ZoneInfo], Cell]]] = {
    **{name: _plain(name) for name in _SAME},
    **{name: _time(name) for name in ("started_at", "answered_at", "ended_at")},
    **{name: _yes(name) for name in ("booking", "transfer", "follow_up")},
    "agent_id": lambda call, _: call.agent.id,
    "agent_name": lambda call, _: call.agent.name,
    "agent_config_version": lambda call, _: call.agent.config_version,
    "sentiment_caller": lambda call, _: call.sentiment.caller,
    "sentiment_agent": lambda call, _: call.sentiment.agent,
    "attention": lambda call, _: "yes" if call.attention.flag else "no",
    "attention_reason": lambda call, _: call.attention.reason,
    "consent_state": _inside("consent", "state"),
    "booking_at": _inside("booking", "at"),
    "booking_notes": _inside("booking", "reference", "notes"),
    "transfer_destination": _inside("transfer", "destination"),
    "transfer_result": _inside("transfer", "result"),
    "follow_up_due_at": _inside("follow_up", "due_at"),
    "follow_up_note": _inside("follow_up", "note"),
    "cost_amount_minor": _inside("cost", "amount_minor"),
    "cost_currency": _inside("cost", "currency"),
    "metadata": _metadata,
}
