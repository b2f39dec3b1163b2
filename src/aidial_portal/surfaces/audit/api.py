"""The activity log as JSON for the portal's own scripts.

The one thing a newcomer would get wrong: what the reader may not see was left out by the API already.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aidial_contract.shapes.audit import AuditActorList, AuditEventList
from aidial_portal.kernel.answers import json_answer

if TYPE_CHECKING:
    from starlette.responses import Response

    from aidial_portal.kernel.request import PortalRequest


async def events(request: PortalRequest) -> Response:
    """`GET /api/compliance/audit-events`: `{"events", "next_cursor"}`, the same query as `/v1`."""
    return json_answer(
        await request.api.forward("/v1/audit-events", AuditEventList, query=request.query, records=True)
    )


async def actors(request: PortalRequest) -> Response:
    """`GET /api/compliance/audit-events/actors`: `{"actors"}`."""
    return json_answer(await request.api.forward("/v1/audit-events/actors", AuditActorList))
