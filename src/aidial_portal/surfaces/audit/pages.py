"""The activity log as a page.

The one thing a newcomer would get wrong: asking the API for the first page is opening the log, and is
recorded; so the page asks once, and details unfold without asking again. The project is chosen in a form,
which sends an empty field for none, so it is judged here and not by the guard.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, Literal

from aidial_contract.fault import Fault
from aidial_contract.shapes.audit import AuditActorList, AuditEventList
from aidial_portal.design.context import AuditPage, AuditRowsFragment
from aidial_portal.kernel.pages import draw, draw_fragment, part, projects_of, wants_fragment
from aidial_portal.kernel.steps import deny
from aidial_portal.surfaces.audit.filters import chips, filter_form
from aidial_portal.surfaces.audit.showing import show_row
from aidial_portal.surfaces.audit.state import PATH, LogState, read_state
from aidial_portal.words import N_, _

if TYPE_CHECKING:
    from starlette.responses import Response

    from aidial_contract.shapes.audit import AuditActorChoice
    from aidial_portal.design.context import ListState
    from aidial_portal.kernel.request import PortalRequest

_NO_NAMES: Final = N_("The list of people to filter by could not be loaded. Reload the page to try again.")


async def log(request: PortalRequest) -> Response:
    """`/audit-log`: the newest events, or the next ones alone when a script asks."""
    state = read_state(request, datetime.now(UTC))
    project_id = state.get("project_id")
    if project_id and project_id not in {project.project_id for project in projects_of(request)}:
        await deny(request, "project out of reach")
    if wants_fragment(request):
        listed = await _read(request, state)
        return draw_fragment(AuditRowsFragment(_page(request, state, listed, [])))
    listed_or_refused, named = await asyncio.gather(_read_or_refuse(request, state), part(_actors(request)))
    actors = [] if isinstance(named, Fault) else named
    failure = _(_NO_NAMES) if isinstance(named, Fault) else None
    page = _page(request, state, listed_or_refused, actors, failure)
    status = listed_or_refused.row.status if isinstance(listed_or_refused, Fault) else 200
    return draw(request, page, path=PATH, status=status)


async def _read(request: PortalRequest, state: LogState) -> AuditEventList:
    return await request.api.get("/v1/audit-events", AuditEventList, query=state.query, records=True)


async def _read_or_refuse(request: PortalRequest, state: LogState) -> AuditEventList | Fault:
    """The events, or which filters cannot be read; anything else fails the page."""
    try:
        return await _read(request, state)
    except Fault as fault:
        if not fault.field_errors:
            raise
        return fault


async def _actors(request: PortalRequest) -> list[AuditActorChoice]:
    return (await request.api.get("/v1/audit-events/actors", AuditActorList)).actors


def _page(
    request: PortalRequest,
    state: LogState,
    listed: AuditEventList | Fault,
    actors: list[AuditActorChoice],
    failure: str | None = None,
) -> AuditPage:
    refused = listed if isinstance(listed, Fault) else None
    found = AuditEventList(events=[], next_cursor=None) if isinstance(listed, Fault) else listed
    projects = {project.project_id: project.display_name for project in projects_of(request)}
    return AuditPage(
        state=_shown(state, found),
        timezone=state.zone,
        now=state.now,
        filters=filter_form(state, actors, projects, refused),
        rows=tuple(show_row(event, projects) for event in found.events),
        chips=chips(state, actors, projects),
        clear_url=PATH,
        next_url=state.url(cursor=found.next_cursor) if found.next_cursor else None,
        show_project=len(projects) > 1,
        failure=failure,
    )


def _shown(state: LogState, found: AuditEventList) -> ListState | Literal["searching"]:
    if found.events:
        return "ready"
    if found.next_cursor:
        return "searching"
    return "no_match" if state.is_narrowed or state.get("cursor") else "no_data"
