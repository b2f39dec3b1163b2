"""Sums of the parts of a period, one a zone, added up.

The one thing a newcomer would get wrong: bars and hours are added by what the clocks show, not by the moment,
because nine o'clock is each project's own.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from aidial_api.kernel.call_kpis import Sums
from aidial_api.surfaces.analytics.period import Span, clock_of

K = TypeVar("K")


def added(found: Sequence[Mapping[K, Sums]]) -> Mapping[K, Sums]:
    """Sums by key, of all parts."""
    if len(found) == 1:
        return found[0]
    sums: dict[K, Counter[str]] = {}
    for part in found:
        for key, row in part.items():
            _add(sums, key, row)
    return sums


def _add(sums: dict[K, Counter[str]], key: K, row: Sums) -> None:
    sums.setdefault(key, Counter()).update({name: number or 0 for name, number in row.items()})


def moved(
    counted: Mapping[int, Sums], own: tuple[Sequence[datetime], Span], starts: tuple[Sequence[datetime], Span]
) -> Mapping[int, Sums]:
    """Sums of a zone's own bars as sums of the bars at `starts`: those that begin by the same clock.

    An hour that these clocks skip counts to the one before.
    """
    clocks = [_shown(start, starts[1]) for start in starts[0]]
    found: dict[int, Counter[str]] = {}
    for n, row in counted.items():
        place = max(bisect_right(clocks, _shown(own[0][n - 1], own[1])), 1)
        _add(found, place, row)
    return found


def _shown(moment: datetime, span: Span) -> tuple[datetime, int]:
    """What the clocks show, and 1 for the second time that they show it."""
    shown = clock_of(moment, span)
    return shown, shown.fold


def commonest(found: Iterable[Mapping[str, Any]], limit: int) -> Sequence[Mapping[str, Any]]:
    """Rows of keys of all parts as one row a key, most calls first."""
    calls: Counter[str] = Counter()
    labels: dict[str, str | None] = {}
    for row in found:
        calls[row["key"]] += row["calls"]
        labels[row["key"]] = labels.get(row["key"]) or row["label"]
    most = sorted(calls.items(), key=lambda one: (-one[1], one[0]))
    return [{"key": key, "label": labels[key], "calls": count} for key, count in most[:limit]]
