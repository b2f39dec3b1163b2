"""A page of calls by keyset: one index range a project, newest first unless said.

The one thing a newcomer would get wrong: `matching` is counted on the first page only, when that is not all
there is, and travels in the cursor; it never costs more than 50 ms of the database.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg
import msgspec

from aidial_api.kernel.crypto import CursorInvalid, CursorKey
from aidial_api.kernel.transaction import Tx
from aidial_api.surfaces.calls.filters import CONDITIONS
from aidial_api.surfaces.calls.store import CALL_COLUMNS
from aidial_contract import errors
from aidial_contract.fault import Fault, FieldError
from aidial_contract.scope import ProjectReach, Reach
from aidial_contract.shapes.common import Matching

COUNT_CAP = 10_000
COUNT_MS = 50
EVERY = 2**31 - 2
"""Counted without a cap."""
OF_REACH = 3
"""Places of a statement that the transaction fills with its reach."""
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(9999, 1, 1, tzinfo=UTC)
_KEYS = {"started_at": "c.started_at", "duration": "coalesce(c.duration_seconds, 0)"}


Caller = bytes | Sequence[str] | None
"""Whose calls: everybody's, those a token finds, or these."""


class Position(msgspec.Struct, array_like=True):
    """Where a page ended: the sort key's value, the call, and the count carried along."""

    key: datetime | int
    call_id: str
    count: int
    capped: bool


@dataclass(frozen=True, slots=True)
class Page:
    """A page as stored rows."""

    rows: Sequence[asyncpg.Record]
    next_cursor: str | None
    matching: Matching


def bounds(project: ProjectReach, query: Mapping[str, Any]) -> tuple[datetime, datetime]:
    """The half-open period of `from` and `to` for one project, days in its own zone."""
    since, until = query["from"], query["to"]
    zone = ZoneInfo(project.timezone)
    return _start(since, zone) if since else EARLIEST, _end(until, zone) if until else LATEST


def _start(moment: date, zone: ZoneInfo) -> datetime:
    return moment if isinstance(moment, datetime) else datetime.combine(moment, time(), zone)


def _end(moment: date, zone: ZoneInfo) -> datetime:
    try:
        if isinstance(moment, datetime):
            return moment + timedelta(microseconds=1)
        return datetime.combine(moment + timedelta(days=1), time(), zone)
    except OverflowError:
        return LATEST


@dataclass(slots=True)
class _Question:
    """The parts of a list statement and the values of its places."""

    values: list[Any]
    conditions: list[str]
    order: str
    key: str

    def place(self, value: Any) -> str:
        """A new place holding `value`."""
        self.values.append(value)
        return f"${len(self.values) + OF_REACH}"


def _question(reach: Reach, query: Mapping[str, Any], caller: Caller) -> _Question:
    spans = [bounds(project, query) for project in reach.projects]
    sort: str = query["sort"]
    descending = sort.startswith("-")
    key = _KEYS[sort.lstrip("-")]
    direction = "DESC" if descending else "ASC"
    question = _Question([], [], f"{key} {direction}, c.call_id {direction}", key)
    question.place([project.client_id for project in reach.projects])
    question.place([project.project_id for project in reach.projects])
    question.place([since for since, _ in spans])
    question.place([until for _, until in spans])
    for name, condition in CONDITIONS.items():
        value = query[name]
        if value is not None:
            question.conditions.append(condition.format(question.place(value)))
    if isinstance(caller, bytes):
        # One token is few calls: found first, then read.
        question.conditions.append(
            "c.call_id IN (SELECT t.call_id FROM caller_tokens t WHERE t.client_id = mine.client_id"
            f" AND t.token = {question.place(caller)} AND t.project_id = mine.project_id)"
        )
    elif caller is not None:
        question.conditions.append(f"c.call_id = any({question.place(caller)}::uuid[])")
    return question


def _ranges(question: _Question, columns: str, limit: str) -> str:
    conditions = "".join(f" AND {condition}" for condition in question.conditions)
    return (
        "FROM reached($1, $2, $3, $4, $5, $6, $7) AS mine CROSS JOIN LATERAL ("
        f" SELECT {columns} FROM calls c"
        " WHERE c.client_id = mine.client_id AND c.project_id = mine.project_id"
        f" AND c.started_at >= mine.since AND c.started_at < mine.until{conditions}{limit}) c"
    )


async def list_page(
    tx: Tx, reach: Reach, query: Mapping[str, Any], cursors: CursorKey, caller: Caller = None
) -> Page:
    """One page. 400 `invalid_cursor` for a cursor of another list, reach or filter."""
    limit: int = query["limit"]
    bound = _bound(reach, query)
    position = _read(cursors, query["cursor"], bound)
    rows = await read_rows(tx, reach, query, caller, position, limit + 1)
    cursor = None
    if position is not None:
        matching = Matching(count=position.count, capped=position.capped)
    elif len(rows) <= limit:
        matching = Matching(count=len(rows), capped=False)
    else:
        counted = await count(tx, reach, query, caller, at_most=COUNT_CAP, within_ms=COUNT_MS)
        capped = counted is None or counted > COUNT_CAP
        matching = Matching(count=COUNT_CAP if counted is None else min(counted, COUNT_CAP), capped=capped)
    if len(rows) > limit:
        rows = rows[:limit]
        cursor = cursors.encode(position_of(rows[-1], query, matching), *bound)
    return Page(rows, cursor, matching)


def position_of(row: asyncpg.Record, query: Mapping[str, Any], matching: Matching) -> Position:
    """Where a list in this order stands after a call."""
    key = row["started_at"] if "started_at" in query["sort"] else row["duration_seconds"] or 0
    return Position(key, str(row["call_id"]), matching.count, matching.capped)


async def read_rows(
    tx: Tx, reach: Reach, query: Mapping[str, Any], caller: Caller, position: Position | None, limit: int
) -> Sequence[asyncpg.Record]:
    """The next `limit` stored calls after a position, or from the start, in the list's order."""
    question = _question(reach, query, caller)
    if position is not None:
        comparison = "<" if "DESC" in question.order else ">"
        kind = "timestamptz" if isinstance(position.key, datetime) else "integer"
        key, call = question.place(position.key), question.place(position.call_id)
        question.conditions.append(f"({question.key}, c.call_id) {comparison} ({key}::{kind}, {call}::uuid)")
    wanted = question.place(limit)
    ranges = _ranges(question, CALL_COLUMNS, f" ORDER BY {question.order} LIMIT {wanted}")
    return await tx.fetch_reaching(
        f"SELECT c.* {ranges} ORDER BY {question.order} LIMIT {wanted}",
        *question.values,
    )


async def count(
    tx: Tx, reach: Reach, query: Mapping[str, Any], caller: Caller, *, at_most: int, within_ms: int
) -> int | None:
    """How many match: `at_most + 1` stands for more, None for a count that took longer than `within_ms`."""
    question = _question(reach, query, caller)
    # In the index's own order, or the planner may choose to sort what it could just walk.
    ranges = _ranges(question, "1", f" ORDER BY {question.order} LIMIT {at_most + 1}")
    counted: int | None = await tx.fetchval_within(
        within_ms,
        f"SELECT count(*) FROM (SELECT 1 {ranges} LIMIT {at_most + 1}) AS counted",
        *tx.settings,
        *question.values,
    )
    return counted


def _bound(reach: Reach, query: Mapping[str, Any]) -> tuple[str, ...]:
    filters = {name: value for name, value in query.items() if name not in {"cursor", "limit"}}
    return (
        "calls",
        ",".join(project.project_id for project in reach.projects),
        msgspec.json.encode(filters, order="sorted").decode(),
    )


def _read(cursors: CursorKey, text: str | None, bound: tuple[str, ...]) -> Position | None:
    if text is None:
        return None
    try:
        return cursors.decode(text, Position, *bound)
    except CursorInvalid:
        raise Fault(
            errors.INVALID_CURSOR, field_errors=[FieldError("query.cursor", "format")], reason="cursor"
        ) from None
