"""`GET /v1/health` and `/v1/health/live`. `application/health+json`, contract section 9."""

from __future__ import annotations

from aidial_api.kernel.ask import Ask
from aidial_api.kernel.route import Answer
from aidial_contract.shapes.common import Health

MEDIA_TYPE = "application/health+json"


async def show(ask: Ask) -> Answer:
    """200 for pass and warn, 503 for fail."""
    health = await ask.services.health.answer()
    failed = health.status == "fail"
    headers = {"retry-after": "1"} if failed else {}
    return Answer(health, status=503 if failed else 200, media_type=MEDIA_TYPE, headers=headers)


async def live(ask: Ask) -> Answer:
    """200 as long as the process answers."""
    checks = ask.services.health
    return Answer(
        Health(status="pass", service=checks.service, version=checks.version), media_type=MEDIA_TYPE
    )
