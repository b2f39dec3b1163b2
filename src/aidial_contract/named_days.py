"""Named ranges as days: `7d` is the seven whole days up to today, in one zone.

The one thing a newcomer would get wrong: it is not today everywhere at once. Each project has its own today.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from aidial_contract.params import RANGE_DAYS


def named_days(name: str, zone: ZoneInfo, now: datetime) -> tuple[date, date]:
    """The first and the last day of a named range, both in it."""
    today = now.astimezone(zone).date()
    return today - timedelta(days=RANGE_DAYS[name] - 1), today
