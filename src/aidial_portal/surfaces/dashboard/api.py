"""The dashboard's numbers for scripts: what `/v1` says, shape by shape."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aidial_contract.shapes.analytics import Breakdown, Summary, Timeseries
from aidial_portal.kernel.answers import json_answer

if TYPE_CHECKING:
    from starlette.responses import Response

    from aidial_portal.kernel.request import PortalRequest


async def summary(request: PortalRequest) -> Response:
    """`GET /api/analytics/summary`: `{"range", "kpis"}`."""
    return json_answer(await request.api.forward("/v1/analytics/summary", Summary, query=request.query))


async def timeseries(request: PortalRequest) -> Response:
    """`GET /api/analytics/timeseries`: `{"interval", "points"}`."""
    return json_answer(await request.api.forward("/v1/analytics/timeseries", Timeseries, query=request.query))


async def breakdown(request: PortalRequest) -> Response:
    """`GET /api/analytics/breakdown`: `{"by", "rows"}`."""
    return json_answer(await request.api.forward("/v1/analytics/breakdown", Breakdown, query=request.query))
