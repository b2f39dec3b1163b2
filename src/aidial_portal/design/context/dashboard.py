"""The dashboard: `dashboard/page.html`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

if TYPE_CHECKING:
    from datetime import datetime

    from .shell import Choice, ListState


KpiKind = Literal["count", "minutes", "seconds", "percent"]
Better = Literal["up", "down", "neither"]


@dataclass(frozen=True, slots=True)
class Kpi:
    """A number with its trend. value in the unit of `kind`: count, minutes, seconds, or percent (0-100).

    previous is the same for the period before of equal length, None when there is no baseline.
    better says which way is good news.
    """

    label: str
    value: float | None
    kind: KpiKind
    previous: float | None = None
    better: Better = "neither"
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: `label` on the axis (short), `full_label` in the read-out and the table."""

    label: str
    full_label: str
    value: int


@dataclass(frozen=True, slots=True)
class BarChart:
    """One series of bars from zero. `unit` is the plural noun ("calls"); csv_url gives the same numbers."""

    chart_id: str
    title: str
    unit: str
    timezone: str
    bars: tuple[Bar, ...]
    csv_url: str | None = None
    period_label: str = "Day"
    views: tuple[Choice, ...] = ()


@dataclass(frozen=True, slots=True)
class DashboardPage:
    """The dashboard. `period_label` reads "Last 7 days"; `updated_at` is when the numbers were current."""

    template: ClassVar[str] = "dashboard/page.html"
    state: ListState
    timezone: str
    now: datetime
    period_label: str
    ranges: tuple[Choice, ...]
    kpis: tuple[Kpi, ...] = ()
    chart: BarChart | None = None
    updated_at: datetime | None = None
    failure: str | None = None
