"""Health: the API is required, the identity provider is not.

The one thing a newcomer would get wrong: `live` touches no dependency, and a result is reused for a second,
so that a crowd of probes is one probe.
"""

from __future__ import annotations

import asyncio
import time
from importlib.metadata import version
from typing import TYPE_CHECKING, Final, Literal

import msgspec
from starlette.responses import Response

from aidial_contract.fault import Fault
from aidial_contract.shapes.common import Health, HealthCheck
from aidial_portal.kernel.upstream import Call

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from aidial_portal.kernel.portal import Portal
    from aidial_portal.kernel.request import PortalRequest

MEDIA_TYPE: Final = "application/health+json"
REUSED_S: Final = 1.0
LONGEST_S: Final = 2.0
_VERSION: Final = version("aidial")
_State = Literal["pass", "warn", "fail"]


class HealthProbe:
    """Asks the dependencies at most once a second. One a process."""

    def __init__(self) -> None:
        self._known: tuple[float, Health] | None = None
        self._lock = asyncio.Lock()

    async def __call__(self, request: PortalRequest) -> Response:
        """`GET /api/health`: 200 `pass` or `warn`, 503 `fail`."""
        health = await self._current(request)
        if not request.is_configured:
            lost = HealthCheck(status="fail", latency_ms=0.0)
            health = msgspec.structs.replace(
                health, status="fail", checks={**health.checks, "configuration": lost}
            )
        return _answer(health, 503 if health.status == "fail" else 200)

    async def _current(self, request: PortalRequest) -> Health:
        async with self._lock:
            now = time.monotonic()
            if self._known is None or now - self._known[0] >= REUSED_S:
                self._known = (now, await _examine(request))
            return self._known[1]


async def _examine(request: PortalRequest) -> Health:
    portal = request.portal
    counting = portal.limiter.counting
    asked = {
        "api": _timed(_api_answers(portal, request), "fail"),
        "issuer": _timed(portal.issuer.is_reachable(min(portal.upstream.timeout_s, LONGEST_S)), "warn"),
    }
    if counting.shared is not None:
        asked["limiter_store"] = _timed(counting.store_answers(), "warn")
    checks = dict(zip(asked, await asyncio.gather(*asked.values()), strict=True))
    found = {check.status for check in checks.values()}
    worst: _State = "fail" if "fail" in found else "warn" if "warn" in found else "pass"
    return Health(status=worst, service="aidial-portal", version=_VERSION, checks=checks)


async def _timed(check: Awaitable[bool], otherwise: _State) -> HealthCheck:
    started = time.perf_counter()
    status: _State = "pass" if await check else otherwise
    return HealthCheck(status=status, latency_ms=round((time.perf_counter() - started) * 1_000, 1))


async def _api_answers(portal: Portal, request: PortalRequest) -> bool:
    longest = asyncio.get_running_loop().time() + LONGEST_S
    call = Call(
        method="GET",
        path="/v1/health",
        deadline=min(portal.upstream.deadline(), longest),
        request_id=request.request_id,
        client_ip=request.client_ip,
        extra={"accept": MEDIA_TYPE},
    )
    try:
        reply = await portal.upstream.exchange(call, guarded=False)
        return msgspec.json.decode(reply.body, type=Health).status != "fail"
    except (Fault, msgspec.DecodeError):
        return False


async def live(_: PortalRequest) -> Response:
    """`GET /api/health/live`: this process answers."""
    return _answer(Health(status="pass", service="aidial-portal", version=_VERSION), 200)


def _answer(health: Health, status: int) -> Response:
    return Response(msgspec.json.encode(health), status, media_type=MEDIA_TYPE)
