"""The dashboard's numbers as CSV, safe to open in a spreadsheet.

The one thing a newcomer would get wrong: these are routes of the portal alone, for `/v1` speaks JSON only;
outcomes and agents' names are people's words, so every cell goes through `csv_lines`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from starlette.responses import Response

from aidial_contract.csv_text import Cell, csv_lines
from aidial_contract.shapes.analytics import Breakdowns, Clients, Summary, Timeseries

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from aidial_portal.kernel.request import PortalRequest

CSV_TYPE: Final = "text/csv"


async def summary(request: PortalRequest) -> Response:
    """`GET /api/analytics/summary.csv`: one line a key figure."""
    found = await request.api.get("/v1/analytics/summary", Summary, query=request.query)
    rows = ((name, *map(_plain, (kpi.value, kpi.previous, kpi.change))) for name, kpi in found.kpis.items())
    return _file("key-figures", ("figure", "value", "previous", "change"), rows)


async def timeseries(request: PortalRequest) -> Response:
    """`GET /api/analytics/timeseries.csv`: one line an hour, day or week; it starts at an RFC 3339 time."""
    series = await request.api.get("/v1/analytics/timeseries", Timeseries, query=request.query)
    columns = ("starts_at", "total", "completed", "missed", "failed", "talk_seconds")
    rows = (
        (point.at.isoformat(), point.total, point.completed, point.missed, point.failed, point.talk_seconds)
        for point in series.points
    )
    return _file(f"call-volume-by-{series.interval}", columns, rows)


async def breakdown(request: PortalRequest) -> Response:
    """`GET /api/analytics/breakdown.csv`: one line a key, with its name where it has one."""
    asked = {"by": "outcome"} | dict(request.query)
    found = await request.api.get("/v1/analytics/breakdowns", Breakdowns, query=asked)
    (one,) = found.breakdowns
    rows = ((row.key, row.label, row.count) for row in one.rows)
    return _file(f"calls-by-{one.by.replace('_', '-')}", (one.by, "name", "calls"), rows)


async def clients(request: PortalRequest) -> Response:
    """`GET /api/analytics/clients.csv`: one line a client."""
    found = await request.api.get("/v1/analytics/clients", Clients, query=request.query)
    columns = ("client_id", "name", "total", "completed", "missed", "failed", "talk_seconds")
    rows = (tuple(getattr(one, name) for name in columns) for one in found.clients)
    return _file("calls-by-client", columns, rows)


def _plain(number: float | None) -> float | int | None:
    return int(number) if number is not None and number == int(number) else number


def _file(name: str, columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Response:
    headers = {"content-disposition": f'attachment; filename="{name}.csv"'}
    return Response(csv_lines([columns, *rows]), media_type=CSV_TYPE, headers=headers)
