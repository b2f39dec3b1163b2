"""One period broken down by what somebody asks for.

The one thing a newcomer would get wrong: outcomes and agents are free texts and may be many, so only the
commonest are given; keys that are known beforehand are all there, also those of no calls.
"""

from __future__ import annotations

from collections.abc import Sequence

from aidial_api.kernel import call_sums
from aidial_api.kernel.call_pieces import DAY, HOUR, QUARTER, cut
from aidial_api.kernel.transaction import Tx
from aidial_api.surfaces.analytics import service
from aidial_api.surfaces.analytics.bounds import week_hours
from aidial_api.surfaces.analytics.period import Span
from aidial_contract.scope import Reach
from aidial_contract.shapes.analytics import By, NamedBreakdown, NamedRow

_FINE = (DAY, HOUR, QUARTER)
_KEYED = (DAY, HOUR)


async def break_down(
    tx: Tx, reach: Reach, span: Span, asked: Sequence[By], limit: int
) -> list[NamedBreakdown]:
    """The breakdowns asked for, in that order; what several of them need is read once."""
    await call_sums.plan_once(tx)
    totals = names = places = None
    found = []
    for by in asked:
        rows: list[NamedRow]
        if by == "hour_of_week":
            hours = week_hours(span)
            pieces = cut(span.since, span.until, hours.widths)
            rows = service.week(await call_sums.read_cells(tx, reach, pieces, hours.starts, hours.cells))
        elif by in {"outcome", "agent"}:
            pieces = cut(span.since, span.until, _KEYED)
            rows = [
                NamedRow(key=row["key"], label=row["label"], count=row["calls"])
                for row in await call_sums.read_keys(tx, reach, pieces, by, limit)
            ]
        elif by in {"project", "client"}:
            if places is None:
                places = await call_sums.read_places(tx, reach, cut(span.since, span.until, _FINE))
                names = await call_sums.read_names(tx, reach)
            clients, projects = names or ({}, {})
            rows = service.by_place(places, f"{by}_id", clients if by == "client" else projects, limit)
        else:
            if totals is None:
                pieces = cut(span.since, span.until, _FINE)
                totals = await call_sums.read_totals(tx, reach, pieces, span.since)
            rows = service.parts_of(by, totals.get(True))
        found.append(NamedBreakdown(by=by, rows=rows))
    return found
