"""What a list of calls asks of the database, as statements: one index range a project, in the list's order.

The one thing a newcomer would get wrong: texts are put together of names and places only. A value never
stands in one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from aidial_api.surfaces.calls.filters import CONDITIONS
from aidial_api.surfaces.calls.store import CALL_COLUMNS
from aidial_contract.scope import ProjectReach, Reach

OF_REACH: Final = 3
"""Places of a statement that the transaction fills with its reach."""
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(9999, 1, 1, tzinfo=UTC)
START: Final = "c.started_at"
# Not COALESCE, which is not leakproof: under the policy it would be no bound of the index.
_DURATION: Final = "CASE WHEN c.duration_seconds IS NULL THEN 0 ELSE c.duration_seconds END"
_KEYS: Final = {"started_at": START, "duration": _DURATION}

Caller = bytes | Sequence[str] | None
"""Whose calls: everybody's, those a token finds, or these."""
After = tuple[datetime | int, str]
"""A call in the list's order: the value it is sorted by, and its id."""


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
class Question:
    """The parts of a list statement and the values of its places, those of the reach before them.

    `after` is where the list goes on, `through` how many calls are looked at in its order, None for all;
    `among` is the ids of the only calls that come into question, as a place or a query, "" for all.
    """

    values: list[Any]
    conditions: list[str]
    key: str
    descending: bool
    after: str = ""
    through: int | None = None
    among: str = ""

    def place(self, value: Any) -> str:
        """A new place holding `value`."""
        self.values.append(value)
        return f"${len(self.values) + OF_REACH}"

    def add(self, condition: str) -> None:
        """One more condition on a call, `c`."""
        self.conditions.append(condition)

    def go_on_after(self, key: datetime | int, call_id: str) -> None:
        """Leave out everything up to a call."""
        kind = "timestamptz" if isinstance(key, datetime) else "integer"
        beyond = "<" if self.descending else ">"
        places = f"({self.place(key)}::{kind}, {self.place(call_id)}::uuid)"
        self.after = f" AND ({self.key}, c.call_id) {beyond} {places}"

    def rows(self, most: int) -> str:
        """The statement that reads the first `most` calls."""
        wanted = self.place(most)
        ranges = self._ranges(CALL_COLUMNS, self.key, wanted)
        return f"SELECT c.* {ranges} ORDER BY {self._order(self.key)} LIMIT {wanted}"

    def count(self, most: int) -> str:
        """The statement that counts them, up to `most`."""
        # In an index's own order, or the planner may choose to sort what it could just walk; in that of the
        # start whatever the list's order is, because that index holds what most filters ask.
        ranges = self._ranges("1", START, str(most))
        return f"SELECT count(*) FROM (SELECT 1 {ranges} LIMIT {most}) AS counted"

    def _order(self, key: str) -> str:
        direction = "DESC" if self.descending else "ASC"
        return f"{key} {direction}, c.call_id {direction}"

    def _ranges(self, columns: str, key: str, limit: str) -> str:
        conditions = "".join(f" AND {condition}" for condition in self.conditions)
        # In another order than the start's the period is no range of an index: hidden from the planner, who
        # would take it for a small one and sort a whole project.
        whether = "" if key == START else " IS TRUE"
        scope = (
            "c.client_id = mine.client_id AND c.project_id = mine.project_id"
            f" AND (c.started_at >= mine.since){whether} AND (c.started_at < mine.until){whether}{self.after}"
        )
        calls, order = f"calls c WHERE {scope}", self._order(key)
        if self.among:
            # A fence, or the planner might walk a whole project to meet the few.
            few = f"SELECT * FROM calls WHERE client_id = mine.client_id AND call_id = any({self.among})"
            calls = f"({few} OFFSET 0) c WHERE {scope}"
        elif self.through is not None:
            first = f"SELECT c.*, {key} AS sort_key FROM {calls} ORDER BY {order} LIMIT {self.through}"
            calls, order = f"({first}) c WHERE true", self._order("c.sort_key")
        return (
            "FROM reached($1, $2, $3, $4, $5, $6, $7) AS mine CROSS JOIN LATERAL ("
            f" SELECT {columns} FROM {calls}{conditions} ORDER BY {order} LIMIT {limit}) c"
        )


def scope_of(reach: Reach, query: Mapping[str, Any]) -> Question:
    """Every call of the projects in reach and of the period, in the order asked for."""
    spans = [bounds(project, query) for project in reach.projects]
    sort: str = query["sort"]
    question = Question([], [], _KEYS[sort.lstrip("-")], sort.startswith("-"))
    question.place([project.client_id for project in reach.projects])
    question.place([project.project_id for project in reach.projects])
    question.place([since for since, _ in spans])
    question.place([until for _, until in spans])
    return question


def question_of(
    reach: Reach, query: Mapping[str, Any], caller: Caller, after: After | None = None
) -> Question:
    """Which calls a query asks for, but for the words it searches."""
    question = scope_of(reach, query)
    for name, condition in CONDITIONS.items():
        value = query[name]
        if value is not None:
            question.add(condition.format(question.place(value)))
    if isinstance(caller, bytes):
        # One token is few calls: found first, then read.
        question.add(
            "c.call_id IN (SELECT t.call_id FROM caller_tokens t WHERE t.client_id = mine.client_id"
            f" AND t.token = {question.place(caller)} AND t.project_id = mine.project_id)"
        )
    elif caller is not None:
        question.add(f"c.call_id = any({question.place(caller)}::uuid[])")
    if after is not None:
        question.go_on_after(*after)
    return question
