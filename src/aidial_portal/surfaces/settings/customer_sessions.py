"""Customers' sessions: a section of `/settings` for whoever manages the users of clients.

The one thing a newcomer would get wrong: whose sessions these are is a client's. Which clients there are, the
person's context says; a client that is not among them is asked for all the same and is the API's 404.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from aidial_contract.ids import is_slug
from aidial_contract.shapes.sessions import CustomerSession, CustomerSessionList
from aidial_portal.design.context import Choice, CustomerPerson, CustomerSessionsPage
from aidial_portal.design.links import with_query
from aidial_portal.kernel import steps
from aidial_portal.kernel.pages import ROLE_NAMES, draw, reading_zone_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.responses import Response

    from aidial_portal.design.context import Menu
    from aidial_portal.kernel.request import PortalRequest

SECTION: Final = "customer-sessions"
PATH: Final = "/settings"
_ROLES: Final = {str(role): words for role, words in ROLE_NAMES.items()}


async def page(request: PortalRequest, menu: Menu) -> Response:
    """Who of a client is signed in, person by person; the first client's until one is chosen."""
    known = request.session.known.clients
    client_id = request.query.get("client_id") or (known[0].client_id if known else "")
    if client_id and not is_slug(client_id):
        await steps.deny(request, "no client id")
    address = {"section": SECTION, "client_id": client_id}
    cursor = request.query.get("cursor", "")
    found = CustomerSessionList(sessions=[], next_cursor=None)
    if client_id:
        query = {"limit": "100"} | ({"cursor": cursor} if cursor else {})
        found = await request.api.get(f"/v1/clients/{client_id}/sessions", CustomerSessionList, query=query)
    following = found.next_cursor
    shown = CustomerSessionsPage(
        sections=menu,
        clients=tuple(
            Choice(one.name, one.client_id, is_current=one.client_id == client_id) for one in known
        ),
        client_id=client_id,
        people=_people(found.sessions),
        url=with_query(PATH, address),
        next_url=with_query(PATH, address, cursor=following) if following else "",
        is_first=not cursor,
        timezone=reading_zone_of(request),
        now=datetime.now(UTC),
    )
    return draw(request, shown, path=PATH)


def _people(sessions: Iterable[CustomerSession]) -> tuple[CustomerPerson, ...]:
    """Sessions by person, whoever signed in last first."""
    by_person: dict[str, list[CustomerSession]] = {}
    for one in sessions:
        by_person.setdefault(one.user_id, []).append(one)
    return tuple(
        CustomerPerson(
            user_id=user_id,
            name=theirs[0].name or theirs[0].person,
            address=theirs[0].person,
            role=_ROLES.get(theirs[0].role, theirs[0].role),
            sessions=tuple(theirs),
        )
        for user_id, theirs in by_person.items()
    )
