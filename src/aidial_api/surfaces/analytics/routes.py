"""The rows of analytics."""

from __future__ import annotations

from aidial_api.kernel.route import Access, AuthMode, Handler, Route
from aidial_api.surfaces.analytics import handlers
from aidial_api.surfaces.analytics.period import RANGES
from aidial_contract.access import Permission
from aidial_contract.query import Kind, QueryParam
from aidial_contract.scope import ScopeKind
from aidial_contract.shapes.analytics import Summary, Timeseries

_PERIOD = (
    QueryParam("range", Kind.CHOICE, "Whole days up to today; 7d unless said.", tuple(RANGES)),
    QueryParam("from", Kind.MOMENT, "The first day (in the project's zone), or the start; with `to`."),
    QueryParam("to", Kind.MOMENT, "The last day (in the project's zone), or the end; included."),
    QueryParam("project_id", Kind.ID, "Only this project."),
    QueryParam("client_id", Kind.ID, "Only this client."),
)
_INTERVAL = QueryParam("interval", Kind.CHOICE, "A bar a day or a week.", ("day", "week"))


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
        _PERIOD,
    ),
    _row(
        "/v1/analytics/timeseries",
        "analytics.timeseries",
        "Call volume by day or week.",
        handlers.show_timeseries,
        Timeseries,
        (*_PERIOD, _INTERVAL),
    ),
)
