"""`GET /v1/analytics/summary` and `/v1/analytics/timeseries`."""

from __future__ import annotations

from aidial_api.kernel.ask import Ask
from aidial_api.kernel.clock import utc_now
from aidial_api.kernel.route import Answer
from aidial_api.surfaces.analytics import service, store
from aidial_api.surfaces.analytics.period import span_of


async def show_summary(ask: Ask) -> Answer:
    """KPIs of a period beside the one before."""
    span = span_of(ask.query, ask.reach, utc_now())
    return Answer(service.summarise(await store.count_totals(ask.tx, ask.reach, span), span))


async def show_timeseries(ask: Ask) -> Answer:
    """Call volume by day or week."""
    span = span_of(ask.query, ask.reach, utc_now())
    interval = service.interval_of(ask.query["interval"], span)
    return Answer(service.bars(await store.count_series(ask.tx, ask.reach, span, interval), span, interval))
