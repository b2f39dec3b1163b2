"""A page of the activity log by keyset, newest first.

The one thing a newcomer would get wrong: a page ends after so many events OR so many entries looked at. A
search for something rare goes on at the cursor instead of walking a tenant's whole log in one request.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg
import msgspec

from aidial_api.kernel.crypto import CursorInvalid, CursorKey
from aidial_api.kernel.transaction import Tx
from aidial_api.surfaces.audit import store
from aidial_contract import errors
from aidial_contract.fault import Fault, FieldError
from aidial_contract.shapes.audit import PRESETS


class Position(msgspec.Struct, array_like=True):
    """Where a page ended."""

    at: datetime
    event_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Whose log is read and what of it. `project_ids` are those in reach; `zone` cuts its days."""

    client_id: str
    zone: str
    project_ids: Sequence[str]
    query: Mapping[str, Any]

    @property
    def bound(self) -> tuple[str, ...]:
        """What a cursor of this list, and of no other, is signed for."""
        filters = {name: value for name, value in self.query.items() if name not in {"cursor", "limit"}}
        said = msgspec.json.encode(filters, order="sorted").decode()
        return "audit", self.client_id, ",".join(self.project_ids), said


@dataclass(frozen=True, slots=True)
class Page:
    """A page as stored rows."""

    rows: Sequence[asyncpg.Record]
    next_cursor: str | None


async def list_page(tx: Tx, question: Question, cursors: CursorKey) -> Page:
    """One page. 400 `invalid_cursor` for a cursor of another list; 422 when `to` lies before `from`."""
    limit: int = question.query["limit"]
    search = _search(question, _read(cursors, question))
    found = await store.read_events(tx, search, limit + 1, store.WINDOW_EVENTS)
    rows = [row for row in found if row["wanted"]]
    end = found[-1] if found and found[-1]["place"] == store.WINDOW_EVENTS else None
    if len(rows) > limit:
        rows = rows[:limit]
        end = rows[-1]
    if end is None:
        return Page(rows, None)
    return Page(rows, cursors.encode(Position(end["at"], str(end["event_id"])), *question.bound))


def _search(question: Question, after: Position | None) -> store.Search:
    """The stretch (whose log, from when to when, after which event) and what is looked for in it."""
    search = store.Search()
    search.within("e.client_id = {}", question.client_id)
    since, until = question.query["from"], question.query["to"]
    zone = ZoneInfo(question.zone)
    starts = _start(since, zone) if since else None
    ends = _end(until, zone) if until else None
    if starts is not None and ends is not None and ends <= starts:
        raise Fault(errors.VALIDATION_FAILED, field_errors=[FieldError("query.to", "order")])
    if starts is not None:
        search.within("e.at >= {}", starts)
    if ends is not None:
        search.within("e.at < {}", ends)
    if after is not None:
        search.within("(e.at, e.event_id) < ({}, {}::uuid)", after.at, after.event_id)
    _narrow(search, question)
    return search


def _start(moment: date, zone: ZoneInfo) -> datetime:
    return moment if isinstance(moment, datetime) else datetime.combine(moment, time(), zone)


def _end(moment: date, zone: ZoneInfo) -> datetime:
    if isinstance(moment, datetime):
        return moment + timedelta(microseconds=1)
    return datetime.combine(moment + timedelta(days=1), time(), zone)


def _narrow(search: store.Search, question: Question) -> None:
    """What is looked for: events of the projects in reach (or, unless one is asked for, of none)."""
    query = question.query
    of_projects = store.OF_PROJECTS if query["project_id"] is not None else store.OF_PROJECTS_OR_NONE
    search.wanting(of_projects, list(question.project_ids))
    given = {**query, "prefixes": PRESETS.get(query["preset"])}
    for name, condition in store.FILTERS.items():
        if given[name] is not None:
            search.wanting(condition, given[name])


def _read(cursors: CursorKey, question: Question) -> Position | None:
    text = question.query["cursor"]
    if text is None:
        return None
    try:
        return cursors.decode(text, Position, *question.bound)
    except CursorInvalid:
        raise Fault(
            errors.INVALID_CURSOR, field_errors=[FieldError("query.cursor", "format")], reason="cursor"
        ) from None
