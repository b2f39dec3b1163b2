"""Where hours, days and weeks of a zone begin, as instants.

The one thing a newcomer would get wrong: a day has 23, 24 or 25 hours (24.5 on Lord Howe), and the hour that
comes twice is two hours; so bounds are walked along the clock, never multiplied.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from aidial_api.kernel.call_pieces import widths_between
from aidial_api.surfaces.analytics.period import Span

HOURS_A_DAY: Final = 24
_DAY: Final = timedelta(days=1)
_HOUR: Final = timedelta(hours=1)
_QUARTER: Final = timedelta(minutes=15)


def bar_starts(span: Span, interval: str) -> Sequence[datetime]:
    """The start of every hour, day or week (Monday) that the span touches."""
    zone = ZoneInfo(span.timezone)
    if interval == "hour":
        starts = [start for start, _ in _hours(span.timezone, span.since, span.until)]
        ends = [*starts[1:], span.until]
        return [start.astimezone(zone) for start, end in zip(starts, ends, strict=True) if end > span.since]
    day = span.since.astimezone(zone).date()
    step = _DAY
    if interval == "week":
        day -= day.weekday() * _DAY
        step = 7 * _DAY
    starts = []
    while (at := datetime.combine(day, time(), zone)) < span.until:
        starts.append(at)
        day += step
    return starts


@dataclass(frozen=True, slots=True)
class WeekHours:
    """Where hours of the week begin in a span: 0 is Monday, midnight.

    From `starts[n]` on it is `cells[n]`, and an hour later the next, until `starts[n + 1]`: a day whose clock
    does not change is one start. `widths` are those of stored rows that no hour cuts in two.
    """

    starts: Sequence[datetime]
    cells: Sequence[int]
    widths: Sequence[int]


@lru_cache(maxsize=32)
def week_hours(span: Span) -> WeekHours:
    """The hours of the week of a span."""
    hours = _hours(span.timezone, span.since, span.until)
    starts, cells = [hours[0][0]], [hours[0][1]]
    for start, cell in hours[1:]:
        gone = start - starts[-1]
        if not cell % HOURS_A_DAY or gone != (cell - cells[-1]) * _HOUR:
            starts.append(start)
            cells.append(cell)
    return WeekHours(starts, cells, widths_between(start for start, _ in hours))


@lru_cache(maxsize=8)
def _hours(timezone: str, since: datetime, until: datetime) -> Sequence[tuple[datetime, int]]:
    """From the first day's midnight on."""
    zone = ZoneInfo(timezone)
    day = since.astimezone(zone).date()
    found: list[tuple[datetime, int]] = []
    while _midnight(day, zone) < until:
        found += _hours_of(day, zone)
        day += _DAY
    return tuple(hour for hour in found if hour[0] < until)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)


def _hours_of(day: date, zone: ZoneInfo) -> Iterator[tuple[datetime, int]]:
    start, end = _midnight(day, zone), _midnight(day + _DAY, zone)
    first_cell = day.weekday() * HOURS_A_DAY
    noon = datetime.combine(day, time(12), zone).astimezone(UTC)
    if end - start == _DAY and noon - start == _DAY / 2:
        for hour in range(HOURS_A_DAY):
            yield start + hour * _HOUR, first_cell + hour
        return
    known = None
    at = start
    while at < end:
        local = at.astimezone(zone)
        if (local.hour, local.utcoffset()) != known:
            known = (local.hour, local.utcoffset())
            yield at, first_cell + local.hour
        at += _QUARTER
