"""Which index a list in the order of starts walks: that of the filter which leaves the fewest calls.

The one thing a newcomer would get wrong: an index gives calls in order only for one value. Several values,
and every value of a column in between that nobody asked about, are ranges of their own, merged afterwards.
Counting may go another way than reading: where an index holds all that is asked for, no call is looked at.
`docs/decisions/0039` has the figures.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import prod
from typing import Any, Final, get_args

from aidial_api.surfaces.calls.filters import asked_of
from aidial_contract.shapes.calls import STATUSES, Channel, Direction, Feeling

MOST_RANGES: Final = 48
"""Of one project, for the values asked for. More would cost more than looking at calls one by one."""
LENGTHS_S: Final = (10, 15, 30, 45, 60, 90, 120, 180, 300, 600, 1_200, 3_600)
"""Where the classes of durations of the index `calls_by_length` end, seconds."""
LENGTH_CLASS: Final = (
    "(CASE"
    + "".join(f" WHEN c.duration_seconds < {end} THEN {at}" for at, end in enumerate(LENGTHS_S))
    + f" ELSE {len(LENGTHS_S)} END)"
)
_LENGTH_SHARES: Final = (0.05, 0.05, 0.1, 0.1, 0.1, 0.15, 0.15, 0.15, 0.1, 0.03, 0.01, 0.005, 0.005)

# What part of a project's calls usually has a value: only which of two is less counts, and a business that is
# otherwise waits a little longer.
_USUAL: Final = {
    "status": {"completed": 0.9, "missed": 0.06, "failed": 0.02, "unknown": 0.01, "live": 0.001},
    "sentiment": {"neutral": 0.6, "positive": 0.25, "unknown": 0.1, "upset": 0.06},
    "channel": {"voice": 0.95, "sms": 0.05, "unknown": 0.001},
    "direction": {"inbound": 0.9, "outbound": 0.1},
}
_USUAL_TEXT: Final = {
    "outcome": 0.1,
    "resolution": 0.2,
    "type": 0.07,
    "agent": 0.4,
    "sms_status": 0.15,
    "email_status": 0.02,
}
_WITHOUT_LOOKING: Final = 8.0
"""How many calls are counted in an index alone while one is looked at."""
_USUAL_YES: Final = {"booking": 0.4, "transfer": 0.07, "follow_up": 0.15, "attention": 0.08}


@dataclass(frozen=True, slots=True)
class _Column:
    """A column of an index before the start; `every` is all its values, where they can be told."""

    filter: str
    name: str
    every: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Way:
    """What is joined before the calls of a project, and on what; `share` is about what it leaves of them."""

    share: float
    values: list[Sequence[Any]] = field(default_factory=list)
    kind: str = "text"
    columns: tuple[str, ...] = ()
    answered: tuple[str, ...] = ()
    """The filters that need no condition of their own any more."""
    bare: tuple[str, ...] = ()
    """Those whose own condition is what the index is of; the planner must not see any other's."""
    held: tuple[str, ...] = ()
    """Those whose column the index holds besides."""

    @property
    def ranges(self) -> int:
        """How many ranges of the index one project is."""
        return prod(map(len, self.values))

    def joined(self, place: Callable[[Any], str]) -> tuple[str, list[str]]:
        """The text before the calls, and the conditions on a call, `c`."""
        source, conditions = "", []
        for at, (column, values) in enumerate(zip(self.columns, self.values, strict=True)):
            source += f" CROSS JOIN unnest({place(list(values))}::{self.kind}[]) AS way{at} (value)"
            conditions.append(f"{column} = way{at}.value")
        return source, conditions


@dataclass(frozen=True, slots=True)
class _Index:
    """An index by the values of columns; `held` as in `Way`."""

    columns: tuple[_Column, ...]
    held: tuple[str, ...] = ()


_STATUS = _Column("status", "c.status", STATUSES)
_SENTIMENT = _Column("sentiment", "c.sentiment_caller", get_args(Feeling))
_CHANNEL = _Column("channel", "c.channel", get_args(Channel))
_DIRECTION = _Column("direction", "c.direction", get_args(Direction))
_INDEXES: Final = (
    _Index((_STATUS, _SENTIMENT)),
    _Index((_CHANNEL, _DIRECTION), ("status",)),
    _Index((_Column("outcome", "c.outcome"), _SENTIMENT), ("resolution",)),
    _Index((_Column("resolution", "c.resolution"),)),
    _Index((_Column("type", "c.call_type"),)),
    _Index((_Column("agent", "c.agent_id"),)),
    _Index((_Column("sms_status", "c.sms_status"),)),
    _Index((_Column("email_status", "c.email_status"),)),
)
_HELD_BY_PRESENCE: Final = {"attention": ("sentiment",), "booking": ("type",), "follow_up": ("resolution",)}
_WITHOUT: Final = frozenset({"attention", "booking"})
"""There is an index of the calls without it, too. Of those without the others, that of starts is one."""
_HELD_BY_LENGTH: Final = ("status",)


def way_of(query: Mapping[str, Any], *, counting: bool = False) -> Way | None:
    """The way that leaves the fewest calls to look at; None when no filter has an index."""
    asked = asked_of(query)
    if not asked:
        return None
    ways = (*_by_value(query), *_by_presence(query), *_by_length(query))

    def cost(way: Way) -> float:
        looks = counting and set(asked).difference(way.answered, way.bare, way.held)
        return way.share * (_WITHOUT_LOOKING if looks else 1.0)

    return min(ways, key=cost, default=None)


def _by_value(query: Mapping[str, Any]) -> list[Way]:
    ways = []
    for index in _INDEXES:
        asked = [column for column in index.columns if query[column.filter] is not None]
        told = all(column.every or query[column.filter] is not None for column in index.columns)
        if asked and told and prod(len(query[column.filter]) for column in asked) <= MOST_RANGES:
            ways.append(
                Way(
                    share=prod(_share(column.filter, query[column.filter]) for column in asked),
                    values=[query[column.filter] or column.every for column in index.columns],
                    columns=tuple(column.name for column in index.columns),
                    answered=tuple(column.filter for column in asked),
                    held=index.held,
                )
            )
    return ways


def _share(name: str, values: Sequence[str]) -> float:
    if name in _USUAL_TEXT:
        return min(1.0, _USUAL_TEXT[name] * len(values))
    return sum(_USUAL[name][value] for value in values)


def _by_presence(query: Mapping[str, Any]) -> list[Way]:
    """An index holds the calls that have it, another those without; its condition is the filter's own."""
    ways = []
    for name, share in _USUAL_YES.items():
        if query[name] == "yes":
            ways.append(Way(share, bare=(name,), held=_HELD_BY_PRESENCE.get(name, ())))
        elif query[name] == "no" and name in _WITHOUT:
            ways.append(Way(1 - share, bare=(name,)))
    return ways


def _by_length(query: Mapping[str, Any]) -> list[Way]:
    least, most = query["min_duration"], query["max_duration"]
    if least is None and most is None:
        return []
    ends = (0, *LENGTHS_S, float("inf"))
    classes = [
        at
        for at, (begin, end) in enumerate(pairwise(ends))
        if end > (least or 0) and (most is None or begin <= most)
    ]
    share = sum(_LENGTH_SHARES[at] for at in classes)
    bare = ("min_duration", "max_duration")
    return [Way(share, [classes], "integer", (LENGTH_CLASS,), bare=bare, held=_HELD_BY_LENGTH)]
