"""The rows of the dashboard and of its numbers."""

from __future__ import annotations

from aidial_contract.access import Permission
from aidial_contract.params import ANALYTICS_PARAMS, TIMESERIES_PARAMS
from aidial_contract.query import QueryParam
from aidial_portal.kernel.pages import PROJECTS, page_row
from aidial_portal.kernel.route import (
    JSON,
    NO_BODY,
    Access,
    Handler,
    Kind,
    Precondition,
    Route,
    WithoutContext,
)
from aidial_portal.surfaces.dashboard import api, pages


def _numbers(word: str, name: str, handler: Handler, params: tuple[QueryParam, ...], produces: str) -> Route:
    return Route(
        method="GET",
        path=f"/api/analytics/{word}",
        name=f"analytics.{name}",
        handler=handler,
        kind=Kind.API,
        access=Access.FULL,
        permission=Permission.DASHBOARD_VIEW,
        scope=PROJECTS,
        query=frozenset(param.name for param in params),
        params=params,
        bucket=None,
        body=NO_BODY,
        produces=produces,
        precondition=Precondition.NONE,
        denial_calls=1,
        without_context=WithoutContext.FAIL,
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
            query=frozenset({"range", "interval", "project_id", "client_id"}),
        ),
        _numbers("summary", "summary", api.summary, ANALYTICS_PARAMS, JSON),
        _numbers("timeseries", "timeseries", api.timeseries, TIMESERIES_PARAMS, JSON),
        _numbers("timeseries.csv", "timeseries_csv", api.timeseries_csv, TIMESERIES_PARAMS, api.CSV_TYPE),
    )
