"""Which days a report counts, in whose time zone.

The one thing a newcomer would get wrong: a range of whole days is cut at midnight in the zone, so a day
with a clock change has 23 or 25 hours, and the previous period has as many days, not as many hours. Projects
in several zones have a span each zone, as lists and exports have: a day is each project's own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from aidial_contract import errors
from aidial_contract.fault import Fault, FieldError
from aidial_contract.named_days import named_days
from aidial_contract.scope import Reach

DEFAULT_RANGE: Final = "7d"
MAX_DAYS: Final = 366
FALLBACK_ZONE: Final = "Australia/Sydney"


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open period, the one before it, and the zone its days are cut in."""

    since: datetime
    until: datetime
    previous_since: datetime
    timezone: str

    @property
    def days(self) -> int:
        """How many calendar days it touches."""
        zone = ZoneInfo(self.timezone)
        last = (self.until - timedelta(microseconds=1)).astimezone(zone).date()
        return (last - self.since.astimezone(zone).date()).days + 1


@dataclass(frozen=True, slots=True)
class Part:
    """The projects of one zone, and their span."""

    reach: Reach
    span: Span


def parts_of(query: Mapping[str, Any], reach: Reach, now: datetime) -> Sequence[Part]:
    """The period a query asks for: a part a zone, the first project's first, never none.

    Moments are the same in every zone, so a period of two of them is one part, in the first project's zone.
    422 when `range` meets `from`/`to`, they are out of order or too long.
    """
    zones = list(dict.fromkeys(project.timezone for project in reach.projects)) or [FALLBACK_ZONE]
    if isinstance(query["from"], datetime) and isinstance(query["to"], datetime):
        del zones[1:]
    if len(zones) == 1:
        return [Part(reach, span_of(query, zones[0], now))]
    return [Part(_within(reach, zone), span_of(query, zone, now)) for zone in zones]


def _within(reach: Reach, zone: str) -> Reach:
    return Reach(reach.client_ids, tuple(one for one in reach.projects if one.timezone == zone))


def whole_of(parts: Sequence[Part]) -> Span:
    """The first part's span, made so wide that it holds what the others' clocks show."""
    first = parts[0].span
    if len(parts) == 1:
        return first
    zone = ZoneInfo(first.timezone)
    clocks = [(clock_of(part.span.since, part.span), clock_of(part.span.until, part.span)) for part in parts]
    return replace(
        first,
        since=min(since for since, _ in clocks).replace(tzinfo=zone),
        until=max(until for _, until in clocks).replace(tzinfo=zone),
    )


def clock_of(moment: datetime, span: Span) -> datetime:
    """What the clocks of a span's zone show at a moment; without a zone."""
    return moment.astimezone(ZoneInfo(span.timezone)).replace(tzinfo=None)


def span_of(query: Mapping[str, Any], name: str, now: datetime) -> Span:
    """The period a query asks for in one zone."""
    zone = ZoneInfo(name)
    first, last = query["from"], query["to"]
    if query["range"] is not None and (first or last):
        raise _refused("query.range", "conflict")
    if first is None and last is None:
        begins, today = named_days(query["range"] or DEFAULT_RANGE, zone, now)
        return _whole_days(begins, (today - begins).days + 1, name)
    if first is None or last is None:
        raise _refused("query.from" if first is None else "query.to", "required")
    if isinstance(first, datetime) or isinstance(last, datetime):
        return _moments(_instant(first, zone), _instant(last, zone, ends=True), name)
    if last < first:
        raise _refused("query.to", "order")
    days = (last - first).days + 1
    if days > MAX_DAYS:
        raise _refused("query.to", "too_large")
    return _whole_days(first, days, name)


def _whole_days(first: date, days: int, name: str) -> Span:
    zone = ZoneInfo(name)
    try:
        since, until, before = (
            datetime.combine(first + timedelta(days=shift), time(), zone) for shift in (0, days, -days)
        )
    except OverflowError:
        raise _refused("query.from", "format") from None
    return Span(since, until, before, name)


def _moments(since: datetime, until: datetime, name: str) -> Span:
    if until <= since:
        raise _refused("query.to", "order")
    length = until - since
    if length > timedelta(days=MAX_DAYS):
        raise _refused("query.to", "too_large")
    return Span(since, until, since - length, name)


def _instant(moment: date, zone: ZoneInfo, *, ends: bool = False) -> datetime:
    if isinstance(moment, datetime):
        return moment
    return datetime.combine(moment + timedelta(days=1) if ends else moment, time(), zone)


def _refused(field: str, code: str) -> Fault:
    return Fault(errors.VALIDATION_FAILED, field_errors=[FieldError(field, code)])
