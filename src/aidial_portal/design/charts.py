"""Where the bars and cells of a server-drawn chart stand.

Across, everything is a percentage of the plot, so that text keeps its size on a phone; positions are
attributes, never styles, because the page's policy allows no inline style.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from aidial_portal.words import _, spoken

if TYPE_CHECKING:
    from .context import Bar, BarChart, HeatMap

HEIGHT: Final = 220
TOP: Final = 20
BOTTOM: Final = 28
_BAR_SHARE: Final = 0.68
_WIDEST_BAR_PERCENT: Final = 5.0
_LABELS_WIDE: Final = 12
_LABELS_NARROW: Final = 4
_VALUES_WIDE: Final = 14
_VALUES_NARROW: Final = 8


@dataclass(frozen=True, slots=True)
class DrawnBar:
    """A bar: x and widths in percent of the plot, y and height in pixels.

    label and value say where the text may stand: always, `wide` (only on wide plots), or None.
    anchor keeps the newest label inside a crowded plot.
    """

    bar: Bar
    x: float
    width: float
    y: float
    height: float
    band_x: float
    band_width: float
    middle: float
    label: str | None
    anchor: str
    value: str | None


@dataclass(frozen=True, slots=True)
class Tick:
    """A line of the value axis."""

    y: float
    value: int


@dataclass(frozen=True, slots=True)
class Geometry:
    """The whole drawing."""

    height: int
    base: int
    bars: tuple[DrawnBar, ...]
    ticks: tuple[Tick, ...]
    total: int
    highest: Bar | None


def nice_ceiling(value: int) -> int:
    """Give the least of 2, 4, 6, 8, 10, 20, 40, ... that holds `value`: half of it is a whole number."""
    scale = 2
    while scale * 5 < value:
        scale *= 10
    return next(scale * step for step in (1, 2, 3, 4, 5) if scale * step >= value)


def _shown(position: int, every_narrow: int, every_wide: int) -> str | None:
    """Say where the text at `position` (counted from the newest bar) has room."""
    if position % every_narrow == 0:
        return "always"
    return "wide" if position % every_wide == 0 else None


def bar_geometry(chart: BarChart) -> Geometry:
    """Place every bar on a zero baseline; texts that would touch are left to the read-out and the table."""
    base, bars = HEIGHT - BOTTOM, len(chart.bars)
    ceiling = nice_ceiling(max((bar.value for bar in chart.bars), default=0))
    band = 100 / max(bars, 1)
    width = min(band * _BAR_SHARE, _WIDEST_BAR_PERCENT)
    every_wide, every_narrow = max(1, -(-bars // _LABELS_WIDE)), max(1, -(-bars // _LABELS_NARROW))
    every_narrow = -(-every_narrow // every_wide) * every_wide
    value = "always" if bars <= _VALUES_NARROW else "wide" if bars <= _VALUES_WIDE else None
    drawn = tuple(
        DrawnBar(
            bar=bar,
            x=round(band * (index + 0.5) - width / 2, 3),
            width=round(width, 3),
            y=round(base - (base - TOP) * bar.value / ceiling, 2),
            height=round((base - TOP) * bar.value / ceiling, 2),
            band_x=round(band * index, 3),
            band_width=round(band, 3),
            middle=round(band * (index + 0.5), 3),
            label=_shown(bars - 1 - index, every_narrow, every_wide),
            anchor="end" if index == bars - 1 and bars > _VALUES_WIDE else "middle",
            value=value if bar.value else None,
        )
        for index, bar in enumerate(chart.bars)
    )
    ticks = tuple(Tick(round(base - (base - TOP) * half / 2, 2), ceiling * half // 2) for half in (0, 1, 2))
    highest = max(chart.bars, key=lambda bar: bar.value, default=None)
    return Geometry(HEIGHT, base, drawn, ticks, sum(bar.value for bar in chart.bars), highest)


HEAT_ROW: Final = 24
HEAT_TOP: Final = 20
HEAT_LEVELS: Final = 5
_HOURS_A_DAY: Final = 24
_NARROW_HOURS: Final = 6
_WIDE_HOURS: Final = 3


@dataclass(frozen=True, slots=True)
class HeatCell:
    """An hour of the week: x in percent of the plot, y in pixels, how dark (0 without calls, to 5)."""

    x: float
    y: int
    level: int
    value: int
    label: str


@dataclass(frozen=True, slots=True)
class HourLabel:
    """A word under the hours; `is_wide` where only a wide plot has room for it."""

    x: float
    words: str
    is_wide: bool


@dataclass(frozen=True, slots=True)
class HeatGeometry:
    """The whole heat map."""

    height: int
    cell_width: float
    cells: tuple[HeatCell, ...]
    hours: tuple[HourLabel, ...]
    total: int
    highest: HeatCell | None


def hour_label(hour: int) -> str:
    """Say an hour of the day: `12 am`, `3 pm`."""
    return spoken().writing.hour(hour)


def heat_geometry(chart: HeatMap) -> HeatGeometry:
    """Place every hour of the week, the darkest the busiest."""
    most = max((value for row in chart.counts for value in row), default=0)
    width, days = 100 / _HOURS_A_DAY, spoken().writing.days
    cells = tuple(
        HeatCell(
            x=round(width * hour, 3),
            y=HEAT_TOP + HEAT_ROW * day,
            level=-(-value * HEAT_LEVELS // most) if most else 0,
            value=value,
            label=_("{day}, {start} to {end}").format(
                day=days[day], start=hour_label(hour), end=hour_label(hour + 1)
            ),
        )
        for day, row in enumerate(chart.counts)
        for hour, value in enumerate(row)
    )
    hours = tuple(
        HourLabel(round(width * hour, 3), hour_label(hour), hour % _NARROW_HOURS != 0)
        for hour in range(0, _HOURS_A_DAY, _WIDE_HOURS)
    )
    highest = max(cells, key=lambda cell: cell.value, default=None)
    total = sum(cell.value for cell in cells)
    return HeatGeometry(
        HEAT_TOP + HEAT_ROW * len(chart.counts), round(width, 3), cells, hours, total, highest
    )
