"""Clients as JSON for the portal's own scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aidial_contract.ids import is_slug
from aidial_contract.shapes.clients import Client, ClientList
from aidial_portal.kernel import steps
from aidial_portal.kernel.answers import json_answer

if TYPE_CHECKING:
    from starlette.responses import Response

    from aidial_portal.kernel.request import PortalRequest


async def clients(request: PortalRequest) -> Response:
    """`GET /api/partner/clients`: `{"clients", "next_cursor"}`; takes no `client_id`."""
    return json_answer(await request.api.forward("/v1/clients", ClientList, query=request.query))


async def one_client(request: PortalRequest) -> Response:
    """`GET /api/partner/clients/{client_id}`: the client."""
    client_id = request.path_values["client_id"]
    if not is_slug(client_id):
        await steps.deny(request, "no client id")
    return json_answer(await request.api.forward(f"/v1/clients/{client_id}", Client))
