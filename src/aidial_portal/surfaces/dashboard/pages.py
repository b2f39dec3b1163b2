"""The dashboard: what a range held against the one before, and its calls day by day.

The one thing a newcomer would get wrong: figures and chart are asked for at once and fail apart; only both
failing fails the page.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from aidial_contract.fault import Fault
from aidial_contract.params import RANGE_DAYS
from aidial_contract.shapes.analytics import Summary, Timeseries
from aidial_contract.shapes.calls import CallList
from aidial_portal.design import context
from aidial_portal.design.links import with_query
from aidial_portal.kernel.pages import draw, part, projects_of, zone_of

if TYPE_CHECKING:
    from starlette.responses import Response

    from aidial_contract.shapes.analytics import Kpi, Point
    from aidial_portal.design.context import ListState
    from aidial_portal.kernel.request import PortalRequest

PATH: Final = "/"
DEFAULT_RANGE: Final = "7d"
_RANGES: Final = {
    "today": ("Today", "Today"),
    "7d": ("7 days", "Last 7 days"),
    "30d": ("30 days", "Last 30 days"),
    "90d": ("90 days", "Last 90 days"),
}
_FEW_DAYS: Final = 7
_SUMMARY_LOST: Final = "The key figures could not be loaded. Reload the page to try again."
_CHART_LOST: Final = "The chart could not be loaded. Reload the page to try again."


@dataclass(frozen=True, slots=True)
class View:
    """What is looked at: the range, one project or all, and bars of a day or a week (None: as fits)."""

    range: str
    project_id: str | None
    interval: str | None

    @property
    def state(self) -> dict[str, str]:
        """What another project's dashboard keeps."""
        return {"range": self.range} if self.range != DEFAULT_RANGE else {}

    def url(self, path: str = PATH, **changes: str | None) -> str:
        """An address that keeps the project."""
        return with_query(path, {"project_id": self.project_id or ""} | self.state, **changes)

    def asked(self) -> dict[str, str]:
        """The query of the summary."""
        return {"range": self.range} | ({"project_id": self.project_id} if self.project_id else {})

    def asked_of_chart(self) -> dict[str, str]:
        """The query of the bars: one day alone is shown among the last seven."""
        charted = DEFAULT_RANGE if self.range == "today" else self.range
        chosen = {"interval": self.interval} if self.interval else {}
        return self.asked() | {"range": charted} | chosen


async def dashboard(request: PortalRequest) -> Response:
    """`/`: key figures and call volume; a parameter it does not know means the default."""
    asked, interval = request.query.get("range", ""), request.query.get("interval", "")
    view = View(
        asked if asked in _RANGES else DEFAULT_RANGE,
        request.query.get("project_id"),
        interval if interval in {"day", "week"} else None,
    )
    now = datetime.now(UTC)
    if not projects_of(request):
        page = _page(request, view, now, "not_available")
        return draw(request, page, path=PATH, switcher=view.state)
    summary, series = await asyncio.gather(
        part(request.api.get("/v1/analytics/summary", Summary, query=view.asked())),
        part(request.api.get("/v1/analytics/timeseries", Timeseries, query=view.asked_of_chart())),
    )
    if isinstance(summary, Fault):
        if isinstance(series, Fault):
            raise summary
        page = _page(request, view, now, "ready", series=series, failure=_SUMMARY_LOST)
    elif isinstance(series, Fault):
        page = _page(request, view, now, "ready", summary=summary, failure=_CHART_LOST)
    else:
        state: ListState = "ready" if await _has_calls(request, view, summary) else "no_data"
        page = _page(request, view, now, state, summary=summary, series=series)
    return draw(request, page, path=PATH, switcher=view.state)


async def _has_calls(request: PortalRequest, view: View, summary: Summary) -> bool:
    """Whether there is any call at all; asked only when the range and the one before are empty."""
    total = summary.kpis["total_calls"]
    if total.value or total.previous:
        return True
    query = {"limit": "1"} | ({"project_id": view.project_id} if view.project_id else {})
    return bool((await request.api.get("/v1/calls", CallList, query=query)).calls)


def _page(
    request: PortalRequest,
    view: View,
    now: datetime,
    state: ListState,
    *,
    summary: Summary | None = None,
    series: Timeseries | None = None,
    failure: str | None = None,
) -> context.DashboardPage:
    return context.DashboardPage(
        state=state,
        timezone=summary.range.timezone if summary is not None else zone_of(request),
        now=now,
        period_label=_RANGES[view.range][1],
        ranges=tuple(
            context.Choice(words, url=view.url(range=name), is_current=name == view.range)
            for name, (words, _) in _RANGES.items()
        ),
        kpis=_kpis(summary, view) if summary is not None else (),
        chart=_chart(series, view, zone_of(request)) if series is not None else None,
        updated_at=now if summary is not None else None,
        failure=failure,
    )


def _kpis(summary: Summary, view: View) -> tuple[context.Kpi, ...]:
    kpis = summary.kpis
    nothing_now, nothing_before = not kpis["total_calls"].value, not kpis["total_calls"].previous

    def figure(
        label: str, name: str, kind: context.KpiKind, better: context.Better, url: str | None = None
    ) -> context.Kpi:
        """A mean or share of no calls is unknown, not nought."""
        of_calls = kind in {"seconds", "percent"}
        value, previous = _in_unit(kpis[name], kind)
        return context.Kpi(
            label,
            None if of_calls and nothing_now else value,
            kind,
            None if nothing_before else previous,
            better,
            url,
        )

    return (
        figure("Total calls", "total_calls", "count", "up", view.url("/calls", range=view.range)),
        figure("Talk minutes", "talk_minutes", "minutes", "neither"),
        figure("Average duration", "average_duration_seconds", "seconds", "neither"),
        figure("Positive sentiment", "positive_sentiment", "percent", "up"),
        figure("Missed", "missed_calls", "count", "down", _narrowed(view, "missed")),
        figure("Failed", "failed_calls", "count", "down", _narrowed(view, "failed")),
    )


def _narrowed(view: View, status: str) -> str:
    return view.url("/calls", range=view.range, status=status)


def _in_unit(kpi: Kpi, kind: str) -> tuple[float, float | None]:
    """Shares come as 0 to 1 and are shown as percent."""
    factor = 100 if kind == "percent" else 1
    return kpi.value * factor, None if kpi.previous is None else kpi.previous * factor


def _chart(series: Timeseries, view: View, zone: str) -> context.BarChart:
    is_week = series.interval == "week"
    title = "Call volume, last 7 days" if view.range == "today" else "Call volume"
    return context.BarChart(
        chart_id="volume",
        title=title,
        unit="calls",
        timezone=zone,
        bars=tuple(_bar(point, zone, is_week=is_week) for point in series.points),
        csv_url=with_query("/api/analytics/timeseries.csv", view.asked_of_chart()),
        period_label="Week" if is_week else "Day",
        views=_views(view, series.interval) if RANGE_DAYS[view.range] > _FEW_DAYS else (),
    )


def _bar(point: Point, zone: str, *, is_week: bool) -> context.Bar:
    day = point.at.astimezone(ZoneInfo(zone))
    short = f"{day.day} {day:%b}"
    full = f"week of {short} {day.year}" if is_week else f"{day:%a} {short} {day.year}"
    return context.Bar(short, full, point.total)


def _views(view: View, interval: str) -> tuple[context.Choice, ...]:
    return tuple(
        context.Choice(words, url=view.url(interval=name), is_current=name == interval)
        for name, words in (("day", "By day"), ("week", "By week"))
    )
