"""From sums to KPIs, bars and breakdowns.

The one thing a newcomer would get wrong: a day without calls is a bar of zero, not a gap.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from aidial_api.kernel.call_kpis import Sums, kpis_of, number
from aidial_api.surfaces.analytics.bounds import HOURS_A_DAY
from aidial_api.surfaces.analytics.period import Span
from aidial_contract.shapes.analytics import (
    WEEKDAYS,
    ClientNumbers,
    Clients,
    Interval,
    NamedRow,
    Period,
    Point,
    Summary,
    Timeseries,
)

MAX_DAILY_BARS: Final = 31


def period_of(span: Span) -> Period:
    """The span as the wire has it."""
    return Period(since=span.since, until=span.until, timezone=span.timezone)


def summarise(totals: Mapping[bool, Sums], span: Span) -> Summary:
    """KPIs with their previous values."""
    return Summary(range=period_of(span), kpis=kpis_of(totals))


def interval_of(wanted: Interval | None, span: Span) -> Interval:
    """`day` up to a month, `week` beyond, unless asked for."""
    return wanted or ("day" if span.days <= MAX_DAILY_BARS else "week")


def bars(starts: Sequence[datetime], counted: Mapping[int, Sums], interval: Interval) -> Timeseries:
    """One point for every hour, day or week of the span."""
    points = [
        Point(
            at=at,
            total=number(row, "calls"),
            completed=number(row, "completed"),
            missed=number(row, "missed"),
            failed=number(row, "failed"),
            talk_seconds=number(row, "talk_seconds"),
        )
        for at, row in ((at, counted.get(n)) for n, at in enumerate(starts, start=1))
    ]
    return Timeseries(interval=interval, points=points)


def parts_of(by: str, row: Sums | None) -> list[NamedRow]:
    """A breakdown whose keys are known beforehand, those of no calls too; `unknown` is what is left."""
    calls = number(row, "calls")
    named = {
        "status": ("completed", "missed", "failed", "live"),
        "sentiment": ("positive", "neutral", "upset"),
        "channel": ("voice", "sms"),
        "direction": ("inbound",),
        "capability": ("bookings", "transfers", "follow_ups"),
    }[by]
    counts = {name: number(row, name) for name in named}
    if by == "capability":
        counts["lead_capture"] = counts.pop("follow_ups")
    else:
        rest = "outbound" if by == "direction" else "unknown"
        counts[rest] = calls - sum(counts.values())
    return [NamedRow(key=key, label=None, count=count) for key, count in counts.items()]


def week(cells: Mapping[int, int]) -> list[NamedRow]:
    """The hours of a week from Monday's midnight on, as `mon-00`."""
    return [
        NamedRow(key=f"{day}-{hour:02}", label=None, count=cells.get(first * HOURS_A_DAY + hour, 0))
        for first, day in enumerate(WEEKDAYS)
        for hour in range(HOURS_A_DAY)
    ]


def by_place(rows: Sequence[Sums], column: str, names: Mapping[str, str], limit: int) -> list[NamedRow]:
    """Calls by `project_id` or `client_id`, most first."""
    counts: dict[str, int] = {}
    for row in rows:
        counts[row[column]] = counts.get(row[column], 0) + row["calls"]
    most = sorted(((key, count) for key, count in counts.items() if count), key=lambda one: (-one[1], one[0]))
    return [NamedRow(key=key, label=names.get(key), count=count) for key, count in most[:limit]]


def of_clients(
    rows: Sequence[Sums], client_ids: Sequence[str], names: Mapping[str, str], span: Span
) -> Clients:
    """Every client in reach with its sums, those without calls too; most calls first."""
    measures = ("calls", "completed", "missed", "failed", "talk_seconds")
    sums = {client: dict.fromkeys(measures, 0) for client in client_ids}
    for row in rows:
        for name in measures:
            sums[row["client_id"]][name] += row[name]
    most = sorted(sums.items(), key=lambda one: (-one[1]["calls"], one[0]))
    return Clients(
        range=period_of(span),
        clients=[
            ClientNumbers(
                client_id=client,
                name=names.get(client, client),
                total=of["calls"],
                completed=of["completed"],
                missed=of["missed"],
                failed=of["failed"],
                talk_seconds=of["talk_seconds"],
            )
            for client, of in most
        ],
    )
