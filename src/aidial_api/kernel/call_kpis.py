"""Key figures from sums of calls: the dashboard's, and the monthly report's.

The one thing a newcomer would get wrong: the change is relative to the value before, and unknown where that
was nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from aidial_contract.shapes.analytics import Kpi

_PLACES: Final = 4
Sums = Mapping[str, Any]
"""Sums of calls by the measure's name."""
COUNTED: Final = {
    "total_calls": "calls",
    "completed_calls": "completed",
    "missed_calls": "missed",
    "failed_calls": "failed",
    "bookings": "bookings",
    "transfers": "transfers",
    "leads_captured": "follow_ups",
}
"""KPIs that are plain counts, and the measure each is."""


def kpis_of(totals: Mapping[bool, Sums]) -> dict[str, Kpi]:
    """KPIs of a period (True) beside the one before (False).

    `positive_sentiment` is a share of 0 to 1 of calls with a feeling.
    """
    now, before = totals.get(True), totals.get(False)
    kpis = {name: _kpi(number(now, of), number(before, of)) for name, of in COUNTED.items()}
    kpis["talk_minutes"] = _kpi(number(now, "talk_seconds") / 60, number(before, "talk_seconds") / 60)
    kpis["average_duration_seconds"] = _kpi(
        _ratio(now, ("talk_seconds",), ("timed",)), _ratio(before, ("talk_seconds",), ("timed",))
    )
    felt = ("positive", "neutral", "upset")
    kpis["positive_sentiment"] = _kpi(_ratio(now, felt[:1], felt), _ratio(before, felt[:1], felt))
    return kpis


def number(row: Sums | None, name: str) -> int:
    """A sum, 0 where nothing was."""
    return int(row[name] or 0) if row is not None else 0


def _ratio(row: Sums | None, parts: Sequence[str], whole: Sequence[str]) -> float:
    of = sum(number(row, name) for name in whole)
    return sum(number(row, name) for name in parts) / of if of else 0.0


def _kpi(value: float, previous: float) -> Kpi:
    change = round((value - previous) / previous, _PLACES) if previous else None
    return Kpi(value=round(value, _PLACES), previous=round(previous, _PLACES), change=change)
