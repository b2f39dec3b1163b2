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

from aidial_api.kernel.clock import utc_now
from aidial_api.surfaces.calls.filters import asked_of, condition
from aidial_api.surfaces.calls.store import CALL_COLUMNS
from aidial_api.surfaces.calls.ways import Way, way_of
from aidial_contract import errors
from aidial_contract.fault import Fault, FieldError
from aidial_contract.named_days import named_days
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
    """The half-open period of `from` and `to`, or of `range`, for one project: days in its own zone."""
    since, until = query["from"], query["to"]
    zone = ZoneInfo(project.timezone)
    if (name := query.get("range")) is not None:
        since, until = named_days(name, zone, utc_now())
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
    `way` is joined before a project's calls, so that each of its rows is a range of an index; `token` is the
    place of a caller's token when that caller's calls are walked instead of the project's. `ranges` is how
    many ranges of an index all of it is. `few`: they are found first, and then put in order. `has_since` and
    `has_until` say whether the period has these ends.
    """

    values: list[Any]
    conditions: list[str]
    key: str
    descending: bool
    after: str = ""
    through: int | None = None
    among: str = ""
    way: str = ""
    token: str = ""
    ranges: int = 1
    few: bool = False
    has_since: bool = True
    has_until: bool = True

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
        self.after = (
            f" AND ({self._walked(self.key)}, {'t' if self.token else 'c'}.call_id) {beyond} {places}"
        )

    def _walked(self, key: str) -> str:
        """The key as the index that is walked knows it."""
        return key.replace(START, "t.started_at") if self.token else key

    def rows(self, most: int, columns: str = CALL_COLUMNS) -> str:
        """The statement that reads the first `most` calls."""
        wanted = self.place(most)
        ranges = self._ranges(columns, self.key, wanted)
        return f"SELECT c.* {ranges} ORDER BY {self._order(self.key)} LIMIT {wanted}"

    def count(self, most: int) -> str:
        """The statement that counts them, up to `most`."""
        # In an index's own order, or the planner may choose to sort what it could just walk: in that of the
        # start, whatever the list's is, for every filter's index is in it.
        if self.ranges == 1:
            # Counted where they are found: handing calls on costs as much as finding them.
            return f"SELECT coalesce(sum(c.calls), 0)::integer {self._ranges('', START, str(most))}"
        ranges = self._ranges("1", START, str(most))
        return f"SELECT count(*) FROM (SELECT 1 {ranges} LIMIT {most}) AS counted"

    def _order(self, key: str) -> str:
        direction = "DESC" if self.descending else "ASC"
        return f"{key} {direction}, c.call_id {direction}"

    def _period(self, row: str, *, is_walked: bool) -> str:
        """The period's ends: only those it has, and never two comparisons that the planner takes together.

        It would take any two for a two-hundredth of all calls, and then the index of starts to be as good as
        that of a rare value. In another order than the start's they are no range of an index at all: hidden.
        """
        whether = "" if is_walked else " IS TRUE"
        since = f" AND ({row}.started_at >= mine.since){whether}" if self.has_since else ""
        if not self.has_until:
            return since
        if not self.has_since:
            return f" AND ({row}.started_at < mine.until){whether}"
        before_all = "'00000000-0000-0000-0000-000000000000'::uuid"
        return f"{since} AND (({row}.started_at, {row}.call_id) < (mine.until, {before_all})){whether}"

    def _ranges(self, columns: str, key: str, limit: str) -> str:
        """From where the calls of each range come, first to last; without `columns` how many, as `calls`."""
        conditions = "".join(f" AND {condition}" for condition in self.conditions)
        walked = self._walked(key)
        row = "t" if self.token else "c"
        span = f"{row}.client_id = mine.client_id AND {row}.project_id = mine.project_id"
        span += self._period(row, is_walked=key == START or bool(self.token) or self.few)
        scope = span + self.after
        calls, order = f"calls c WHERE {scope}", self._order(walked)
        if self.token:
            tables = "caller_tokens t"
            # Counting asks the calls themselves only for what their tokens do not say.
            if conditions or columns not in {"1", ""}:
                # Each by its id: a fence, or the planner might read all of a tenant's to join the few with.
                own = (
                    "SELECT * FROM calls c WHERE c.client_id = t.client_id AND c.call_id = t.call_id OFFSET 0"
                )
                tables += f" CROSS JOIN LATERAL ({own}) c"
            if key == START:
                order = order.replace("c.", "t.")
            calls = f"{tables} WHERE {scope} AND t.token = {self.token}"
        elif self.few:
            # In an index's own order, as they are counted.
            ids = f"SELECT c.call_id FROM calls c WHERE {span}{conditions} ORDER BY {self._order(START)}"
            few = f"SELECT * FROM calls WHERE client_id = mine.client_id AND call_id = any(array({ids}))"
            calls, conditions = f"({few} OFFSET 0) c WHERE true{self.after}", ""
        elif self.among:
            # A fence, or the planner might walk a whole project to meet the few.
            few = f"SELECT * FROM calls WHERE client_id = mine.client_id AND call_id = any({self.among})"
            calls = f"({few} OFFSET 0) c WHERE {scope}"
        elif self.through is not None:
            # Hidden from the planner, who takes a project under a policy for fewer, and would sort all of it.
            most = f"(SELECT {self.through})"
            first = f"SELECT c.*, {key} AS sort_key FROM {calls} ORDER BY {order} LIMIT {most}"
            calls, order = f"({first}) c WHERE true", self._order("c.sort_key")
        found = f"SELECT {columns} FROM {calls}{conditions} ORDER BY {order} LIMIT {limit}"
        if not columns:
            found = f"SELECT count(*) AS calls FROM ({found}) AS found"
        return f"FROM reached($1, $2, $3, $4, $5, $6, $7) AS mine{self.way} CROSS JOIN LATERAL ({found}) AS c"


def scope_of(reach: Reach, query: Mapping[str, Any]) -> Question:
    """Every call of the projects in reach and of the period, in the order asked for.

    422 when `range` meets `from` or `to`.
    """
    is_named = query.get("range") is not None
    if is_named and (query["from"] or query["to"]):
        raise Fault(errors.VALIDATION_FAILED, field_errors=[FieldError("query.range", "conflict")])
    spans = [bounds(project, query) for project in reach.projects]
    sort: str = query["sort"]
    question = Question([], [], _KEYS[sort.lstrip("-")], sort.startswith("-"), ranges=len(spans))
    question.place([project.client_id for project in reach.projects])
    question.place([project.project_id for project in reach.projects])
    question.place([since for since, _ in spans])
    question.place([until for _, until in spans])
    question.has_since, question.has_until = is_named or bool(query["from"]), is_named or bool(query["to"])
    return question


def question_of(
    reach: Reach, query: Mapping[str, Any], caller: Caller, after: After | None = None
) -> Question:
    """Which calls a query asks for, but for the words it searches."""
    question = scope_of(reach, query)
    _add_filters(question, query)
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


def walk_of(
    reach: Reach,
    query: Mapping[str, Any],
    caller: Caller,
    after: After | None = None,
    *,
    counting: bool = False,
    few: bool = False,
) -> Question:
    """The same calls, when no words are searched: by the index that meets the fewest others on its way.

    `counting` them may go another way than reading, and is in the order of the start whatever the list's is.
    `few`: a list in another order holds so few calls that they are found as they were counted, then sorted;
    walking its order would pass by a whole project to meet them.
    """
    question = scope_of(reach, query)
    if isinstance(caller, bytes):
        question.token = question.place(caller)
        _add_filters(question, query)
    elif caller is not None:
        question.among = f"{question.place(caller)}::uuid[]"
        _add_filters(question, query)
    else:
        question.few = few and question.key != START
        in_order = question.key == START
        as_counted = counting or question.few
        way = way_of(query, counting=as_counted) if as_counted or in_order else None
        if way is not None:
            question.ranges *= way.ranges
            question.way, conditions = way.joined(question.place)
            question.conditions += conditions
        _add_filters(question, query, way)
    if after is not None:
        question.go_on_after(*after)
    return question


def _add_filters(question: Question, query: Mapping[str, Any], way: Way | None = None) -> None:
    for name in asked_of(query):
        if way is not None and name in way.answered:
            continue
        asked = condition(name, query[name], question.place)
        # Hidden from the planner, who might read another index for it, a range of the way's after the other.
        hidden = way is not None and name not in way.bare
        question.add(f"coalesce({asked}, false)" if hidden else asked)
