"""A page of calls by keyset: one index range a project, newest first unless said.

The one thing a newcomer would get wrong: `matching` is counted on the first page only, beside reading it, and
travels in the cursor; it never costs more than 50 ms of the database, and `lengths` says what is remembered.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg
import msgspec

from aidial_api.kernel.clock import utc_now
from aidial_api.kernel.counting import COUNT_MS, Counting
from aidial_api.kernel.crypto import CursorInvalid, CursorKey
from aidial_api.kernel.db import DatabaseUnavailable
from aidial_api.kernel.transaction import Tx
from aidial_api.surfaces.calls import lengths
from aidial_api.surfaces.calls.question import Caller, walk_of
from aidial_api.surfaces.calls.searching import count_found, read_found
from aidial_api.surfaces.calls.store import CALL_COLUMNS
from aidial_contract import errors
from aidial_contract.fault import Fault, FieldError
from aidial_contract.named_days import named_days
from aidial_contract.scope import Reach
from aidial_contract.shapes.common import Matching

SEARCH_COUNT_MS = 15
"""How long each of the two steps of counting a search may take: common words would always use all of it."""
ANSWERS_WITHIN_S = 0.25
"""How much longer than the server's limit a count is waited for: its connection may be dead and not say."""
EVERY = 2**31 - 2
"""Counted without a cap."""
FEW = 2_000
"""So many calls are found and put in order sooner than they may be met by walking past all others."""
_BY_DURATION = ("duration", "-duration")


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
        matching = Matching(count=position.count, capped=position.capped)
        rows = await read_rows(tx, reach, query, caller, position, limit + 1, few=_is_few(matching))
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
    key = (",".join(reach.client_ids), *bound)
    known, is_old = lengths.known(key)
    has_words = query["q"] is not None
    fitted = lengths.is_short(key, limit)
    beside = None
    if not has_words and (is_old or (known is None and not fitted)):
        question = walk_of(reach, query, caller, counting=True)
        text = question.count(lengths.COUNT_CAP + 1)
        beside = await counting.ask(tx.settings, text, *question.values)
    few = fitted or (known is not None and _is_few(known))
    counted = None
    is_by_duration = query["sort"] in _BY_DURATION and caller is None and not has_words
    is_counted_first = is_by_duration and known is None and not fitted
    if is_counted_first:
        counted = await _counted(tx, reach, query, caller, beside)
        few = counted is not None and counted <= FEW
    rows = await read_rows(tx, reach, query, caller, None, limit + 1, few=few)
    if len(rows) <= limit:
        lengths.fitted(key, limit)
        return rows, Matching(count=len(rows), capped=False)
    if known is not None:
        if beside is not None:
            lengths.learn_from(key, beside)
        return rows, known
    if not is_counted_first:
        counted = await _counted(tx, reach, query, caller, beside)
    if counted is not None:
        # Asked at another moment than the page: a call may have come in between.
        counted = max(counted, len(rows))
    return rows, lengths.learnt(key, counted, has_words=has_words)


def _is_few(matching: Matching) -> bool:
    return not matching.capped and matching.count <= FEW


async def _counted(
    tx: Tx, reach: Reach, query: Mapping[str, Any], caller: Caller, beside: asyncio.Task[int | None] | None
) -> int | None:
    """What was counted beside the page, or is counted now where that could not be asked or was lost."""
    if beside is not None:
        with suppress(DatabaseUnavailable, TimeoutError):
            async with asyncio.timeout(COUNT_MS / 1_000 + ANSWERS_WITHIN_S):
                return await asyncio.shield(beside)
    within_ms = COUNT_MS if query["q"] is None else SEARCH_COUNT_MS
    return await count(tx, reach, query, caller, at_most=lengths.COUNT_CAP, within_ms=within_ms)


def position_of(row: asyncpg.Record, query: Mapping[str, Any], matching: Matching) -> Position:
    """Where a list in this order stands after a call."""
    key = row["started_at"] if "started_at" in query["sort"] else row["duration_seconds"] or 0
    return Position(key, str(row["call_id"]), matching.count, matching.capped)


async def read_rows(  # noqa: PLR0913 - what list, where in it, and how
    tx: Tx,
    reach: Reach,
    query: Mapping[str, Any],
    caller: Caller,
    position: Position | None,
    limit: int,
    columns: str = CALL_COLUMNS,
    *,
    few: bool = False,
) -> Sequence[asyncpg.Record]:
    """The next `limit` stored calls after a position, or from the start, in the list's order.

    `columns` are of `c` and hold those of a position under their names. `few`: no more than `FEW` match.
    """
    after = None if position is None else (position.key, position.call_id)
    if query["q"] is not None:
        return await read_found(tx, reach, query, caller, after, limit, columns)
    question = walk_of(reach, query, caller, after, few=few)
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
    if (name := filters.get("range")) is not None:
        # As its days, which are other ones after midnight: a list goes on as it was begun, or not at all.
        zones = sorted({project.timezone for project in reach.projects})
        filters["range"] = [named_days(name, ZoneInfo(zone), utc_now()) for zone in zones]
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
