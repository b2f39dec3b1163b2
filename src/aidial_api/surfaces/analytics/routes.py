"""The rows of analytics."""

from __future__ import annotations

from aidial_api.kernel.route import Access, AuthMode, Handler, Route
from aidial_api.surfaces.analytics import handlers
from aidial_contract.access import Permission
from aidial_contract.params import ANALYTICS_PARAMS, BREAKDOWN_PARAMS, BREAKDOWNS_PARAMS, TIMESERIES_PARAMS
from aidial_contract.query import QueryParam
from aidial_contract.scope import ScopeKind
from aidial_contract.shapes.analytics import Breakdown, Breakdowns, Clients, Summary, Timeseries


def _row(
    path: str, name: str, summary: str, handler: Handler, shape: object, query: tuple[QueryParam, ...]
) -> Route:
    return Route(
        method="GET",
        path=path,
        name=name,
        summary=summary,
        handler=handler,
        access=Access.FULL,
        auth=AuthMode.EITHER,
        permission=Permission.DASHBOARD_VIEW,
        scope=ScopeKind.PROJECTS,
        bucket="reads",
        answers={200: shape},
        query=query,
        errors=("validation_failed",),
    )


ROWS = (
    _row(
        "/v1/analytics/summary",
        "analytics.summary",
        "KPIs of a period beside the one before.",
        handlers.show_summary,
        Summary,
        ANALYTICS_PARAMS,
    ),
    _row(
        "/v1/analytics/timeseries",
        "analytics.timeseries",
        "Call volume by hour, day or week.",
        handlers.show_timeseries,
        Timeseries,
        TIMESERIES_PARAMS,
    ),
    _row(
        "/v1/analytics/breakdown",
        "analytics.breakdown",
        "What a period's calls are made of: keys and counts.",
        handlers.show_breakdown,
        Breakdown,
        BREAKDOWN_PARAMS,
    ),
    _row(
        "/v1/analytics/breakdowns",
        "analytics.breakdowns",
        "Several breakdowns at once, with names where keys are ids.",
        handlers.show_breakdowns,
        Breakdowns,
        BREAKDOWNS_PARAMS,
    ),
    _row(
        "/v1/analytics/clients",
        "analytics.clients",
        "The clients you reach beside one another.",
        handlers.show_clients,
        Clients,
        ANALYTICS_PARAMS,
    ),
)
