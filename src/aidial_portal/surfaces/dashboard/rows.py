"""The rows of the dashboard and of its numbers."""

from __future__ import annotations

from aidial_contract.access import Permission
from aidial_contract.params import ANALYTICS_PARAMS, BREAKDOWN_PARAMS, TIMESERIES_PARAMS
from aidial_contract.query import QueryParam
from aidial_portal.kernel.pages import PROJECTS, page_row
from aidial_portal.kernel.route import JSON, Access, Handler, Route
from aidial_portal.kernel.rows import read_row
from aidial_portal.surfaces.dashboard import api, files, pages


def _numbers(word: str, name: str, handler: Handler, params: tuple[QueryParam, ...], produces: str) -> Route:
    return read_row(
        f"/api/analytics/{word}",
        f"analytics.{name}",
        handler,
        permission=Permission.DASHBOARD_VIEW,
        scope=PROJECTS,
        params=params,
        produces=produces,
    )


def rows() -> tuple[Route, ...]:
    """`/` and `/api/analytics/`."""
    return (
        page_row(
            "/",
            "dashboard.page",
            pages.dashboard,
            access=Access.FULL,
            permission=Permission.DASHBOARD_VIEW,
            scope=PROJECTS,
            query=frozenset({"range", "from", "to", "interval", "project_id", "client_id"}),
        ),
        _numbers("summary", "summary", api.summary, ANALYTICS_PARAMS, JSON),
        _numbers("timeseries", "timeseries", api.timeseries, TIMESERIES_PARAMS, JSON),
        _numbers("breakdown", "breakdown", api.breakdown, BREAKDOWN_PARAMS, JSON),
        _numbers("summary.csv", "summary_csv", files.summary, ANALYTICS_PARAMS, files.CSV_TYPE),
        _numbers("timeseries.csv", "timeseries_csv", files.timeseries, TIMESERIES_PARAMS, files.CSV_TYPE),
        _numbers("breakdown.csv", "breakdown_csv", files.breakdown, BREAKDOWN_PARAMS, files.CSV_TYPE),
        _numbers("clients.csv", "clients_csv", files.clients, ANALYTICS_PARAMS, files.CSV_TYPE),
    )
