"""Support tickets of every tenant as a page: what waits for us comes first, the oldest at the top.

The one thing a newcomer would get wrong: a queue is read from its oldest end, and what is settled from its
newest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aidial_contract.shapes.support import TicketList
from aidial_portal.design.context import Choice, OpsCell
from aidial_portal.design.filters import label
from aidial_portal.design.links import with_query
from aidial_portal.surfaces.ops.lists import draw_list, query_of
from aidial_portal.surfaces.ops.places import TICKETS

if TYPE_CHECKING:
    from starlette.responses import Response

    from aidial_contract.shapes.support import TicketEntry
    from aidial_portal.kernel.request import PortalRequest

# Customers read other words for the same: what waits for them waits "on you".
_STATES: Final = {
    "open": "Open",
    "waiting_on_support": "Waiting for us",
    "waiting_on_customer": "Waiting for the customer",
    "resolved": "Resolved",
    "closed": "Closed",
}
_CHOICES: Final = (
    ("Waiting for us", "open,waiting_on_support", "oldest"),
    ("Waiting for the customer", "waiting_on_customer", "oldest"),
    ("Resolved", "resolved", "newest"),
    ("Closed", "closed", "newest"),
    ("All", ",".join(_STATES), "newest"),
)
_NOTE: Final = (
    "Tickets of clients whose allowlist lacks your address are left out. Opening this page is recorded."
    " Answers are written through the API."
)


async def tickets(request: PortalRequest) -> Response:
    """`/ops/tickets`: every tenant's support tickets; unless said, those that wait for us."""
    query = query_of(request)
    _, waiting, oldest = _CHOICES[0]
    asked = query if "status" in query else {**query, "status": waiting, "sort": oldest}
    found = await request.api.get("/v1/ops/tickets", TicketList, query=asked, records=True)
    return draw_list(
        request,
        path=TICKETS,
        heading="Tickets",
        detail="What customers and partners of every tenant asked.",
        note=_NOTE,
        columns=("Ticket", "Tenant", "About", "State", "Opened"),
        rows=tuple(_ticket(one) for one in found.tickets),
        next_cursor=found.next_cursor,
        empty=("Nothing waits for us", "Tickets appear here once somebody asks for support.", "inbox"),
        noun="tickets",
        filters=tuple(
            Choice(
                words,
                states,
                TICKETS if states == waiting else with_query(TICKETS, {}, status=states, sort=sort),
                is_current=states == asked["status"],
            )
            for words, states, sort in _CHOICES
        ),
    )


def _ticket(one: TicketEntry) -> tuple[OpsCell, ...]:
    replies = "1 reply" if one.comment_count == 1 else f"{one.comment_count} replies"
    owner = one.owner.name if one.owner is not None else "Nobody yet"
    return (
        OpsCell(one.subject, quiet=f"No. {one.ticket_id}"),
        OpsCell(one.client_id, quiet=one.created_by.name),
        OpsCell(label(one.category), quiet=f"{label(one.priority)} priority, {replies}"),
        OpsCell(_STATES[one.status], quiet=owner),
        OpsCell(at=one.created_at),
    )
