"""Months of a tenant: calendar months in its own zone, written `2026-11`.

The one thing a newcomer would get wrong: a month begins at midnight where the tenant is, so its length in
hours changes with the clocks.
"""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

_MONTHS = 12


def month_of(at: datetime, timezone: str) -> str:
    """The month that holds a moment."""
    return f"{at.astimezone(ZoneInfo(timezone)):%Y-%m}"


def moved(month: str, months: int) -> str:
    """The month so many later (or earlier)."""
    year, number = map(int, month.split("-"))
    whole = year * _MONTHS + number - 1 + months
    return f"{whole // _MONTHS:04d}-{whole % _MONTHS + 1:02d}"


def begin_of(month: str, timezone: str) -> datetime:
    """When a month begins there; it ends where the next begins."""
    year, number = map(int, month.split("-"))
    return datetime(year, number, 1, tzinfo=ZoneInfo(timezone))


def named(month: str) -> str:
    """`October 2026`."""
    year, number = map(int, month.split("-"))
    return f"{date(year, number, 1):%B %Y}"
