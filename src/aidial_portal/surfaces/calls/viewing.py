"""Saved views as links of the list, and what the form that saves one sends.

The one thing a newcomer would get wrong: views are one document. A form that adds one sends the others too,
with the version they were read in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aidial_contract.errors import NOT_FOUND
from aidial_contract.fault import Fault
from aidial_contract.shapes.call_views import MOST_VIEWS, VIEW_PARAMS, CallViews
from aidial_portal.design.context import SavedView, ViewsMenu
from aidial_portal.design.links import with_query
from aidial_portal.kernel.pages import chosen_project, part
from aidial_portal.words import _

if TYPE_CHECKING:
    from aidial_portal.kernel.request import PortalRequest
    from aidial_portal.surfaces.calls.state import ListState

VIEWS = "/v1/call-views"
LIST = "/calls"
MANAGE = "/calls/views"
_KEPT = tuple(param.name for param in VIEW_PARAMS)


def client_of_views(request: PortalRequest) -> str | None:
    """The client of the chosen project, or the only one there is."""
    project = chosen_project(request)
    if project is not None:
        return project.client_id
    clients = request.session.known.clients
    return clients[0].client_id if len(clients) == 1 else None


async def saved_views(request: PortalRequest) -> CallViews | Fault | None:
    """This person's views of the client whose calls are shown; None while that may be several clients."""
    client_id = client_of_views(request)
    if client_id is None:
        return None
    try:
        return await part(request.api.get(VIEWS, CallViews, query={"client_id": client_id}))
    except Fault as fault:
        # The list stands without them; whatever else is refused concerns the whole page.
        if fault.row is NOT_FOUND:
            return fault
        raise


def saving_url(request: PortalRequest) -> str:
    """Where the views of this client are saved."""
    return with_query("/api/call-views", {}, client_id=client_of_views(request))


def saved(found: CallViews) -> tuple[SavedView, ...]:
    """Each view with the address of its list."""
    return tuple(
        SavedView(one.name, with_query(LIST, one.query), tuple(one.query.items())) for one in found.views
    )


def views_menu(request: PortalRequest, state: ListState, found: CallViews | Fault | None) -> ViewsMenu | None:
    """The menu of the list; None where there is no client to keep them for."""
    if found is None:
        return None
    if isinstance(found, Fault):
        return ViewsMenu(failure=_("Your saved views could not be loaded. Reload the page to try again."))
    views = saved(found)
    now = {name: text for name, text in state.query.items() if name in _KEPT}
    current = next((view.name for view in views if dict(view.query) == now), None)
    return ViewsMenu(
        views=views,
        current=current,
        version=found.version,
        save_url=saving_url(request),
        manage_url=with_query(MANAGE, {}, project_id=state.get("project_id")),
        query=tuple(now.items()) if now and current is None and len(views) < MOST_VIEWS else (),
        leaves_out_caller=bool(state.get("caller")),
    )
