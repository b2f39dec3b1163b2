"""Time zones that a tenant or a project may be in.

The one thing a newcomer would get wrong: Python knows names that PostgreSQL does not (`localtime`), and every
sum by day would fail for whoever chose one.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

_DAYS = range(-3_653, 731)
"""Ten years back, as long as any call is kept; two years ahead."""


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones() - {"Factory", "localtime"})


def is_zone(text: str) -> bool:
    """Whether a text is the IANA name of a zone that exists."""
    return text in _zones()


@cache
def clocks_agree(one: str, other: str) -> bool:
    """Whether two zones have the same time every day: Sydney and Melbourne do, Brisbane only in winter."""
    mine, theirs = ZoneInfo(one), ZoneInfo(other)
    noon = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)
    days = (noon + timedelta(days=day) for day in _DAYS)
    return all(day.astimezone(mine).utcoffset() == day.astimezone(theirs).utcoffset() for day in days)
