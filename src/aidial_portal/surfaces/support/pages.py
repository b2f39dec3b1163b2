"""Support as pages.

The one thing a newcomer would get wrong: a new ticket's calls are those of ONE project, so the project is
chosen first, in the address, and the form follows it.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from aidial_contract.fault import Fault
from aidial_contract.shapes.calls import CallList
from aidial_contract.shapes.support import CATEGORIES, MAX_CALLS, PRIORITIES, TicketList
from aidial_portal.design.context import Choice, NewTicketPage, RecentCall, SupportPage, SupportRowsFragment
from aidial_portal.design.filters import label
from aidial_portal.design.links import with_query
from aidial_portal.kernel.pages import (
    chosen_project,
    draw,
    draw_fragment,
    part,
    projects_of,
    require_address,
    wants_fragment,
    zone_of,
)
from aidial_portal.surfaces.support.client import find_ticket
from aidial_portal.surfaces.support.filters import PATH, ListState, chips, filter_form, read_state
from aidial_portal.surfaces.support.showing import project_names, show_row, show_ticket
from aidial_portal.words import N_, _

if TYPE_CHECKING:
    from starlette.responses import Response

    from aidial_portal.design.context import ListState as Shown
    from aidial_portal.kernel.request import PortalRequest

NEW: Final = f"{PATH}/new"
RECENT_CALLS: Final = 2 * MAX_CALLS
_NO_CALLS: Final = N_("Recent calls could not be loaded. You can open the ticket without them.")


async def tickets(request: PortalRequest) -> Response:
    """`/support`: the newest tickets, or the next ones alone when a script asks."""
    state = read_state(request)
    if wants_fragment(request):
        return draw_fragment(SupportRowsFragment(_page(request, state, await _read(request, state))))
    try:
        page, status = _page(request, state, await _read(request, state)), 200
    except Fault as fault:
        if not fault.field_errors:
            raise
        page, status = _page(request, state, None, refused=fault), fault.row.status
    return draw(request, page, path=PATH, switcher=state.kept, status=status)


async def _read(request: PortalRequest, state: ListState) -> TicketList:
    return await request.api.get("/v1/tickets", TicketList, query=state.query)


def _page(
    request: PortalRequest, state: ListState, listed: TicketList | None, refused: Fault | None = None
) -> SupportPage:
    names = project_names(request)
    found = listed.tickets if listed is not None else []
    return SupportPage(
        state=_shown(request, state, listed),
        timezone=zone_of(request),
        now=datetime.now(UTC),
        filters=filter_form(state, refused),
        new_url=with_query(NEW, {}, project_id=state.get("project_id")),
        rows=tuple(show_row(one, names) for one in found),
        chips=chips(state),
        clear_url=with_query(PATH, {}, project_id=state.get("project_id")),
        next_url=state.url(cursor=listed.next_cursor) if listed is not None and listed.next_cursor else None,
        show_project=chosen_project(request) is None and len(names) > 1,
    )


def _shown(request: PortalRequest, state: ListState, listed: TicketList | None) -> Shown:
    if not projects_of(request):
        return "not_available"
    if listed is None or listed.tickets:
        return "ready"
    return "no_match" if state.is_narrowed or state.get("cursor") else "no_data"


async def new_ticket(request: PortalRequest) -> Response:
    """`/support/new`: the form, with the recent calls of the project that is chosen."""
    names = project_names(request)
    chosen = request.query.get("project_id") or (next(iter(names)) if len(names) == 1 else "")
    if not chosen:
        await require_address(request)
    listed = await part(_recent(request, chosen)) if chosen else None
    user = request.session.known.user
    page = NewTicketPage(
        timezone=zone_of(request),
        now=datetime.now(UTC),
        projects=tuple(
            Choice(name, one, url=with_query(NEW, {}, project_id=one), is_current=one == chosen)
            for one, name in names.items()
        ),
        project_id=chosen,
        priorities=tuple(Choice(label(one), one, is_current=one == "normal") for one in PRIORITIES),
        categories=tuple(Choice(label(one), one, is_current=one == "technical") for one in CATEGORIES),
        own_email=user.email if user is not None else "",
        calls=None if listed is None or isinstance(listed, Fault) else listed,
        failure=_(_NO_CALLS) if isinstance(listed, Fault) else None,
    )
    return draw(request, page, path=NEW)


async def _recent(request: PortalRequest, project_id: str) -> tuple[RecentCall, ...]:
    query = {"project_id": project_id, "limit": str(RECENT_CALLS)}
    listed = await request.api.get("/v1/calls", CallList, query=query)
    return tuple(
        RecentCall(
            call_id=call.call_id,
            started_at=call.started_at,
            number=call.to_number if call.direction == "outbound" else call.from_number,
            outcome=call.outcome,
        )
        for call in listed.calls
    )


async def ticket(request: PortalRequest) -> Response:
    """`/support/{ticket_id}`: the conversation, and what may be done about it."""
    found = (await find_ticket(request)).ticket
    return draw(request, show_ticket(request, found, datetime.now(UTC)), path=f"{PATH}/{found.ticket_id}")
