"""The dashboard's numbers as its page shows them: figures, charts, tables, and where each leads.

The one thing a newcomer would get wrong: a mean or a share of no calls is unknown, not nought.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from aidial_contract.params import MOST_KEYS
from aidial_portal.design import context
from aidial_portal.design.charts import hour_label
from aidial_portal.design.filters import count, label, worded
from aidial_portal.design.links import with_query
from aidial_portal.words import N_, _, ngettext, spoken

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from aidial_contract.shapes.analytics import (
        Breakdowns,
        Clients,
        Kpi,
        NamedRow,
        Point,
        Summary,
        Timeseries,
    )
    from aidial_portal.surfaces.dashboard.view import View

SHOWN: Final = 8
"""So many outcomes, agents or projects have a row; the CSV has the commonest thousand (`MOST_KEYS`)."""
_HOURS_A_DAY: Final = 24
_PERIODS: Final = {"hour": N_("Hour"), "day": N_("Day"), "week": N_("Week")}


def figures(summary: Summary, view: View) -> tuple[context.Kpi, ...]:
    """The six key figures."""
    return (
        _figure(summary, _("Total calls"), "total_calls", "count", "up", view.calls()),
        _figure(summary, _("Talk minutes"), "talk_minutes", "minutes", "neither"),
        _figure(summary, _("Average duration"), "average_duration_seconds", "seconds", "neither"),
        _figure(
            summary,
            _("Positive sentiment"),
            "positive_sentiment",
            "percent",
            "up",
            view.calls(sentiment="positive"),
        ),
        _figure(summary, _("Missed"), "missed_calls", "count", "down", view.calls(status="missed")),
        _figure(summary, _("Failed"), "failed_calls", "count", "down", view.calls(status="failed")),
    )


def capabilities(summary: Summary, view: View) -> tuple[context.Kpi, ...]:
    """What the agent got done, beside the calls themselves."""
    return (
        _figure(summary, _("Bookings"), "bookings", "count", "up", view.calls(booking="yes")),
        _figure(summary, _("Transfers"), "transfers", "count", "neither", view.calls(transfer="yes")),
        _figure(summary, _("Leads captured"), "leads_captured", "count", "up", view.calls(follow_up="yes")),
    )


def _figure(
    summary: Summary,
    words: str,
    name: str,
    kind: context.KpiKind,
    better: context.Better,
    url: str | None = None,
) -> context.Kpi:
    kpi: Kpi | None = summary.kpis.get(name)
    if kpi is None:
        return context.Kpi(words, None, kind)
    calls = summary.kpis["total_calls"]
    of_calls = kind in {"seconds", "percent"}
    # Shares come as 0 to 1 and are shown as percent.
    factor = 100 if kind == "percent" else 1
    value = None if of_calls and not calls.value else kpi.value * factor
    previous = None if kpi.previous is None or not calls.previous else kpi.previous * factor
    return context.Kpi(words, value, kind, previous, better, url)


def volume(series: Timeseries, view: View, zone: str, *, has_zones: bool) -> context.BarChart:
    """Calls by hour, day or week."""
    return context.BarChart(
        chart_id="volume",
        title=_("Call volume"),
        unit=_("calls"),
        timezone=zone,
        bars=tuple(_bar(point, zone, series.interval) for point in series.points),
        csv_url=with_query("/api/analytics/timeseries.csv", view.asked_of_chart()),
        period_label=_PERIODS[series.interval],
        views=tuple(
            context.Choice(words, url=view.url(interval=name), is_current=name == series.interval)
            for name, words in (("day", _("By day")), ("week", _("By week")))
        )
        if view.has_intervals
        else (),
        has_zones=has_zones,
    )


def _bar(point: Point, zone: str, interval: str) -> context.Bar:
    start: datetime = point.at.astimezone(ZoneInfo(zone))
    written = spoken().writing
    short, day, year = written.day_of_year(start), written.short_days[start.weekday()], written.day(start)
    if interval == "hour":
        hour = hour_label(start.hour)
        return context.Bar(hour, f"{hour}, {day} {year}", point.total)
    full = _("week of {day}").format(day=year) if interval == "week" else f"{day} {year}"
    return context.Bar(short, full, point.total)


def heat(rows: Iterable[NamedRow], view: View, zone: str, *, has_zones: bool) -> context.HeatMap:
    """When people call, by hour of the week."""
    counts = [row.count for row in rows]
    return context.HeatMap(
        chart_id="heat",
        title=_("When people call"),
        unit=_("calls"),
        timezone=zone,
        counts=tuple(
            tuple(counts[first : first + _HOURS_A_DAY]) for first in range(0, len(counts), _HOURS_A_DAY)
        ),
        csv_url=_csv(view, "hour_of_week"),
        has_zones=has_zones,
    )


def tables(found: Breakdowns, view: View, clients: Mapping[str, str]) -> tuple[context.BarTable, ...]:
    """Every breakdown that is a table; `clients` are whose each project is, where there are several."""
    by: dict[str, list[NamedRow]] = {one.by: one.rows for one in found.breakdowns}
    every = sum(row.count for row in by["sentiment"])
    made = [
        _table("sentiment", _("How callers felt"), _("Caller felt"), by["sentiment"], every, view),
        _table("outcome", _("Outcomes"), _("Outcome"), by["outcome"], every, view),
        _table("agent", _("Busiest agents"), _("Agent"), by["agent"], every, view),
    ]
    if len(by.get("project", ())) > 1:
        rows = [replace(row, label=_of_client(row, clients)) for row in by["project"]]
        made.append(_table("project", _("Projects"), _("Project"), rows, every, view))
    return tuple(made)


def _of_client(row: NamedRow, clients: Mapping[str, str]) -> str:
    name, client = row.label or row.key, clients.get(row.key)
    return f"{name}, {client}" if client else name


def _table(
    by: str, title: str, heading: str, rows: list[NamedRow], every: int, view: View
) -> context.BarTable:
    shown = [] if by == "sentiment" and not every else rows[:SHOWN]
    left = every - sum(row.count for row in shown)
    return context.BarTable(
        table_id=by,
        title=title,
        heading=heading,
        unit=_("calls"),
        shares=tuple(
            context.Share(
                row.label or _unnamed(by, row.key),
                row.count,
                _calls_of(by, row.key, view),
                row.key if by == "sentiment" else None,
            )
            for row in shown
        ),
        total=every,
        nothing=_("No calls in this period."),
        csv_url=_csv(view, by),
        note=_left(left) if shown and left > 0 else "",
    )


def _unnamed(by: str, key: str) -> str:
    """A key that nobody gave a name, in words."""
    if by == "agent":
        return key
    return (worded(key) or key) if by == "outcome" else label(key)


def _left(calls: int) -> str:
    return ngettext("{count} call in others", "{count} calls in others", calls).format(count=count(calls))


def _calls_of(by: str, key: str, view: View) -> str | None:
    """The calls of one row; the list's filters take several by comma, so a key with one has no link."""
    if by == "project":
        return with_query("/calls", view.period, project_id=key)
    return None if "," in key else view.calls(**{by: key})


def client_table(clients: Clients, view: View) -> context.ClientTable:
    """A partner's clients beside one another."""
    return context.ClientTable(
        rows=tuple(
            context.ClientShare(
                name=one.name,
                url=with_query("/", view.state, client_id=one.client_id),
                total=one.total,
                missed=one.missed,
                failed=one.failed,
                talk_minutes=one.talk_seconds / 60,
            )
            for one in clients.clients
        ),
        csv_url=with_query("/api/analytics/clients.csv", view.asked()),
    )


def _csv(view: View, by: str) -> str:
    return with_query("/api/analytics/breakdown.csv", view.asked(), by=by, limit=str(MOST_KEYS))
