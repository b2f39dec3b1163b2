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
    """One series of bars from zero. `unit` is the plural noun ("calls"); csv_url gives the same numbers.

    has_zones: what is counted lies in several zones, each by its own clock.
    """

    chart_id: str
    title: str
    unit: str
    timezone: str
    bars: tuple[Bar, ...]
    csv_url: str | None = None
    period_label: str = "Day"
    views: tuple[Choice, ...] = ()
    has_zones: bool = False


@dataclass(frozen=True, slots=True)
class Share:
    """One row of a table with bars: `value` of `BarTable.total`; `status` draws its icon beside the word."""

    label: str
    value: int
    url: str | None = None
    status: str | None = None


@dataclass(frozen=True, slots=True)
class BarTable:
    """A table whose rows have a bar each: `heading` is what the rows are, `unit` what is counted.

    `shares` add up to `total` or less; `note` says what is not in them.
    """

    table_id: str
    title: str
    heading: str
    unit: str
    shares: tuple[Share, ...]
    total: int
    nothing: str
    csv_url: str | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class HeatMap:
    """Calls by hour of the week: seven rows of 24 from Monday's midnight on."""

    chart_id: str
    title: str
    unit: str
    timezone: str
    counts: tuple[tuple[int, ...], ...]
    csv_url: str | None = None
    has_zones: bool = False


@dataclass(frozen=True, slots=True)
class ClientShare:
    """One client of a partner: its calls of the period, `url` its dashboard."""

    name: str
    url: str
    total: int
    missed: int
    failed: int
    talk_minutes: float


@dataclass(frozen=True, slots=True)
class ClientTable:
    """A partner's clients beside one another, most calls first."""

    rows: tuple[ClientShare, ...]
    csv_url: str


@dataclass(frozen=True, slots=True)
class DayRange:
    """Days chosen one by one; `errors` are (field, message). `hidden` is what the form keeps."""

    first: str = ""
    last: str = ""
    is_current: bool = False
    hidden: tuple[tuple[str, str], ...] = ()
    errors: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class DashboardPage:
    """The dashboard. `period_label` reads "Last 7 days"; `updated_at` is when the numbers were current.

    `before` is what trends compare with, `failures` are the parts that could not be loaded, both in words.
    `about` is whose numbers these are, where a partner chose one client; `all_url` leads back to all.
    `has_zones`: its projects are in several zones, and days and hours are each project's own.
    """

    template: ClassVar[str] = "dashboard/page.html"
    state: ListState
    timezone: str
    now: datetime
    period_label: str
    ranges: tuple[Choice, ...]
    days: DayRange = DayRange()
    before: str = "period before"
    kpis: tuple[Kpi, ...] = ()
    capabilities: tuple[Kpi, ...] = ()
    chart: BarChart | None = None
    heat: HeatMap | None = None
    tables: tuple[BarTable, ...] = ()
    clients: ClientTable | None = None
    summary_csv_url: str | None = None
    updated_at: datetime | None = None
    failures: tuple[str, ...] = ()
    about: str | None = None
    all_url: str | None = None
    has_zones: bool = False
