"""Analytics on the wire. `product.md` sections 4 and 12.

The one thing a newcomer would get wrong: a change against nothing is null, never infinity or 100 %.
"""

from __future__ import annotations

from typing import Final, Literal

from aidial_contract.shapes.common import Outgoing, Time

Interval = Literal["hour", "day", "week"]
By = Literal[
    "outcome", "sentiment", "status", "agent", "capability", "channel", "direction", "hour_of_week",
    "project", "client",
]  # fmt: skip
"""What a period is broken down by."""
WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Period(Outgoing):
    """The period counted, both ends as instants (`until` not included), in `timezone`'s days.

    Where projects are in several zones it is the first one's; each project's days are its own all the same.
    """

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
    """One bar of call volume; `at` is the start of its hour, day or week in the period's zone.

    Projects in other zones count to the bar that begins when their own clocks show the same.
    """

    at: Time
    total: int
    completed: int
    missed: int
    failed: int
    talk_seconds: int


class Timeseries(Outgoing):
    """`GET /v1/analytics/timeseries`."""

    interval: Interval
    points: list[Point]


class BreakdownRow(Outgoing):
    """How many calls have one key."""

    key: str
    count: int


class Breakdown(Outgoing):
    """`GET /v1/analytics/breakdown`.

    Outcomes, agents, projects and clients (by id) come with most calls first, at most `limit` of them; what
    has no call is left out. The keys of everything else are all there: `hour_of_week` has `mon-00` to
    `sun-23` by each project's own clock (of two moments by the first's); `capability` has `bookings`,
    `transfers` and `lead_capture` (calls that left a follow-up), of which a call may have several or none.
    """

    by: By
    rows: list[BreakdownRow]


class NamedRow(Outgoing):
    """A key, its name where the key is an id or a project's taxonomy has a label for it, and its calls."""

    key: str
    label: str | None
    count: int


class NamedBreakdown(Outgoing):
    """One breakdown with names."""

    by: By
    rows: list[NamedRow]


class Breakdowns(Outgoing):
    """`GET /v1/analytics/breakdowns`, in the order they were asked for."""

    range: Period
    breakdowns: list[NamedBreakdown]


class ClientNumbers(Outgoing):
    """One client's calls of a period."""

    client_id: str
    name: str
    total: int
    completed: int
    missed: int
    failed: int
    talk_seconds: int


class Clients(Outgoing):
    """`GET /v1/analytics/clients`: every client in reach, most calls first."""

    range: Period
    clients: list[ClientNumbers]
