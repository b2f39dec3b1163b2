"""The dashboard: what a range held against the one before, when, how, and who was busiest.

The one thing a newcomer would get wrong: its parts are asked for at once and fail apart; only all of them
failing fails the page.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, TypeVar

from aidial_contract.access import PARTNER_ROLES
from aidial_contract.fault import Fault
from aidial_contract.shapes.analytics import Breakdowns, Clients, Summary, Timeseries
from aidial_contract.shapes.calls import CallList
from aidial_portal.design import context
from aidial_portal.design.links import with_query
from aidial_portal.kernel.pages import draw, part, projects_of, zone_of_calls, zones_of_calls
from aidial_portal.surfaces.dashboard import showing
from aidial_portal.surfaces.dashboard.view import PATH, RANGES, View, read_view
from aidial_portal.words import N_, _

if TYPE_CHECKING:
    from starlette.responses import Response

    from aidial_portal.design.context import ListState
    from aidial_portal.kernel.request import PortalRequest

T = TypeVar("T")
_LOST: Final = {
    "summary": N_("The key figures could not be loaded. Reload the page to try again."),
    "series": N_("The chart could not be loaded. Reload the page to try again."),
    "breakdowns": N_("Hours, outcomes and agents could not be loaded. Reload the page to try again."),
    "clients": N_("Your clients' numbers could not be loaded. Reload the page to try again."),
}
_UNREADABLE: Final = 422


@dataclass(frozen=True, slots=True)
class _Parts:
    """What `/v1` answered, None where it failed or was not asked; `failures` says so in words."""

    summary: Summary | None = None
    series: Timeseries | None = None
    breakdowns: Breakdowns | None = None
    clients: Clients | None = None
    failures: tuple[str, ...] = ()


async def dashboard(request: PortalRequest) -> Response:
    """`/`: the numbers of a period; a parameter it does not know means the default."""
    view, now = read_view(request), datetime.now(UTC)
    if not projects_of(request):
        page = _page(request, view, now, "not_available", _Parts())
        return draw(request, page, path=PATH, switcher=view.state)
    parts = await _asked(request, view)
    state: ListState = "ready" if await _has_calls(request, view, parts) else "no_data"
    page = _page(request, view, now, state, parts)
    status = _UNREADABLE if view.errors else 200
    return draw(request, page, path=PATH, switcher=view.state, status=status)


async def _asked(request: PortalRequest, view: View) -> _Parts:
    by = "hour_of_week,sentiment,outcome,agent" + ("" if view.project_id else ",project")
    asked, get = view.asked(), request.api.get
    broken_down = asked | {"by": by, "limit": str(showing.SHOWN)}
    summary, series, breakdowns, clients = await asyncio.gather(
        part(get("/v1/analytics/summary", Summary, query=asked)),
        part(get("/v1/analytics/timeseries", Timeseries, query=view.asked_of_chart())),
        part(get("/v1/analytics/breakdowns", Breakdowns, query=broken_down)),
        part(_clients(request, view)),
    )
    answers = {"summary": summary, "series": series, "breakdowns": breakdowns, "clients": clients}
    failed = {name: answer for name, answer in answers.items() if isinstance(answer, Fault)}
    if {"summary", "series", "breakdowns"} <= set(failed):
        raise failed["summary"]
    return _Parts(
        _found(summary),
        _found(series),
        _found(breakdowns),
        _found(clients),
        tuple(_(_LOST[name]) for name in failed),
    )


def _found(answer: T | Fault) -> T | None:
    return None if isinstance(answer, Fault) else answer


async def _clients(request: PortalRequest, view: View) -> Clients | None:
    """Nothing for whoever has no several clients to compare."""
    if not _compares_clients(request, view):
        return None
    return await request.api.get("/v1/analytics/clients", Clients, query=view.asked())


def _compares_clients(request: PortalRequest, view: View) -> bool:
    known = request.session.known
    return request.session.role in PARTNER_ROLES and len(known.clients) > 1 and not view.whose


async def _has_calls(request: PortalRequest, view: View, parts: _Parts) -> bool:
    """Whether there is any call at all; asked only when the range and the one before are empty."""
    if parts.summary is None or view.errors:
        return True
    total = parts.summary.kpis["total_calls"]
    if total.value or total.previous:
        return True
    return bool((await request.api.get("/v1/calls", CallList, query=view.whose | {"limit": "1"})).calls)


def _page(
    request: PortalRequest, view: View, now: datetime, state: ListState, parts: _Parts
) -> context.DashboardPage:
    told = parts.summary or parts.breakdowns or parts.clients
    zone = told.range.timezone if told is not None else zone_of_calls(request)
    has_zones = len(zones_of_calls(request)) > 1
    summary, found = parts.summary, parts.breakdowns
    weeks = next((one.rows for one in found.breakdowns if one.by == "hour_of_week"), []) if found else []
    return context.DashboardPage(
        state=state,
        timezone=zone,
        now=now,
        period_label=view.label,
        before=view.before,
        ranges=tuple(
            context.Choice(
                _(words),
                url=view.url(range=name, from_=None, to=None),
                is_current=view.first is None and name == view.range,
            )
            for name, (words, _said) in RANGES.items()
        ),
        days=context.DayRange(
            first=view.typed[0],
            last=view.typed[1],
            is_current=view.first is not None,
            hidden=tuple(view.whose.items()),
            errors=view.errors,
        ),
        kpis=showing.figures(summary, view) if summary is not None else (),
        capabilities=showing.capabilities(summary, view) if summary is not None else (),
        chart=showing.volume(parts.series, view, zone, has_zones=has_zones)
        if parts.series is not None
        else None,
        heat=showing.heat(weeks, view, zone, has_zones=has_zones) if weeks else None,
        tables=showing.tables(found, view, _whose(request)) if found is not None else (),
        clients=showing.client_table(parts.clients, view) if parts.clients is not None else None,
        summary_csv_url=with_query("/api/analytics/summary.csv", view.asked()),
        updated_at=now if summary is not None else None,
        failures=parts.failures,
        about=_client_name(request, view),
        all_url=with_query(PATH, view.state),
        has_zones=has_zones,
    )


def _whose(request: PortalRequest) -> dict[str, str]:
    """The client's name of each project, for whoever has several clients."""
    names = {one.client_id: one.name for one in request.session.known.clients}
    if len(names) < 2:  # noqa: PLR2004 - several
        return {}
    return {one.project_id: names.get(one.client_id, "") for one in projects_of(request)}


def _client_name(request: PortalRequest, view: View) -> str | None:
    """The client a partner chose among several."""
    clients = request.session.known.clients
    if len(clients) < 2 or view.client_id is None:  # noqa: PLR2004 - several
        return None
    return next((one.name for one in clients if one.client_id == view.client_id), None)
