"""When a line is open: what may be saved, and what it says of a moment.

A special day decides before a public holiday, and that before the weekday; who asks says which days are
holidays. The one thing a newcomer would get wrong: hours are by the clocks on the wall. On the night they go
back the hour that comes twice is open both times; the hour that is skipped is open to nobody.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

from aidial_contract.checking import YEARS, parse_day, parse_time
from aidial_contract.fault import FieldError
from aidial_contract.shapes.project_settings import DAYS, BusinessHours, OpenRange

LOOK_AHEAD: Final = timedelta(days=35)
_LOCAL: Final = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?\Z", re.ASCII)
_MINUTE: Final = timedelta(minutes=1)
Clocks = Literal["plain", "skipped", "repeated"]
Rule = Literal["weekly", "special_day", "public_holiday"]
Holiday = Callable[[str, date], str | None]
"""What a date is called in a calendar (`AU-NSW`), None when it is no public holiday there."""


def _ranges_rule(ranges: Any, at: str, failed: frozenset[str]) -> Iterator[FieldError]:
    """Each opens before it closes, and none begins before another is over."""
    if not isinstance(ranges, list) or at in failed:
        return
    known = []
    for index, one in enumerate(ranges):
        opens, closes = (one.get("open"), one.get("close")) if isinstance(one, dict) else (None, None)
        fits = not {f"{at}/{index}", f"{at}/{index}/open", f"{at}/{index}/close"} & failed
        if not (fits and isinstance(opens, str) and isinstance(closes, str)):
            continue
        if opens >= closes:
            yield FieldError(f"{at}/{index}/close", "order")
        else:
            known.append((opens, closes, index))
    known.sort()
    until = ""
    for opens, closes, index in known:
        if opens < until:
            yield FieldError(f"{at}/{index}/open", "conflict")
        until = max(until, closes)


def weekly_rule(body: Any, failed: frozenset[str]) -> Iterator[FieldError]:
    """The ranges of each day fit together."""
    value = body.get("value") if isinstance(body, dict) else None
    weekly = value.get("weekly") if isinstance(value, dict) else None
    if isinstance(weekly, dict):
        for day in DAYS:
            yield from _ranges_rule(weekly.get(day), f"/value/weekly/{day}", failed)


def special_days_rule(body: Any, failed: frozenset[str]) -> Iterator[FieldError]:
    """Dates that exist, each once; closed, or with hours that fit together."""
    value = body.get("value") if isinstance(body, dict) else None
    days = value.get("days") if isinstance(value, dict) else None
    if not isinstance(days, list) or "/value/days" in failed:
        return
    seen: set[str] = set()
    for index, one in enumerate(days):
        at = f"/value/days/{index}"
        if not isinstance(one, dict):
            continue
        day, ranges, closed = one.get("date"), one.get("ranges", []), one.get("closed")
        if isinstance(day, str) and f"{at}/date" not in failed:
            if parse_day(day) is None:
                yield FieldError(f"{at}/date", "format")
            elif day in seen:
                yield FieldError(f"{at}/date", "repeated")
            seen.add(day)
        if closed is True and ranges:
            yield FieldError(f"{at}/ranges", "conflict")
        elif closed is False and ranges == []:
            yield FieldError(f"{at}/ranges", "required")
        yield from _ranges_rule(ranges, f"{at}/ranges", failed)


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment asked about. `clocks`: what the clocks made of a time that was given by them."""

    at: datetime
    clocks: Clocks = "plain"


def parse_moment(text: str, zone: ZoneInfo) -> Moment | None:
    """A time by the clocks of a zone, or an RFC 3339 time; None when it is neither."""
    if not _LOCAL.match(text):
        at = parse_time(text)
        return Moment(at.astimezone(UTC)) if at is not None and at.year in YEARS else None
    try:
        naive = datetime.fromisoformat(text)
    except ValueError:
        return None
    if naive.year not in YEARS:
        return None
    first, second = (naive.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if first == second:
        return Moment(first)
    if first.astimezone(zone).replace(tzinfo=None) == naive:
        return Moment(first, "repeated")
    # Read by the clocks as they were before, it is the same time after the gap.
    return Moment(max(first, second), "skipped")


@dataclass(frozen=True, slots=True)
class Standing:
    """What the hours say of a moment. `label`: what the day that decided is called, "" of a weekday."""

    is_open: bool
    rule: Rule
    label: str


def standing(hours: BusinessHours, at: datetime, zone: ZoneInfo, holiday: Holiday) -> Standing:
    """Whether the line is open at a moment."""
    local = at.astimezone(zone)
    ranges, rule, label = _hours_of(hours, local.date(), holiday)
    clock = f"{local:%H:%M}"
    return Standing(any(one.open <= clock < one.close for one in ranges), rule, label)


def _hours_of(hours: BusinessHours, day: date, holiday: Holiday) -> tuple[Sequence[OpenRange], Rule, str]:
    text = day.isoformat()
    for one in hours.days:
        if one.date == text:
            return ([] if one.closed else one.ranges), "special_day", one.label
    name = holiday(hours.calendar, day) if hours.mode == "close" else None
    if name is not None:
        return [], "public_holiday", name
    ranges: list[OpenRange] = getattr(hours.weekly, DAYS[day.weekday()])
    return ranges, "weekly", ""


def next_change(hours: BusinessHours, at: datetime, zone: ZoneInfo, holiday: Holiday) -> datetime | None:
    """When it closes, or opens, next; None when it does not within five weeks."""
    now = standing(hours, at, zone, holiday).is_open
    day = at.astimezone(zone).date()
    for number in range(LOOK_AHEAD.days + 1):
        for moment in _turns(hours, day + timedelta(days=number), zone, holiday):
            if moment > at and standing(hours, moment, zone, holiday).is_open is not now:
                return moment
    return None


def _turns(hours: BusinessHours, day: date, zone: ZoneInfo, holiday: Holiday) -> list[datetime]:
    """Every moment of a day at which it might open or close, in their order."""
    midnight = datetime.combine(day, time(), zone)
    ranges = _hours_of(hours, day, holiday)[0]
    clocks = {"00:00"} | {text for one in ranges for text in (one.open, one.close)}
    naive = [time.fromisoformat(text) for text in clocks if text != "24:00"]
    found = {
        datetime.combine(day, one, zone).replace(fold=fold).astimezone(UTC)
        for one in naive
        for fold in (0, 1)
    }
    after = datetime.combine(day + timedelta(days=1), time(), zone)
    if midnight.utcoffset() != after.utcoffset():
        found.add(_change_of_clocks(midnight.astimezone(UTC), after.astimezone(UTC), zone))
    return sorted(found)


def _change_of_clocks(low: datetime, high: datetime, zone: ZoneInfo) -> datetime:
    """The minute between two moments at which the clocks are changed."""
    before = low.astimezone(zone).utcoffset()
    while high - low > _MINUTE:
        middle = low + (high - low) // (2 * _MINUTE) * _MINUTE
        if middle.astimezone(zone).utcoffset() == before:
            low = middle
        else:
            high = middle
    return high
