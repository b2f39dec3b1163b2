"""Support as JSON, for the portal's own forms.

The one thing a newcomer would get wrong: who may set which status is decided by the API; nothing here looks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aidial_contract.shapes.support import CommentAnswer, TicketAnswer, TicketList
from aidial_portal.kernel.answers import json_answer
from aidial_portal.surfaces.support.client import find_ticket, path_of, repeatable

if TYPE_CHECKING:
    from starlette.responses import Response

    from aidial_portal.kernel.request import PortalRequest

_CREATED: Final = 201


async def tickets(request: PortalRequest) -> Response:
    """`GET /api/support/tickets`: `{"tickets", "next_cursor"}`, the same query as `/v1/tickets`."""
    return json_answer(await request.api.forward("/v1/tickets", TicketList, query=request.query))


async def create(request: PortalRequest) -> Response:
    """`POST /api/support/tickets`: 201 `{"ticket"}`."""
    made = await request.api.send(
        "POST", "/v1/tickets", TicketAnswer, body=request.value, extra=repeatable(request)
    )
    return json_answer(made, _CREATED)


async def ticket(request: PortalRequest) -> Response:
    """`GET /api/support/tickets/{ticket_id}`: `{"ticket"}`."""
    return json_answer(await find_ticket(request))


async def change(request: PortalRequest) -> Response:
    """`PATCH /api/support/tickets/{ticket_id}`: `{"ticket"}` as it is after the change."""
    path = await path_of(request)
    return json_answer(await request.api.send("PATCH", path, TicketAnswer, body=request.value))


async def comment(request: PortalRequest) -> Response:
    """`POST /api/support/tickets/{ticket_id}/comments`: 201 `{"comment", "status", "version"}`."""
    path = await path_of(request, "comments")
    made = await request.api.send("POST", path, CommentAnswer, body=request.value, extra=repeatable(request))
    return json_answer(made, _CREATED)
