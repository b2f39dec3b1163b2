"""What a plan includes: `/settings/entitlements`, and its JSON.

The one thing a newcomer would get wrong: clients see their own without naming anybody; whoever looks after
several chooses one first, or types it.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import msgspec

from aidial_contract.access import INTERNAL_ROLES, Permission, level_of
from aidial_contract.ids import is_slug
from aidial_contract.shapes.entitlements import (
    SECTION,
    EntitlementsChange,
    EntitlementsDocument,
    PortalEntitlements,
)
from aidial_portal.design.context import EntitlementsPage, Menu, SettingsHistoryPage
from aidial_portal.design.links import with_query
from aidial_portal.kernel import steps
from aidial_portal.kernel.answers import json_answer, redirect
from aidial_portal.kernel.api import with_query as asked
from aidial_portal.kernel.pages import reading_zone_of
from aidial_portal.surfaces.settings import history
from aidial_portal.words import N_

if TYPE_CHECKING:
    from starlette.responses import Response

    from aidial_portal.kernel.request import PortalRequest

PATH: Final = "/settings/entitlements"
TITLE: Final = N_("Plan and entitlements")
_V1: Final = "/v1/settings/entitlements"
_JSON: Final = "/api/settings/entitlements"


async def show(request: PortalRequest) -> Response:
    """`GET /api/settings/entitlements?client_id=`."""
    return _answer(await request.api.get(_V1, EntitlementsDocument, query=request.query))


async def save(request: PortalRequest) -> Response:
    """`PUT /api/settings/entitlements?client_id=`: the document after the change."""
    body: EntitlementsChange = request.value
    path = asked(_V1, request.query)
    return _answer(await request.api.send("PUT", path, EntitlementsDocument, body=body))


def _answer(document: EntitlementsDocument) -> Response:
    return json_answer(PortalEntitlements(**msgspec.structs.asdict(document), projects=[]))


async def moved(request: PortalRequest, _: Menu) -> Response:
    """From the address that other sections have to the page's own."""
    return redirect(with_query(PATH, {"client_id": request.query.get("client_id", "")}))


async def page(request: PortalRequest, menu: Menu) -> EntitlementsPage:
    """The plan of the client of `client_id`, or one's own; where one must be named, the clients."""
    named = await _named(request)
    document = None
    if named or not _chooses(request):
        document = await request.api.get(_V1, EntitlementsDocument, query=named)
    client_id = document.client_id if document is not None else ""
    known = sorted(request.session.known.clients, key=lambda one: one.name.casefold())
    return EntitlementsPage(
        sections=menu,
        clients=tuple((one.name, with_query(PATH, {"client_id": one.client_id})) for one in known),
        may_type_client=request.session.role in INTERNAL_ROLES,
        is_of_client=_chooses(request),
        client_name=next((one.name for one in known if one.client_id == client_id), client_id),
        url=with_query(PATH, named),
        history_url=with_query(f"{PATH}/history", named),
        action=with_query(_JSON, named),
        timezone=reading_zone_of(request),
        now=datetime.now(UTC),
        document=document,
    )


async def history_page(request: PortalRequest, menu: Menu) -> SettingsHistoryPage:
    """Who changed the plan of the client of `client_id`, or one's own, and what."""
    named = await _named(request)
    if not named and _chooses(request):
        await steps.deny(request, "no client id")
    shelf = history.Shelf(slug=SECTION, title=TITLE, v1_path=f"{_V1}/history", kept=named, v1_kept=named)
    return await history.page_at(shelf, request, menu)


async def _named(request: PortalRequest) -> dict[str, str]:
    client_id = request.query.get("client_id", "")
    if client_id and not is_slug(client_id):
        await steps.deny(request, "no client id")
    return {"client_id": client_id} if client_id else {}


def _chooses(request: PortalRequest) -> bool:
    """Whether it is other people's plans that somebody looks after."""
    role = request.session.role
    return role is not None and level_of(role, Permission.ENTITLEMENTS_EDIT) is not None
