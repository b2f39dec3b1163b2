"""Data deletion: a section of `/settings` for who asks and for who reviews, and their JSON.

The one thing a newcomer would get wrong: both look at the same requests. What one may do with one is said by
the API, in `allowed`, and drawn from there.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from aidial_contract import errors
from aidial_contract.access import INTERNAL_ROLES
from aidial_contract.fault import Fault
from aidial_contract.headers import IDEMPOTENCY_KEY
from aidial_contract.ids import is_slug, parse_uuid
from aidial_contract.shapes.deletions import DataDeletionAnswer, DataDeletionList
from aidial_portal.design.context import DeletionsPage, Menu
from aidial_portal.design.links import with_query
from aidial_portal.kernel import steps
from aidial_portal.kernel.answers import json_answer
from aidial_portal.kernel.api import with_query as asked
from aidial_portal.kernel.pages import draw, zone_of

if TYPE_CHECKING:
    from starlette.responses import Response

    from aidial_portal.kernel.request import PortalRequest

SECTION: Final = "data-deletion"
PATH: Final = "/settings"
_V1: Final = "/v1/data-deletions"
_CREATED: Final = 201


async def show_list(request: PortalRequest) -> Response:
    """`GET /api/data-deletions`, and `/api/data-deletions/reviews`: `{"requests", "next_cursor"}`."""
    return json_answer(await request.api.forward(_V1, DataDeletionList, query=request.query))


async def create(request: PortalRequest) -> Response:
    """`POST /api/data-deletions`: 201 `{"request"}`."""
    key = request.headers.get(IDEMPOTENCY_KEY)
    extra = {} if key is None else {IDEMPOTENCY_KEY: key}
    made = await request.api.send("POST", _V1, DataDeletionAnswer, body=request.value, extra=extra)
    return json_answer(made, _CREATED)


async def show(request: PortalRequest) -> Response:
    """`GET /api/data-deletions/{request_id}`."""
    return json_answer(await request.api.forward(await _path(request), DataDeletionAnswer))


async def cancel(request: PortalRequest) -> Response:
    """`POST /api/data-deletions/{request_id}/cancel`: 200 `{"request"}`."""
    path = await _path(request)
    return json_answer(await request.api.send("POST", f"{path}/cancel", DataDeletionAnswer))


async def review(request: PortalRequest) -> Response:
    """`POST /api/data-deletions/{request_id}/review?client_id=`: 200 `{"request"}`."""
    path = asked(f"{await _path(request)}/review", request.query)
    return json_answer(await request.api.send("POST", path, DataDeletionAnswer, body=request.value))


async def _path(request: PortalRequest) -> str:
    request_id = parse_uuid(request.path_values["request_id"])
    if request_id is None:
        await steps.deny(request, "no request id")
    return f"{_V1}/{request_id}"


async def page(request: PortalRequest, menu: Menu) -> Response:
    """One's own organisation's requests, and a form for another."""
    return await _draw(request, menu, {}, reviews=False)


async def page_of_reviewer(request: PortalRequest, menu: Menu) -> Response:
    """The requests of assigned clients; AiDial's people say whose they mean first."""
    client_id = request.query.get("client_id", "")
    if client_id and not is_slug(client_id):
        await steps.deny(request, "no client id")
    if not client_id and request.session.role in INTERNAL_ROLES:
        return draw(request, _page(request, menu, reviews=True), path=PATH)
    return await _draw(request, menu, {"client_id": client_id} if client_id else {}, reviews=True)


async def _draw(request: PortalRequest, menu: Menu, named: dict[str, str], *, reviews: bool) -> Response:
    cursor = request.query.get("cursor", "")
    query = named | ({"cursor": cursor} if cursor else {})
    try:
        found = await request.api.get(_V1, DataDeletionList, query=query)
    except Fault as fault:
        # The role has the section, and the API finds no organisation that this person reaches whole.
        if fault.row is not errors.NOT_FOUND or set(request.query) - {"section"}:
            raise
        return draw(request, _page(request, menu, reviews=reviews, reaches_all=False), path=PATH)
    address = {"section": SECTION, **named}
    following = found.next_cursor
    shown = _page(
        request,
        menu,
        reviews=reviews,
        client_id=named.get("client_id", ""),
        requests=tuple(found.requests),
        url=with_query(PATH, address),
        next_url=with_query(PATH, address, cursor=following) if following else "",
        is_first=not cursor,
    )
    return draw(request, shown, path=PATH)


def _page(
    request: PortalRequest, menu: Menu, *, reviews: bool, client_id: str = "", **parts: Any
) -> DeletionsPage:
    known = request.session.known.clients
    empty: dict[str, Any] = {
        "requests": (),
        "reaches_all": True,
        "url": "",
        "next_url": "",
        "is_first": True,
    }
    return DeletionsPage(
        sections=menu,
        reviews=reviews,
        may_type_client=request.session.role in INTERNAL_ROLES,
        client_id=client_id,
        names={one.client_id: one.name for one in known},
        timezone=zone_of(request),
        now=datetime.now(UTC),
        **(empty | parts),
    )
