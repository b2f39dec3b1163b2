"""The dashboard's numbers for scripts and spreadsheets.

The one thing a newcomer would get wrong: the CSV is a route of the portal alone, for `/v1` speaks JSON only.
"""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from starlette.responses import Response

from aidial_contract.shapes.analytics import Summary, Timeseries
from aidial_portal.kernel.answers import json_answer

if TYPE_CHECKING:
    from aidial_portal.kernel.request import PortalRequest

CSV_TYPE = "text/csv"
_COLUMNS = ("starts_at", "total", "completed", "missed", "failed", "talk_seconds")


async def summary(request: PortalRequest) -> Response:
    """`GET /api/analytics/summary`: `{"range", "kpis"}`."""
    return json_answer(await request.api.forward("/v1/analytics/summary", Summary, query=request.query))


async def timeseries(request: PortalRequest) -> Response:
    """`GET /api/analytics/timeseries`: `{"interval", "points"}`."""
    return json_answer(await request.api.forward("/v1/analytics/timeseries", Timeseries, query=request.query))


async def timeseries_csv(request: PortalRequest) -> Response:
    """`GET /api/analytics/timeseries.csv`: one line a day or week; it starts at an RFC 3339 time."""
    series = await request.api.get("/v1/analytics/timeseries", Timeseries, query=request.query)
    text = io.StringIO()
    lines = csv.writer(text)
    lines.writerow(_COLUMNS)
    for point in series.points:
        counts = (point.total, point.completed, point.missed, point.failed, point.talk_seconds)
        lines.writerow((point.at.isoformat(), *counts))
    headers = {"content-disposition": f'attachment; filename="call-volume-by-{series.interval}.csv"'}
    return Response(text.getvalue().encode(), media_type=CSV_TYPE, headers=headers)
