"""The start page of operations: what is running, and the doors that exist.

The one thing a newcomer would get wrong: a dependency that is down is what this page is for, so it is shown
in its tile and never fails the page.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import msgspec

from aidial_contract.fault import Fault
from aidial_contract.shapes.common import Health
from aidial_contract.shapes.ops import JobList, JobQueue
from aidial_contract.shapes.status import StatusReport
from aidial_portal.design.context import OpsHomePage, OpsTile
from aidial_portal.kernel.pages import draw, part
from aidial_portal.kernel.upstream import Call
from aidial_portal.surfaces.ops.places import (
    DEAD_LETTERS,
    HOME,
    INCIDENTS,
    JOBS,
    OUTBOX,
    SESSIONS,
    TENANTS,
    TICKETS,
    places,
)

if TYPE_CHECKING:
    from starlette.responses import Response

    from aidial_portal.kernel.request import PortalRequest

LONGEST_S: Final = 2.0
HEALTH_TYPE: Final = "application/health+json"


async def home(request: PortalRequest) -> Response:
    """`/ops`: the health of the API, its dependencies and the identity provider; then the doors."""
    health, issuer_answers, incidents, queue = await asyncio.gather(
        _api_health(request),
        request.portal.issuer.is_reachable(LONGEST_S),
        part(_active_incidents(request)),
        part(_queue(request)),
    )
    tiles = (
        OpsTile("Portal", "This page came from it.", state="pass"),
        _api_tile(health),
        OpsTile(
            "Identity provider",
            "People can sign in." if issuer_answers else "Nobody can sign in; sessions go on.",
            state="pass" if issuer_answers else "fail",
        ),
        _incidents_tile(incidents),
        *_queue_tiles(queue),
        OpsTile("Tenants", "Every business on AiDial, and its phone lines.", url=TENANTS),
        OpsTile("Sessions", "Who is signed in right now.", url=SESSIONS),
        OpsTile("Tickets", "What customers and partners asked.", url=TICKETS),
        OpsTile("Outbox", "Messages to people, and what became of them.", url=OUTBOX),
        OpsTile("Components", "Every part of the interface on one page.", url="/ops/components"),
    )
    return draw(request, OpsHomePage(tiles, places(HOME)), path=HOME)


async def _active_incidents(request: PortalRequest) -> int:
    return len((await request.api.get("/v1/status", StatusReport)).incidents)


async def _queue(request: PortalRequest) -> JobQueue:
    return (await request.api.get("/v1/ops/jobs", JobList, query={"limit": "1"}, records=True)).queue


def _incidents_tile(found: int | Fault) -> OpsTile:
    if isinstance(found, Fault):
        return OpsTile("Incidents", "How many are active could not be asked.", url=INCIDENTS)
    return OpsTile(
        "Incidents", "Active now. Publish what customers should know.", url=INCIDENTS, figure=found
    )


def _queue_tiles(queue: JobQueue | Fault) -> tuple[OpsTile, OpsTile]:
    if isinstance(queue, Fault):
        lost = "The queue could not be asked."
        return OpsTile("Jobs", lost, url=JOBS), OpsTile("Dead letters", lost, url=DEAD_LETTERS)
    return (
        OpsTile("Jobs", "Background work that is due and waits.", url=JOBS, figure=queue.due),
        OpsTile("Dead letters", "Jobs that failed for good.", url=DEAD_LETTERS, figure=queue.failed),
    )


def _api_tile(health: Health | None) -> OpsTile:
    if health is None:
        return OpsTile("API", "It does not answer, or says that it is not well.", state="fail")
    checks = ", ".join(f"{name} {check.latency_ms:g} ms" for name, check in sorted(health.checks.items()))
    answers = f" Answers: {checks}." if checks else ""
    return OpsTile("API", f"Version {health.version}.{answers}", state=health.status)


async def _api_health(request: PortalRequest) -> Health | None:
    """What the API says of itself; None when it says nothing that can be read in time."""
    longest = asyncio.get_running_loop().time() + LONGEST_S
    call = Call(
        method="GET",
        path="/v1/health",
        deadline=min(request.until(), longest),
        request_id=request.request_id,
        client_ip=request.client_ip,
        extra={"accept": HEALTH_TYPE},
    )
    try:
        reply = await request.portal.upstream.exchange(call, guarded=False)
        return msgspec.json.decode(reply.body, type=Health)
    except (Fault, msgspec.DecodeError):
        return None
