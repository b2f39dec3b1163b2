"""Analytics on the wire. `product.md` sections 4 and 12.

The one thing a newcomer would get wrong: a change against nothing is null, never infinity or 100 %.
"""

from __future__ import annotations

from typing import Literal

from aidial_contract.shapes.common import Outgoing, Time


class Period(Outgoing):
    """The period counted, both ends as instants (`until` not included), in `timezone`'s days."""

    since: Time
    until: Time
    timezone: str


class Kpi(Outgoing):
    """A number, the same of the previous period of equal length, and the relative change."""

    value: float
    previous: float | None
    change: float | None


class Summary(Outgoing):
    """`GET /v1/analytics/summary`; `kpis` by name."""

    range: Period
    kpis: dict[str, Kpi]


class Point(Outgoing):
    """One bar of call volume; `at` is the start of its day or week in the period's zone."""

    at: Time
    total: int
    completed: int
    missed: int
    failed: int
    talk_seconds: int


class Timeseries(Outgoing):
    """`GET /v1/analytics/timeseries`."""

    interval: Literal["day", "week"]
    points: list[Point]
