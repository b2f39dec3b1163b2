"""Where the bars of a server-drawn chart stand.

Across, everything is a percentage of the plot, so that text keeps its size on a phone; positions are
attributes, never styles, because the page's policy allows no inline style.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from .context import Bar, BarChart

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
