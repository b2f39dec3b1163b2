"""Which days a report counts, in whose time zone.

The one thing a newcomer would get wrong: a range of whole days is cut at midnight in the zone, so a day
with a clock change has 23 or 25 hours, and the previous period has as many days, not as many hours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from aidial_contract import errors
from aidial_contract.fault import Fault, FieldError
from aidial_contract.params import RANGE_DAYS
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


def zone_of(reach: Reach) -> str:
    """The zone days are cut in: the first project's."""
    return reach.projects[0].timezone if reach.projects else FALLBACK_ZONE


def span_of(query: Mapping[str, Any], reach: Reach, now: datetime) -> Span:
    """The period a query asks for. 422 when `range` meets `from`/`to`, they are out of order or too long."""
    name = zone_of(reach)
    zone = ZoneInfo(name)
    first, last = query["from"], query["to"]
    if query["range"] is not None and (first or last):
        raise _refused("query.range", "conflict")
    if first is None and last is None:
        days = RANGE_DAYS[query["range"] or DEFAULT_RANGE]
        today = now.astimezone(zone).date()
        return _whole_days(today - timedelta(days=days - 1), days, name)
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
