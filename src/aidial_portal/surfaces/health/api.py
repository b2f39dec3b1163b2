"""Health: what `kernel/health.py` found, and whether the configuration is whole.

The one thing a newcomer would get wrong: `live` touches no dependency, and a result is reused for a second,
so that a crowd of probes is one probe.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from starlette.responses import Response

from aidial_contract.shapes.common import Health, HealthCheck
from aidial_portal.kernel.health import API_TIMEOUT_S, MEDIA_TYPE, SERVICE, VERSION

if TYPE_CHECKING:
    from aidial_portal.kernel.request import PortalRequest


async def show(request: PortalRequest) -> Response:
    """`GET /api/health`: 200 `pass` or `warn`, 503 `fail`."""
    health = await request.portal.health.answer(within_s=API_TIMEOUT_S)
    if not request.is_configured:
        lost = HealthCheck(status="fail", latency_ms=0.0)
        health = msgspec.structs.replace(
            health, status="fail", checks={**health.checks, "configuration": lost}
        )
    if health.status != "fail":
        return _answer(health, 200)
    answer = _answer(health, 503)
    answer.headers["retry-after"] = "1"
    return answer


async def live(_: PortalRequest) -> Response:
    """`GET /api/health/live`: this process answers."""
    return _answer(Health(status="pass", service=SERVICE, version=VERSION), 200)


def _answer(health: Health, status: int) -> Response:
    return Response(msgspec.json.encode(health), status, media_type=MEDIA_TYPE)
