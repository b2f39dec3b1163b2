"""What support asks of `/v1`.

The one thing a newcomer would get wrong: an id that cannot be one is denied like a missing one, and costs the
same question.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aidial_contract.headers import IDEMPOTENCY_KEY
from aidial_contract.ids import parse_uuid
from aidial_contract.shapes.support import TicketAnswer
from aidial_portal.kernel import steps

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aidial_portal.kernel.request import PortalRequest


async def path_of(request: PortalRequest, *more: str) -> str:
    """Where `/v1` has the ticket of the path; 404 when its id is none."""
    ticket_id = parse_uuid(request.path_values["ticket_id"])
    if ticket_id is None:
        await steps.deny(request, "no ticket id")
    return "/".join(("/v1/tickets", ticket_id, *more))


async def find_ticket(request: PortalRequest) -> TicketAnswer:
    """The ticket of the path, with its newest comments or those before the cursor."""
    cursor = {name: text for name, text in request.query.items() if name == "cursor"}
    return await request.api.get(await path_of(request), TicketAnswer, query=cursor)


def repeatable(request: PortalRequest) -> Mapping[str, str]:
    """The browser's own `Idempotency-Key`, handed on: the same click twice makes one thing."""
    key = request.headers.get(IDEMPOTENCY_KEY)
    return {} if key is None else {IDEMPOTENCY_KEY: key}
