"""What operations ask of `/v1`.

The one thing a newcomer would get wrong: an id that cannot be one is denied like a missing one, and costs the
same question.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aidial_contract.headers import IDEMPOTENCY_KEY
from aidial_contract.ids import parse_uuid
from aidial_contract.shapes.status import IncidentAnswer
from aidial_portal.kernel import steps

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aidial_portal.kernel.request import PortalRequest


async def path_of(request: PortalRequest) -> str:
    """Where `/v1` has the incident of the path; 404 when its id is none."""
    incident_id = parse_uuid(request.path_values["incident_id"])
    if incident_id is None:
        await steps.deny(request, "no incident id")
    return f"/v1/incidents/{incident_id}"


async def find_incident(request: PortalRequest) -> IncidentAnswer:
    """The incident of the path."""
    return await request.api.get(await path_of(request), IncidentAnswer)


def repeatable(request: PortalRequest) -> Mapping[str, str]:
    """The browser's own `Idempotency-Key`, handed on: the same click twice makes one thing."""
    key = request.headers.get(IDEMPOTENCY_KEY)
    return {} if key is None else {IDEMPOTENCY_KEY: key}
