"""What the portal depends on, asked for health: the API is required, the identity provider is not.

The one thing a newcomer would get wrong: the API is asked for its state anew. Its own answer may be a second
old and ours is kept for one more; together they would be older than the truth may be.
"""

from __future__ import annotations

import asyncio
from importlib.metadata import version
from typing import TYPE_CHECKING, Final

import msgspec

from aidial_contract.ids import new_id
from aidial_contract.shapes.common import Health
from aidial_portal.kernel.upstream import Call
from aidial_serving.health import CHECK_TIMEOUT_S, HealthChecks, Probe

if TYPE_CHECKING:
    from aidial_limits import Counting
    from aidial_portal.kernel.issuer import Issuer
    from aidial_portal.kernel.upstream import Upstream

SERVICE: Final = "aidial-portal"
VERSION: Final = version("aidial")
MEDIA_TYPE: Final = "application/health+json"
API_TIMEOUT_S: Final = 0.95
"""The API's own checks take up to 0.8 s, and its answer has to travel."""


def health_checks(upstream: Upstream, issuer: Issuer, counting: Counting) -> HealthChecks:
    """The probes of one portal process."""
    api_s = min(API_TIMEOUT_S, upstream.timeout_s)
    issuer_s = min(CHECK_TIMEOUT_S, upstream.timeout_s)

    async def api_answers() -> bool:
        call = Call(
            method="GET",
            path="/v1/health",
            deadline=asyncio.get_running_loop().time() + api_s,
            request_id=new_id(),
            client_ip="127.0.0.1",
            extra={"accept": MEDIA_TYPE, "cache-control": "no-cache"},
        )
        reply = await upstream.exchange(call, guarded=False)
        return msgspec.json.decode(reply.body, type=Health).status != "fail"

    async def issuer_answers() -> bool:
        return await issuer.is_reachable(issuer_s)

    probes = [Probe("api", True, api_answers, api_s), Probe("issuer", False, issuer_answers)]
    if counting.shared is not None:
        probes.append(Probe("limiter_store", False, counting.store_answers))
    return HealthChecks(SERVICE, VERSION, tuple(probes))
