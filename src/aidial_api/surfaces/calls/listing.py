"""A page of calls by keyset: one index range a project, newest first unless said.

The one thing a newcomer would get wrong: `matching` is counted on the first page only, beside reading it, and
travels in the cursor; it never costs more than 50 ms of the database, and for a long list not even that each
time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from time import monotonic
from typing import Any

import asyncpg
import msgspec

from aidial_api.kernel.counting import Counting
from aidial_api.kernel.crypto import CursorInvalid, CursorKey
from aidial_api.kernel.transaction import Tx
from aidial_api.surfaces.calls.question import Caller, walk_of
from aidial_api.surfaces.calls.searching import count_found, read_found
from aidial_api.surfaces.calls.store import CALL_COLUMNS
from aidial_contract import errors
from aidial_contract.fault import Fault, FieldError
from aidial_contract.scope import Reach
from aidial_contract.shapes.common import Matching

COUNT_CAP = 10_000
SEARCH_COUNT_MS = 15
"""How long each of the two steps of counting a search may take: common words would always use all of it."""
EVERY = 2**31 - 2
"""Counted without a cap."""
LONG_FOR_S = 30.0
"""How long a list that was longer than the cap is taken to be so: calls seldom become fewer."""
COUNTED_FOR_S = 2.0
"""How long the exact number of a list of at least `MANY` is not asked again: well within the five seconds in
which an open list shows a new call."""
MANY = 2_000
REMEMBERED = 10_000
_NOTHING = (0.0, Matching(count=0, capped=False))
_remembered: dict[tuple[str, ...], tuple[float, Matching]] = {}
"""Until when the numbers of lists, by what binds their cursors, are taken to be so; of this process."""


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


async def list_page(
    tx: Tx,
    counting: Counting,
    reach: Reach,
    query: Mapping[str, Any],
    cursors: CursorKey,
    caller: Caller = None,
) -> Page:
    """One page. 400 `invalid_cursor` for a cursor of another list, reach or filter."""
    limit: int = query["limit"]
    bound = _bound(reach, query)
    position = _read(cursors, query["cursor"], bound)
    if position is not None:
        rows = await read_rows(tx, reach, query, caller, position, limit + 1)
        matching = Matching(count=position.count, capped=position.capped)
    else:
        rows, matching = await _first(tx, counting, reach, query, caller, bound)
    cursor = None
    if len(rows) > limit:
        rows = rows[:limit]
        cursor = cursors.encode(position_of(rows[-1], query, matching), *bound)
    return Page(rows, cursor, matching)


async def _first(
    tx: Tx, counting: Counting, reach: Reach, query: Mapping[str, Any], caller: Caller, bound: tuple[str, ...]
) -> tuple[Sequence[asyncpg.Record], Matching]:
    """The first page's rows and one more, and how many match up to the cap."""
    limit: int = query["limit"]
    known = (str(COUNT_CAP), *bound)
    until, remembered = _remembered.get(known, _NOTHING)
    is_known, has_words = until > monotonic(), query["q"] is not None
    reading = read_rows(tx, reach, query, caller, None, limit + 1)
    counted: int | None = None
    if is_known or has_words:
        rows = await reading
    else:
        question = walk_of(reach, query, caller, counting=True)
        asked = counting.fetchval(tx.settings, question.count(COUNT_CAP + 1), *question.values)
        rows, counted = await _both(reading, asked)
    if len(rows) <= limit:
        return rows, Matching(count=len(rows), capped=False)
    if is_known:
        return rows, remembered
    if has_words:
        counted = await count(tx, reach, query, caller, at_most=COUNT_CAP, within_ms=SEARCH_COUNT_MS)
    elif counted is not None:
        # Asked at another moment than the page: a call may have come in between.
        counted = max(counted, len(rows))
    return rows, _learnt(known, counted, has_words=has_words)


async def _both(
    reading: Coroutine[Any, Any, Sequence[asyncpg.Record]], counting: Coroutine[Any, Any, int | None]
) -> tuple[Sequence[asyncpg.Record], int | None]:
    """Read and count at once. Reading always ends first: the request's own connection is not left busy."""
    beside = asyncio.create_task(counting)
    try:
        rows = await reading
    except BaseException:
        beside.cancel()
        beside.add_done_callback(_seen)
        raise
    return rows, await beside


def _seen(task: asyncio.Task[int | None]) -> None:
    """Look at how a task ended that nobody waits for; what made it fail, made the page fail too."""
    if not task.cancelled():
        task.exception()


def _learnt(known: tuple[str, ...], counted: int | None, *, has_words: bool) -> Matching:
    """What was counted, remembered for a while where the list is long."""
    if counted is None and not has_words:
        # Nobody knows how long it is: perhaps the database was busy, so it is asked again the next time.
        return Matching(count=COUNT_CAP, capped=True)
    # Words that take too long to count are common ones, and giving up takes longer than the page itself.
    is_long = counted is None or counted > COUNT_CAP
    matching = (
        Matching(count=COUNT_CAP, capped=True) if is_long else Matching(count=counted or 0, capped=False)
    )
    if is_long or matching.count >= MANY:
        if len(_remembered) >= REMEMBERED:
            _remembered.clear()
        _remembered[known] = (monotonic() + (LONG_FOR_S if is_long else COUNTED_FOR_S), matching)
    return matching


def position_of(row: asyncpg.Record, query: Mapping[str, Any], matching: Matching) -> Position:
    """Where a list in this order stands after a call."""
    key = row["started_at"] if "started_at" in query["sort"] else row["duration_seconds"] or 0
    return Position(key, str(row["call_id"]), matching.count, matching.capped)


async def read_rows(
    tx: Tx,
    reach: Reach,
    query: Mapping[str, Any],
    caller: Caller,
    position: Position | None,
    limit: int,
    columns: str = CALL_COLUMNS,
) -> Sequence[asyncpg.Record]:
    """The next `limit` stored calls after a position, or from the start, in the list's order.

    `columns` are of `c` and hold those of a position under their names.
    """
    after = None if position is None else (position.key, position.call_id)
    if query["q"] is not None:
        return await read_found(tx, reach, query, caller, after, limit, columns)
    question = walk_of(reach, query, caller, after)
    return await tx.fetch_reaching(question.rows(limit, columns), *question.values)


async def count(
    tx: Tx, reach: Reach, query: Mapping[str, Any], caller: Caller, *, at_most: int, within_ms: int
) -> int | None:
    """How many match: `at_most + 1` stands for more, None for a count that took longer than `within_ms`."""
    if query["q"] is not None:
        return await count_found(tx, reach, query, caller, at_most=at_most, within_ms=within_ms)
    question = walk_of(reach, query, caller, counting=True)
    counted: int | None = await tx.fetchval_within(
        within_ms, question.count(at_most + 1), *tx.settings, *question.values, keeps_plan=True
    )
    return counted


def _bound(reach: Reach, query: Mapping[str, Any]) -> tuple[str, ...]:
    filters = {
        name: value for name, value in query.items() if value is not None and name not in {"cursor", "limit"}
    }
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
