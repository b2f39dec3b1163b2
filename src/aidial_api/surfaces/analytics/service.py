"""From counts to KPIs and bars.

The one thing a newcomer would get wrong: a day without calls is a bar of zero, not a gap.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import asyncpg

from aidial_api.surfaces.analytics.period import Span
from aidial_contract.shapes.analytics import Kpi, Period, Point, Summary, Timeseries

MAX_DAILY_BARS = 31
_PLACES = 4


def summarise(totals: dict[bool, asyncpg.Record], span: Span) -> Summary:
    """KPIs with their previous values. `positive_sentiment` is a share of 0 to 1 of calls with a feeling."""
    now, before = totals.get(True), totals.get(False)
    period = Period(since=span.since, until=span.until, timezone=span.timezone)
    kpis = {
        "total_calls": _kpi(_number(now, "total"), _number(before, "total")),
        "talk_minutes": _kpi(_number(now, "talk_seconds") / 60, _number(before, "talk_seconds") / 60),
        "average_duration_seconds": _kpi(_number(now, "average_seconds"), _number(before, "average_seconds")),
        "positive_sentiment": _kpi(_share(now), _share(before)),
        "completed_calls": _kpi(_number(now, "completed"), _number(before, "completed")),
        "missed_calls": _kpi(_number(now, "missed"), _number(before, "missed")),
        "failed_calls": _kpi(_number(now, "failed"), _number(before, "failed")),
    }
    return Summary(range=period, kpis=kpis)


def _number(row: asyncpg.Record | None, name: str) -> float:
    return float(row[name] or 0) if row is not None else 0.0


def _share(row: asyncpg.Record | None) -> float:
    return row["positive"] / row["felt"] if row is not None and row["felt"] else 0.0


def _kpi(value: float, previous: float) -> Kpi:
    change = round((value - previous) / previous, _PLACES) if previous else None
    return Kpi(value=round(value, _PLACES), previous=round(previous, _PLACES), change=change)


def interval_of(wanted: str | None, span: Span) -> str:
    """`day` up to a month, `week` beyond, unless asked for."""
    return wanted or ("day" if span.days <= MAX_DAILY_BARS else "week")


def bars(rows: Sequence[asyncpg.Record], span: Span, interval: str) -> Timeseries:
    """One point for every day or week of the span."""
    counted = {row["at"]: row for row in rows}
    points = []
    for at in _starts(span, interval):
        row = counted.get(at)
        points.append(
            Point(
                at=at,
                total=int(_number(row, "total")),
                completed=int(_number(row, "completed")),
                missed=int(_number(row, "missed")),
                failed=int(_number(row, "failed")),
                talk_seconds=int(_number(row, "talk_seconds")),
            )
        )
    return Timeseries(interval="week" if interval == "week" else "day", points=points)


def _starts(span: Span, interval: str) -> Iterable[datetime]:
    zone = ZoneInfo(span.timezone)
    day = span.since.astimezone(zone).date()
    step = timedelta(days=1)
    if interval == "week":
        day -= timedelta(days=day.weekday())
        step = timedelta(days=7)
    while (at := datetime.combine(day, time(), zone)) < span.until:
        yield at
        day += step
