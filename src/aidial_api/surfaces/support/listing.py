"""A page of tickets by keyset, newest first.

The one thing a newcomer would get wrong: a search looks at subjects only, which are stored redacted; what
people wrote is encrypted and cannot be searched.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeVar

import asyncpg
import msgspec

from aidial_api.kernel.crypto import CursorInvalid, CursorKey
from aidial_api.kernel.transaction import Tx
from aidial_api.surfaces.support import store
from aidial_contract import errors
from aidial_contract.fault import Fault, FieldError

T = TypeVar("T")

CONDITIONS: Final[dict[str, str]] = {
    "status": "t.status = any({}::text[])",
    "priority": "t.priority = any({}::text[])",
    "category": "t.category = any({}::text[])",
    "q": "strpos(lower(t.subject), lower({}::text)) > 0",
}
"""The condition each filter puts on a ticket: a column and a place, never a value."""


class Position(msgspec.Struct, array_like=True):
    """Where a page ended."""

    at: datetime
    ticket_id: str


@dataclass(frozen=True, slots=True)
class Page:
    """A page as stored rows."""

    rows: Sequence[asyncpg.Record]
    next_cursor: str | None


async def list_page(
    tx: Tx, lines: Sequence[tuple[str, str]], query: Mapping[str, Any], cursors: CursorKey
) -> Page:
    """One page of the tickets about `lines`. 400 `invalid_cursor` for a cursor of another list."""
    limit: int = query["limit"]
    bound = _bound(lines, query)
    values: list[Any] = []
    conditions = []
    for name, condition in CONDITIONS.items():
        if query[name] is not None:
            values.append(query[name])
            conditions.append(condition.format(f"${len(values) + 2}"))
    after = read_cursor(cursors, query["cursor"], Position, *bound)
    if after is not None:
        values += [after.at, after.ticket_id]
        places = f"${len(values) + 1}", f"${len(values) + 2}"
        conditions.append(f"(t.created_at, t.ticket_id) < ({places[0]}::timestamptz, {places[1]}::uuid)")
    rows = await store.read_page(tx, lines, conditions, values, limit + 1)
    if len(rows) <= limit:
        return Page(rows, None)
    last = rows[limit - 1]
    end = Position(last["created_at"], str(last["ticket_id"]))
    return Page(rows[:limit], cursors.encode(end, *bound))


def _bound(lines: Sequence[tuple[str, str]], query: Mapping[str, Any]) -> tuple[str, ...]:
    filters = {name: value for name, value in query.items() if name not in {"cursor", "limit"}}
    said = msgspec.json.encode(filters, order="sorted").decode()
    return "tickets", ",".join(project for _, project in lines), said


def read_cursor(cursors: CursorKey, text: str | None, shape: type[T], *bound: str) -> T | None:
    """The position a cursor of this list says, None without one; 400 `invalid_cursor` for another list's."""
    if text is None:
        return None
    try:
        return cursors.decode(text, shape, *bound)
    except CursorInvalid:
        raise Fault(
            errors.INVALID_CURSOR, field_errors=[FieldError("query.cursor", "format")], reason="cursor"
        ) from None
