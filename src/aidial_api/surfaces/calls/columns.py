"""What a column of an export holds of a call, and how a stored row becomes a line.

The one thing a newcomer would get wrong: the database gives cells as they are written, all but numbers and
times. An export is a million rows, and a call made of each, as the list does, costs four times as much.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from io import StringIO
from typing import Final
from zoneinfo import ZoneInfo

import asyncpg

from aidial_api.kernel.crypto import TenantKey
from aidial_api.kernel.masking import mask_number
from aidial_api.surfaces.calls.present import open_number
from aidial_contract.access import Level
from aidial_contract.csv_text import neutral
from aidial_contract.shapes.downloads import FULL_COLUMNS, METADATA_COLUMNS, SENSITIVE_COLUMNS

Cell = str | int | None
POSITION: Final = "c.started_at AS started_at, c.duration_seconds AS duration_seconds, c.call_id AS call_id"
"""What tells where a page ends; before the cells of every row."""
_POSITION_COLUMNS: Final = 3
_TIMES: Final = frozenset({"started_at", "answered_at", "ended_at"})
_NUMBERS: Final = frozenset({"from_number", "to_number"})
_OURS: Final = frozenset(
    {"call_id", "project_id", "duration_seconds", "status", "end_reason", "channel", "direction"}
    | {"sentiment_caller", "sentiment_agent", "attention", "booking", "transfer", "follow_up"}
    | {"message_count", "transcript_state", "agent_config_version", "consent_state", "cost_amount_minor"}
)
"""Never a text that somebody sent, so never a formula."""


def _yes(condition: str) -> str:
    return f"CASE WHEN {condition} THEN 'yes' ELSE 'no' END"


_WRITTEN: Final[Mapping[str, str]] = {
    "call_id": "c.call_id::text",
    "project_id": "c.project_id::text",
    "attention": _yes("c.attention_flag"),
    **{name: _yes(f"c.{name} IS NOT NULL") for name in ("booking", "transfer", "follow_up")},
    "consent_state": "c.consent ->> 'state'",
    "booking_at": "c.booking ->> 'at'",
    "booking_notes": "concat_ws('; ', c.booking ->> 'reference', c.booking ->> 'notes')",
    "transfer_destination": "c.transfer ->> 'destination'",
    "transfer_result": "c.transfer ->> 'result'",
    "follow_up_due_at": "c.follow_up ->> 'due_at'",
    "follow_up_note": "c.follow_up ->> 'note'",
    "cost_amount_minor": "c.cost ->> 'amount_minor'",
    "cost_currency": "c.cost ->> 'currency'",
    "metadata": "c.metadata",
}
"""How the database writes a column; one that is not here is a column of its own."""


def columns_for(level: Level, include: Iterable[str]) -> tuple[str, ...]:
    """The columns of an export at a level, the sensitive ones that were asked for last."""
    chosen = frozenset(include)
    own = METADATA_COLUMNS + FULL_COLUMNS if level is Level.FULL else METADATA_COLUMNS
    return (*own, *(name for name in SENSITIVE_COLUMNS if name in chosen))


class Lines:
    """Makes lines of rows: the cells of `names`, times as in `zone`, numbers as `level` may see them."""

    def __init__(self, names: Sequence[str], zone: ZoneInfo, level: Level, key: TenantKey) -> None:
        self.selected = ", ".join(
            (POSITION, *(f"{_WRITTEN.get(name, f'c.{name}')} AS cell_{at}" for at, name in enumerate(names)))
        )
        self._zone, self._level, self._key = zone, level, key
        self._call_id = names.index("call_id")
        self._times = [at for at, name in enumerate(names) if name in _TIMES]
        self._numbers = [(at, name) for at, name in enumerate(names) if name in _NUMBERS]
        self._texts = [at for at, name in enumerate(names) if name not in _TIMES | _NUMBERS | _OURS]

    def written(self, rows: Iterable[asyncpg.Record]) -> bytes:
        """Rows that hold what is `selected`, as UTF-8, each ended by CR LF."""
        text = StringIO()
        csv.writer(text, lineterminator="\r\n").writerows(map(self._cells, rows))
        return text.getvalue().encode()

    def _cells(self, row: asyncpg.Record) -> list[Cell]:
        line = list(row)[_POSITION_COLUMNS:]
        call_id = line[self._call_id]
        for at in self._times:
            if line[at] is not None:
                line[at] = line[at].astimezone(self._zone).isoformat(timespec="seconds")
        for at, name in self._numbers:
            number = open_number(self._key, line[at], name, call_id)
            if number is not None:
                line[at] = neutral(number if self._level is Level.FULL else mask_number(number))
        for at in self._texts:
            text = line[at]
            # What begins with a letter or a digit is no formula: nearly everything.
            if text is not None and not text[:1].isalnum():
                line[at] = neutral(text)
        return line
