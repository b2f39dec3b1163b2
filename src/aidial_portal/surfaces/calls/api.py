"""Calls as JSON for the portal's own scripts.

The one thing a newcomer would get wrong: numbers arrive from the API as this person's role may see them;
nothing is masked here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aidial_contract.shapes.calls import CallList
from aidial_portal.kernel.answers import json_answer
from aidial_portal.surfaces.calls import client

if TYPE_CHECKING:
    from starlette.responses import Response

    from aidial_portal.kernel.request import PortalRequest


async def calls(request: PortalRequest) -> Response:
    """`GET /api/calls`: `{"calls", "next_cursor", "matching"}`, the same query as `/v1/calls`."""
    return json_answer(await request.api.forward("/v1/calls", CallList, query=request.query))


async def preview(request: PortalRequest) -> Response:
    """`GET /api/calls/{call_id}/preview`: `{"call", "transcript"}`."""
    return json_answer(await client.preview(request, request.path_values["call_id"]))
