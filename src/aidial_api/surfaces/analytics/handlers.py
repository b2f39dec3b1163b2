"""`/v1/analytics/...`: a period's KPIs, its bars, what it is made of, and a partner's clients.

The one thing a newcomer would get wrong: whose calls are counted is the reach's business, which the guard has
narrowed to the projects of this person and of this query.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import chain

from aidial_api.kernel import call_sums
from aidial_api.kernel.ask import Ask
from aidial_api.kernel.call_kpis import Sums
from aidial_api.kernel.call_pieces import DAY, HOUR, QUARTER, cut, cut_apart, widths_between
from aidial_api.kernel.clock import utc_now
from aidial_api.kernel.route import Answer
from aidial_api.surfaces.analytics import service
from aidial_api.surfaces.analytics.adding import added, moved
from aidial_api.surfaces.analytics.bounds import bar_starts
from aidial_api.surfaces.analytics.breakdown import break_down, places_of
from aidial_api.surfaces.analytics.period import Part, parts_of, whole_of
from aidial_contract import errors
from aidial_contract.fault import Fault, FieldError
from aidial_contract.shapes.analytics import Breakdown, BreakdownRow, Breakdowns, By, Interval

_WIDTHS = (DAY, HOUR, QUARTER)


def _parts(ask: Ask) -> Sequence[Part]:
    return parts_of(ask.query, ask.reach, utc_now())


async def show_summary(ask: Ask) -> Answer:
    """KPIs of a period beside the one before."""
    parts = _parts(ask)
    await call_sums.plan_once(ask.tx)
    totals = []
    for part in parts:
        span = part.span
        pieces = chain(
            cut(span.previous_since, span.since, _WIDTHS),
            cut(span.since, span.until, _WIDTHS),
        )
        totals.append(await call_sums.read_totals(ask.tx, part.reach, pieces, span.since))
    return Answer(service.summarise(added(totals), parts[0].span))


async def show_timeseries(ask: Ask) -> Answer:
    """Call volume by hour, day or week."""
    parts = _parts(ask)
    span = whole_of(parts)
    wanted: Interval | None = ask.query["interval"]
    if wanted == "hour" and span.days > service.MAX_DAILY_BARS:
        raise Fault(errors.VALIDATION_FAILED, field_errors=[FieldError("query.interval", "conflict")])
    interval = service.interval_of(wanted, span)
    starts = bar_starts(span, interval)
    await call_sums.plan_once(ask.tx)
    if len(parts) == 1:
        counted = await _bars(ask, parts[0], interval, starts)
        return Answer(service.bars(starts, counted, interval))
    found = []
    for part in parts:
        own = bar_starts(part.span, interval)
        sums = await _bars(ask, part, interval, own)
        found.append(moved(sums, (own, part.span), (starts, span)))
    return Answer(service.bars(starts, added(found), interval))


async def _bars(ask: Ask, part: Part, interval: Interval, starts: Sequence[datetime]) -> Mapping[int, Sums]:
    span, widths = part.span, widths_between(starts)
    # Days of zones that are whole hours from UTC are read in one go; any week is days and some hours.
    pieces = (
        cut(span.since, span.until, widths)
        if interval == "hour" or (interval == "day" and HOUR in widths)
        else cut_apart(span.since, span.until, starts)
    )
    return await call_sums.read_series(ask.tx, part.reach, pieces, starts)


async def show_breakdown(ask: Ask) -> Answer:
    """One breakdown, keys and counts."""
    (found,) = await break_down(ask.tx, ask.reach, _parts(ask), (ask.query["by"],), ask.query["limit"])
    rows = [BreakdownRow(key=row.key, count=row.count) for row in found.rows]
    return Answer(Breakdown(by=found.by, rows=rows))


async def show_breakdowns(ask: Ask) -> Answer:
    """Several breakdowns at once, with names where keys are ids."""
    parts = _parts(ask)
    asked: Sequence[By] = ask.query["by"] or ("outcome",)
    found = await break_down(ask.tx, ask.reach, parts, asked, ask.query["limit"])
    return Answer(Breakdowns(range=service.period_of(parts[0].span), breakdowns=found))


async def show_clients(ask: Ask) -> Answer:
    """The clients in reach, beside one another."""
    parts = _parts(ask)
    rows = await places_of(ask.tx, parts)
    names, _ = await call_sums.read_names(ask.tx, ask.reach)
    return Answer(service.of_clients(rows, ask.reach.client_ids, names, parts[0].span))
