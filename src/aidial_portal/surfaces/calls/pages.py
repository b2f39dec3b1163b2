"""The call log as a page.

The one thing a newcomer would get wrong: with `HX-Request` the same address answers a piece of the page (more
rows, or the review of one call), so everything also works as a plain link.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from aidial_contract.errors import SENSITIVE_SEARCH_TERM
from aidial_contract.fault import Fault
from aidial_contract.shapes.call_views import CallViews
from aidial_contract.shapes.calls import CallList
from aidial_portal.design.context import CallReview, CallRowsFragment, CallsPage, CallViewsPage
from aidial_portal.design.links import with_query
from aidial_portal.kernel import display
from aidial_portal.kernel.answers import redirect
from aidial_portal.kernel.pages import (
    chosen_project,
    draw,
    draw_fragment,
    projects_of,
    wants_fragment,
)
from aidial_portal.surfaces.calls import client
from aidial_portal.surfaces.calls.filters import chips, filter_form, search_box
from aidial_portal.surfaces.calls.offers import export_offer, may_export
from aidial_portal.surfaces.calls.showing import project_names, show_review, show_row
from aidial_portal.surfaces.calls.state import NARROWING, PATH, ListState, read_state
from aidial_portal.surfaces.calls.viewing import saved, saved_views, saving_url, views_menu
from aidial_portal.words import N_, _

if TYPE_CHECKING:
    from starlette.responses import Response

    from aidial_portal.design.context import ListState as Shown
    from aidial_portal.kernel.request import PortalRequest

_OF_ONE: Final = frozenset({"caller", "q"})
_NO_VIEWS: Final = N_("Your saved views could not be loaded. Reload the page to try again.")
_NOT_LOADED: Final = N_("The list could not be loaded. Reload the page to try again.")


async def one_call(request: PortalRequest) -> Response:
    """`/calls/{call_id}`: goes to the list with the call open, keeping `project_id`."""
    call = await client.find_call(request, request.path_values["call_id"])
    return redirect(with_query(PATH, request.query, expand=call.call_id))


async def calls(request: PortalRequest) -> Response:
    """`/calls`: the list, with the call of `expand` open."""
    state = read_state(request, datetime.now(UTC))
    if not projects_of(request):
        return draw(request, _page(request, state, None, None), path=PATH, switcher={})
    if wants_fragment(request):
        return await _fragment(request, state)
    try:
        state.check()
        state, listed, review, found = await _load(request, state)
    except Fault as fault:
        if not fault.field_errors:
            raise
        if fault.row is SENSITIVE_SEARCH_TERM:
            state = state.without("q")
        return _draw(request, state, _page(request, state, None, None, refused=fault), fault.row.status)
    page = replace(_page(request, state, listed, review), views=views_menu(request, state, found))
    return _draw(request, state, page)


async def views(request: PortalRequest) -> Response:
    """`/calls/views`: this person's saved views, to rename and to delete."""
    found = await saved_views(request)
    page = CallViewsPage(
        views=saved(found) if isinstance(found, CallViews) else (),
        version=found.version if isinstance(found, CallViews) else 0,
        save_url=saving_url(request),
        list_url=with_query(PATH, request.query),
        needs_project=found is None,
        failure=_(_NO_VIEWS) if isinstance(found, Fault) else None,
    )
    return draw(request, page, path=PATH)


def _draw(request: PortalRequest, state: ListState, page: CallsPage, status: int = 200) -> Response:
    box = search_box(state)
    return draw(request, page, path=PATH, switcher=_kept(state), search=box, status=status)


async def _fragment(request: PortalRequest, state: ListState) -> Response:
    """The review alone, or more rows alone."""
    state.check()
    if state.get("expand"):
        call = await client.find_call(request, state.get("expand"))
        (transcript, recording), terms = await asyncio.gather(
            client.transcript_and_recording(request, call), client.read_terms(request)
        )
        state = replace(state, terms=terms)
        return draw_fragment(show_review(request, call, transcript, recording, state))
    listed, terms = await asyncio.gather(
        client.page_of_calls(request, state.asked()), client.read_terms(request)
    )
    state = replace(state, terms=terms)
    return draw_fragment(CallRowsFragment(_page(request, state, listed, None)))


async def _load(
    request: PortalRequest, state: ListState
) -> tuple[ListState, CallList | Fault, CallReview | None, CallViews | Fault | None]:
    """The list, the call when one is open, and the saved views. The list alone failing fails the page.

    An open call is asked for first and alone: one out of reach costs the API what a denial costs.
    """
    if not state.get("expand"):
        listed, terms, views = await asyncio.gather(
            client.page_of_calls(request, state.asked()), client.read_terms(request), saved_views(request)
        )
        return replace(state, terms=terms), listed, None, views
    call = await client.find_call(request, state.get("expand"))
    (found, (transcript, recording)), terms, views = await asyncio.gather(
        client.page_and_call(request, state.asked(), call), client.read_terms(request), saved_views(request)
    )
    state = replace(state, terms=terms)
    return state, found, show_review(request, call, transcript, recording, state), views


def _page(
    request: PortalRequest,
    state: ListState,
    listed: CallList | Fault | None,
    review: CallReview | None,
    refused: Fault | None = None,
) -> CallsPage:
    found = listed if isinstance(listed, CallList) else None
    calls = found.calls if found is not None else []
    names = project_names(request)
    zones = {one.project_id: one.timezone for one in projects_of(request)} if state.has_zones else {}
    return CallsPage(
        state=_shown(request, state, found),
        timezone=state.zone,
        has_zones=state.has_zones,
        now=state.now,
        filters=filter_form(request, state, calls, refused),
        rows=tuple(show_row(call, state, names, zones) for call in calls),
        chips=chips(state),
        clear_url=state.url_cleared(),
        sort=state.sort,
        sort_started_url=state.url(sort="started_at" if state.sort == "-started_at" else None),
        sort_duration_url=state.url(sort="duration" if state.sort == "-duration" else "-duration"),
        matching_count=found.matching.count if found is not None else None,
        matching_capped=found.matching.capped if found is not None else False,
        next_url=state.url(cursor=found.next_cursor) if found is not None and found.next_cursor else None,
        show_project=chosen_project(request) is None and len(names) > 1,
        left_out=display.left_out(request),
        expanded=review,
        failure=_(_NOT_LOADED) if isinstance(listed, Fault) else None,
        export=export_offer(request, state, found, names),
        live_url=_live_url(state) if projects_of(request) else None,
        export_needs_project=may_export(request) and bool(calls) and "project_id" not in state.asked(),
    )


def _live_url(state: ListState) -> str:
    """News of whatever the list is about; which of it belongs into the list, the list itself says."""
    asked = state.asked()
    return with_query(
        "/api/calls/live", {}, project_id=asked.get("project_id"), client_id=asked.get("client_id")
    )


def _shown(request: PortalRequest, state: ListState, found: CallList | None) -> Shown:
    if not projects_of(request):
        return "not_available"
    if found is None or found.calls:
        return "ready"
    return "no_match" if state.is_narrowed or state.get("cursor") else "no_data"


def _kept(state: ListState) -> dict[str, str]:
    """What another project's list keeps: its filters, not its page nor what is searched for in this one."""
    return {name: state.get(name) for name in (*NARROWING, "sort") if state.get(name) and name not in _OF_ONE}
