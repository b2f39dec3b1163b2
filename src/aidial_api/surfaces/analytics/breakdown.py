"""One period broken down by what somebody asks for.

The one thing a newcomer would get wrong: outcomes and agents are free texts and may be many, so only the
commonest are given; keys that are known beforehand are all there, also those of no calls.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from aidial_api.kernel import call_sums
from aidial_api.kernel.call_kpis import Sums
from aidial_api.kernel.call_pieces import DAY, HOUR, QUARTER, cut
from aidial_api.kernel.transaction import Tx
from aidial_api.surfaces.analytics import service
from aidial_api.surfaces.analytics.adding import added, commonest
from aidial_api.surfaces.analytics.bounds import week_hours
from aidial_api.surfaces.analytics.period import Part
from aidial_contract.scope import Reach
from aidial_contract.shapes.analytics import By, NamedBreakdown, NamedRow

_FINE = (DAY, HOUR, QUARTER)
_KEYED = (DAY, HOUR)
_EVERY = 2**31 - 1


async def break_down(
    tx: Tx, reach: Reach, parts: Sequence[Part], asked: Sequence[By], limit: int
) -> list[NamedBreakdown]:
    """The breakdowns asked for, in that order; what several of them need is read once."""
    await call_sums.plan_once(tx)
    totals = names = places = None
    found = []
    for by in asked:
        rows: list[NamedRow]
        if by == "hour_of_week":
            rows = service.week(await _cells(tx, parts))
        elif by == "outcome":
            rows = await _outcomes(tx, reach, parts, limit)
        elif by == "agent":
            rows = [
                NamedRow(key=row["key"], label=row["label"], count=row["calls"])
                for row in await _keys(tx, parts, by, limit)
            ]
        elif by in {"project", "client"}:
            if places is None:
                places = await places_of(tx, parts)
                names = await call_sums.read_names(tx, reach)
            clients, projects = names or ({}, {})
            rows = service.by_place(places, f"{by}_id", clients if by == "client" else projects, limit)
        else:
            if totals is None:
                totals = await _totals(tx, parts)
            rows = service.parts_of(by, totals.get(True))
        found.append(NamedBreakdown(by=by, rows=rows))
    return found


async def _cells(tx: Tx, parts: Sequence[Part]) -> Counter[int]:
    cells: Counter[int] = Counter()
    for part in parts:
        hours = week_hours(part.span)
        pieces = cut(part.span.since, part.span.until, hours.widths)
        cells.update(await call_sums.read_cells(tx, part.reach, pieces, hours.starts, hours.cells))
    return cells


async def _keys(tx: Tx, parts: Sequence[Part], by: str, limit: int) -> Sequence[Sums]:
    # The commonest of all parts may be the commonest of none.
    most = limit if len(parts) == 1 else _EVERY
    found: list[Sums] = []
    for part in parts:
        pieces = cut(part.span.since, part.span.until, _KEYED)
        found += await call_sums.read_keys(tx, part.reach, pieces, by, most)
    return found if len(parts) == 1 else commonest(found, limit)


async def _outcomes(tx: Tx, reach: Reach, parts: Sequence[Part], limit: int) -> list[NamedRow]:
    rows = await _keys(tx, parts, "outcome", limit)
    labels = await call_sums.read_outcome_labels(tx, reach, [row["key"] for row in rows])
    return [NamedRow(key=row["key"], label=labels.get(row["key"]), count=row["calls"]) for row in rows]


async def places_of(tx: Tx, parts: Sequence[Part]) -> Sequence[Sums]:
    """Sums by client and project."""
    found: list[Sums] = []
    for part in parts:
        found += await call_sums.read_places(tx, part.reach, cut(part.span.since, part.span.until, _FINE))
    return found


async def _totals(tx: Tx, parts: Sequence[Part]) -> Mapping[bool, Sums]:
    return added(
        [
            await call_sums.read_totals(
                tx, part.reach, cut(part.span.since, part.span.until, _FINE), part.span.since
            )
            for part in parts
        ]
    )
