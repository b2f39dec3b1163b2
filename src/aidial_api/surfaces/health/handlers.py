"""`GET /v1/health` and `/v1/health/live`. `application/health+json`, contract section 9.

The one thing a newcomer would get wrong: a lost setting is told here as well, not only by the 500 of
everything else; `live` says only that the process answers.
"""

from __future__ import annotations

import asyncio

import msgspec

from aidial_api.kernel.ask import Ask
from aidial_api.kernel.route import Answer
from aidial_contract.media import JSON
from aidial_contract.shapes.common import Health, HealthCheck
from aidial_serving.health import CHECK_TIMEOUT_S

MEDIA_TYPE = "application/health+json"
TO_ANSWER_S = 0.03
"""What is left of a caller's time for the answer itself."""
_LOST = HealthCheck(status="fail", latency_ms=0.0)


async def show(ask: Ask) -> Answer:
    """200 for pass and warn, 503 for fail. A portal, which keeps the answer for a second, may ask anew."""
    anew = ask.told_budget_ms is not None and ask.headers.get("cache-control") == "no-cache"
    left_s = ask.deadline - asyncio.get_running_loop().time() - TO_ANSWER_S
    health = await ask.services.health.answer(anew=anew, within_s=min(CHECK_TIMEOUT_S, max(0.0, left_s)))
    if not ask.services.is_configured:
        health = msgspec.structs.replace(
            health, status="fail", checks={**health.checks, "configuration": _LOST}
        )
    failed = health.status == "fail"
    headers = {"retry-after": "1"} if failed else {}
    return Answer(health, status=503 if failed else 200, media_type=_media_type(ask), headers=headers)


async def live(ask: Ask) -> Answer:
    """200 as long as the process answers."""
    checks = ask.services.health
    health = Health(status="pass", service=checks.service, version=checks.version)
    return Answer(health, media_type=_media_type(ask))


def _media_type(ask: Ask) -> str:
    """Plain JSON for a caller who names that and not health's own type."""
    accept = ask.headers.get("accept", "").lower()
    return JSON if JSON in accept and MEDIA_TYPE not in accept else MEDIA_TYPE
