"""The numbers of a tenant's month, as its report keeps them.

The one thing a newcomer would get wrong: they are counted once, when the report is made, from the same sums
as the dashboard, and kept; what is downloaded later says what was sent.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from itertools import chain
from typing import Final
from zoneinfo import ZoneInfo

import asyncpg
import msgspec

from aidial_api.kernel import call_sums
from aidial_api.kernel.call_kpis import Sums, kpis_of, number
from aidial_api.kernel.call_pieces import DAY, HOUR, QUARTER, cut, cut_apart
from aidial_api.kernel.months import begin_of, moved
from aidial_api.kernel.transaction import Tx
from aidial_api.surfaces.reports import store
from aidial_contract.scope import ProjectReach, Reach
from aidial_contract.shapes.analytics import Kpi
from aidial_contract.shapes.workspace import is_code

MOST_OUTCOMES: Final = 10
_WIDTHS: Final = (DAY, HOUR, QUARTER)
_KEYED: Final = (DAY, HOUR)


class DayCalls(msgspec.Struct):
    """Calls that began on a day, `2026-10-31`."""

    day: str
    total: int
    missed: int
    failed: int


class OutcomeCalls(msgspec.Struct):
    """Calls of an outcome, by its label."""

    label: str
    calls: int


class LineCalls(msgspec.Struct):
    """Calls of a project."""

    name: str
    total: int
    completed: int
    missed: int
    failed: int
    talk_seconds: int


class Figures(msgspec.Struct):
    """Everything a report says. No caller's number and nothing that was said is in it."""

    kpis: dict[str, Kpi]
    days: list[DayCalls]
    outcomes: list[OutcomeCalls]
    lines: list[LineCalls]


async def count(
    tx: Tx, client_id: str, month: str, timezone: str, projects: Sequence[asyncpg.Record]
) -> Figures:
    """Count a month of the tenant's clocks, beside the month before."""
    reach = Reach(
        (client_id,), tuple(ProjectReach(client_id, one["project_id"], one["timezone"]) for one in projects)
    )
    before, since, until = (begin_of(moved(month, months), timezone) for months in (-1, 0, 1))
    await call_sums.plan_once(tx)
    both = chain(cut(before, since, _WIDTHS), cut(since, until, _WIDTHS))
    totals = await call_sums.read_totals(tx, reach, both, since)
    starts = _days(since, until, timezone)
    by_day = await call_sums.read_series(tx, reach, cut_apart(since, until, starts), starts)
    outcomes = await call_sums.read_keys(tx, reach, cut(since, until, _KEYED), "outcome", MOST_OUTCOMES)
    labels = await store.labels_of(tx, client_id, [row["key"] for row in outcomes])
    places = await call_sums.read_places(tx, reach, cut(since, until, _WIDTHS))
    return Figures(
        kpis=kpis_of(totals),
        days=[_day(at, by_day.get(n)) for n, at in enumerate(starts, start=1)],
        outcomes=[
            OutcomeCalls(labels.get(row["key"]) or _in_words(row["key"]), row["calls"]) for row in outcomes
        ],
        lines=_lines(projects, {row["project_id"]: row for row in places}),
    )


def _in_words(code: str) -> str:
    """`Call back` for `call_back`, as the portal reads it where no taxonomy names it; own words stay."""
    return code.replace("_", " ").capitalize() if is_code(code) else code


def _days(since: datetime, until: datetime, timezone: str) -> list[datetime]:
    zone = ZoneInfo(timezone)
    first: date = since.astimezone(zone).date()
    days = (until.astimezone(zone).date() - first).days
    return [datetime.combine(first + timedelta(days=day), time(), zone) for day in range(days)]


def _day(at: datetime, row: Sums | None) -> DayCalls:
    counts = {name: number(row, name) for name in ("missed", "failed")}
    return DayCalls(day=f"{at:%Y-%m-%d}", total=number(row, "calls"), **counts)


def _lines(projects: Sequence[asyncpg.Record], counted: dict[str, Sums]) -> list[LineCalls]:
    """By name; a line that is switched off only where it had calls."""
    return [
        LineCalls(
            name=one["display_name"],
            total=number(row, "calls"),
            **{name: number(row, name) for name in ("completed", "missed", "failed", "talk_seconds")},
        )
        for one, row in ((one, counted.get(one["project_id"])) for one in projects)
        if one["is_active"] or row is not None
    ]
