"""Operations as JSON, for the portal's own forms.

The one thing a newcomer would get wrong: who may publish is decided by the rows and by the API; nothing here
looks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aidial_contract.shapes.ops import BackgroundJobAnswer, JobList, LiveSessionList, OutboxList, TenantList
from aidial_contract.shapes.status import IncidentAnswer, IncidentList
from aidial_contract.shapes.support import TicketList
from aidial_portal.kernel import steps
from aidial_portal.kernel.answers import json_answer
from aidial_portal.surfaces.ops.client import find_incident, path_of, repeatable

if TYPE_CHECKING:
    from starlette.responses import Response

    from aidial_portal.kernel.request import PortalRequest

_CREATED: Final = 201


async def incidents(request: PortalRequest) -> Response:
    """`GET /api/ops/incidents`: `{"incidents", "next_cursor"}`, newest first."""
    return json_answer(await request.api.forward("/v1/incidents", IncidentList, query=request.query))


async def publish(request: PortalRequest) -> Response:
    """`POST /api/ops/incidents`: 201 `{"incident"}`."""
    made = await request.api.send(
        "POST", "/v1/incidents", IncidentAnswer, body=request.value, extra=repeatable(request)
    )
    # Their own next page shows the banner too.
    request.portal.contexts.forget(request.session.session_id)
    return json_answer(made, _CREATED)


async def incident(request: PortalRequest) -> Response:
    """`GET /api/ops/incidents/{incident_id}`: `{"incident"}`."""
    return json_answer(await find_incident(request))


async def update(request: PortalRequest) -> Response:
    """`PATCH /api/ops/incidents/{incident_id}`: `{"incident"}` as it is after the update."""
    path = await path_of(request)
    changed = await request.api.send("PATCH", path, IncidentAnswer, body=request.value)
    request.portal.contexts.forget(request.session.session_id)
    return json_answer(changed)


async def tenants(request: PortalRequest) -> Response:
    """`GET /api/ops/tenants`: `{"tenants", "next_cursor"}`, by id."""
    return json_answer(
        await request.api.forward("/v1/ops/tenants", TenantList, query=request.query, records=True)
    )


async def sessions(request: PortalRequest) -> Response:
    """`GET /api/ops/sessions`: `{"sessions", "next_cursor"}`, the newest sign-in first."""
    return json_answer(
        await request.api.forward("/v1/ops/sessions", LiveSessionList, query=request.query, records=True)
    )


async def jobs(request: PortalRequest) -> Response:
    """`GET /api/ops/jobs`: `{"jobs", "next_cursor", "queue"}`, the newest first."""
    return json_answer(await request.api.forward("/v1/ops/jobs", JobList, query=request.query, records=True))


async def tickets(request: PortalRequest) -> Response:
    """`GET /api/ops/tickets`: `{"tickets", "next_cursor"}`, by age."""
    return json_answer(
        await request.api.forward("/v1/ops/tickets", TicketList, query=request.query, records=True)
    )


async def retry_job(request: PortalRequest) -> Response:
    """`POST /api/ops/jobs/{background_job_id}/retry`: `{"job"}`, waiting again."""
    job_id = request.path_values["background_job_id"]
    if not job_id.isascii() or not job_id.isdigit():
        await steps.deny(request, "no job id")
    path = f"/v1/ops/jobs/{job_id}/retry"
    return json_answer(await request.api.send("POST", path, BackgroundJobAnswer))


async def outbox(request: PortalRequest) -> Response:
    """`GET /api/ops/outbox`: `{"messages", "next_cursor"}`, the newest first."""
    return json_answer(
        await request.api.forward("/v1/ops/outbox", OutboxList, query=request.query, records=True)
    )
