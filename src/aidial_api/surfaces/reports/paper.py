"""A month's report on paper: what the template `report.typ` is given, and how numbers are written in it.

The one thing a newcomer would get wrong: what people wrote, such as a line's name, reaches the template as
data, never as markup.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import asyncpg
import msgspec

from aidial_api.kernel.months import begin_of, moved, named
from aidial_api.surfaces.reports.figures import DayCalls, Figures
from aidial_contract.shapes.analytics import Kpi

TEMPLATE: Final = Path(__file__).with_name("report.typ")
_MINUTE: Final = 60
_PERCENT: Final = 100
_WEEK: Final = 7
_figures = msgspec.json.Decoder(Figures)


def _count(value: float) -> str:
    return f"{round(value):,}"


def _minutes(value: float) -> str:
    return f"{round(value):,} min"


def _length(value: float) -> str:
    """`4 min 12 s`."""
    minutes, seconds = divmod(round(value), _MINUTE)
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"


def _share(value: float) -> str:
    return f"{round(value * _PERCENT)} %"


_ROWS: Final[tuple[tuple[str, str, Callable[[float], str]], ...]] = (
    ("total_calls", "Calls", _count),
    ("completed_calls", "Completed", _count),
    ("missed_calls", "Missed", _count),
    ("failed_calls", "Failed", _count),
    ("talk_minutes", "Talk time", _minutes),
    ("average_duration_seconds", "Average length", _length),
    ("positive_sentiment", "Positive sentiment", _share),
    ("bookings", "Bookings", _count),
    ("transfers", "Transfers", _count),
    ("leads_captured", "Leads captured", _count),
)


def figures_of(row: asyncpg.Record) -> Figures:
    """The numbers of a report's row."""
    return _figures.decode(row["figures"])


def key_figures(figures: Figures) -> Iterator[tuple[str, str, str, str]]:
    """Name, value, the month before's, and the change in words."""
    for name, label, written in _ROWS:
        kpi = figures.kpis[name]
        yield label, written(kpi.value), written(kpi.previous or 0), change(kpi)


def change(kpi: Kpi) -> str:
    """`+12 %`, `no change`, or nothing to compare with."""
    if kpi.change is None:
        return "no change" if kpi.value == kpi.previous else "new"
    percent = round(kpi.change * _PERCENT)
    return f"{percent:+,} %".replace("-", "\u2212") if percent else "no change"


def document(row: asyncpg.Record) -> bytes:
    """JSON for the template."""
    figures, month = figures_of(row), row["month"]
    made: dict[str, Any] = {
        "title": f"Monthly summary, {named(month)}",
        "tenant": row["name"],
        "month": named(month),
        "before": named(moved(month, -1)),
        "period": _period(month, row["timezone"]),
        "key_figures": list(key_figures(figures)),
        "days": [_day(day) for day in figures.days],
        "busiest": _busiest(figures),
        "outcomes": [(one.label, f"{one.calls:,}", _of_all(one.calls, figures)) for one in figures.outcomes],
        "lines": [
            (
                one.name,
                f"{one.total:,}",
                f"{one.missed:,}",
                f"{one.failed:,}",
                _minutes(one.talk_seconds / _MINUTE),
            )
            for one in figures.lines
        ],
        "made": _moment(row),
    }
    return msgspec.json.encode(made)


def _day(day: DayCalls) -> dict[str, Any]:
    """A bar of the drawing, and the row of the table behind it."""
    at = date.fromisoformat(day.day)
    return {
        "label": str(at.day) if at.day % _WEEK == 1 else "",
        "good": day.total - day.missed - day.failed,
        "bad": day.missed + day.failed,
        "total": day.total,
        "row": (f"{at:%a} {at.day}", *(f"{count:,}" for count in (day.total, day.missed, day.failed))),
    }


def _period(month: str, timezone: str) -> str:
    last = begin_of(moved(month, 1), timezone).date() - timedelta(days=1)
    return f"1 to {last.day} {named(month)}, by the clocks of {timezone}"


def _busiest(figures: Figures) -> str:
    most = max(figures.days, key=lambda day: day.total)
    if not most.total:
        return "There were no calls."
    day = date.fromisoformat(most.day)
    calls = "call" if most.total == 1 else "calls"
    return f"Most on one day: {most.total:,} {calls}, on {day.day} {day:%B}."


def _of_all(calls: int, figures: Figures) -> str:
    total = figures.kpis["total_calls"].value
    return _share(calls / total) if total else ""


def _moment(row: asyncpg.Record) -> str:
    local = row["made_at"].astimezone(ZoneInfo(row["timezone"]))
    noon = 12
    clock = f"{local.hour % noon or noon}:{local:%M} {'am' if local.hour < noon else 'pm'}"
    return f"{local.day} {local:%b %Y}, {clock} {local:%Z}"
