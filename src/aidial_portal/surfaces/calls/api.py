"""Calls as JSON for the portal's own scripts.

The one thing a newcomer would get wrong: numbers arrive from the API as this person's role may see them;
nothing is masked here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aidial_contract.limits import MIB
from aidial_contract.shapes.calls import CallList
from aidial_contract.shapes.live import EVENT_STREAM
from aidial_portal.kernel.answers import json_answer
from aidial_portal.kernel.streaming import StreamedEvents, Wanted
from aidial_portal.surfaces.calls import client

if TYPE_CHECKING:
    from starlette.responses import Response

    from aidial_portal.kernel.request import PortalRequest

EVENTS: Final = Wanted(EVENT_STREAM, 64 * MIB)


async def calls(request: PortalRequest) -> Response:
    """`GET /api/calls`: `{"calls", "next_cursor", "matching"}`, the same query as `/v1/calls`."""
    return json_answer(await request.api.forward("/v1/calls", CallList, query=request.query))


async def live(request: PortalRequest) -> Response:
    """`GET /api/calls/live`: server-sent events, the same query as `/v1/calls/live`."""
    stream = await request.api.stream(
        "/v1/calls/live", EVENTS, query=request.query, method=request.method, live=True
    )
    return StreamedEvents(request, stream)


async def preview(request: PortalRequest) -> Response:
    """`GET /api/calls/{call_id}/preview`: `{"call", "transcript"}`."""
    return json_answer(await client.preview(request, request.path_values["call_id"]))
