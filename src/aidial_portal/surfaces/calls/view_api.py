"""Saved views as JSON, for the portal's own forms.

The one thing a newcomer would get wrong: which client they are of is in the query, as on `/v1`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aidial_contract.shapes.call_views import CallViews
from aidial_portal.kernel.answers import json_answer
from aidial_portal.kernel.api import with_query
from aidial_portal.surfaces.calls.viewing import VIEWS

if TYPE_CHECKING:
    from starlette.responses import Response

    from aidial_portal.kernel.request import PortalRequest


async def views(request: PortalRequest) -> Response:
    """`GET /api/call-views`: `{"version", "views"}`, this person's own of one client."""
    return json_answer(await request.api.forward(VIEWS, CallViews, query=request.query))


async def save_views(request: PortalRequest) -> Response:
    """`PUT /api/call-views`: the same as it is after the change."""
    path = with_query(VIEWS, request.query)
    return json_answer(await request.api.send("PUT", path, CallViews, body=request.value))
