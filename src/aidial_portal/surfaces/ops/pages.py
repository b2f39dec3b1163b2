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
from aidial_portal.design.context import OpsHomePage, OpsTile
from aidial_portal.kernel.pages import draw
from aidial_portal.kernel.upstream import Call

if TYPE_CHECKING:
    from starlette.responses import Response

    from aidial_portal.kernel.request import PortalRequest

PATH: Final = "/ops"
LONGEST_S: Final = 2.0
HEALTH_TYPE: Final = "application/health+json"


async def home(request: PortalRequest) -> Response:
    """`/ops`: the health of the API, its dependencies and the identity provider; then the doors."""
    health, issuer_answers = await asyncio.gather(
        _api_health(request), request.portal.issuer.is_reachable(LONGEST_S)
    )
    tiles = (
        OpsTile("Portal", "This page came from it.", state="pass"),
        _api_tile(health),
        OpsTile(
            "Identity provider",
            "People can sign in." if issuer_answers else "Nobody can sign in; sessions go on.",
            state="pass" if issuer_answers else "fail",
        ),
        OpsTile("Components", "Every part of the interface on one page.", url="/ops/components"),
    )
    return draw(request, OpsHomePage(tiles), path=PATH)


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
