"""Messages to people, as a page: to whom (masked), what became of them, and what the embedded outbox keeps.

The one thing a newcomer would get wrong: there is a text only where nothing leaves. Where mail goes by SMTP
AiDial's own people see that it went, not what it said.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aidial_contract.shapes.ops import DELIVERY_STATES, OutboxList
from aidial_portal.design.context import OpsCell
from aidial_portal.design.filters import label
from aidial_portal.surfaces.ops.lists import choices, draw_list, query_of
from aidial_portal.surfaces.ops.places import OUTBOX

if TYPE_CHECKING:
    from starlette.responses import Response

    from aidial_contract.shapes.ops import OutboxMessage
    from aidial_portal.kernel.request import PortalRequest

_KINDS: Final = {
    "call_transcript": "Transcript of a call",
    "call_summary": "Summary of a call",
    "monthly_report": "Monthly report",
    "transfer_failed": "Failed transfer",
}
_CHANNELS: Final = {"email": "E-mail", "sms": "SMS"}
_FAILURES: Final = {
    "recipient_refused": "The server knows no such recipient",
    "refused": "The server refused it",
    "sign_in_refused": "The server refused our sign-in",
    "no_trust": "The server's certificate is not trusted",
    "sign_in_not_offered": "The server takes no sign-in here: check port and security",
    "starttls_not_offered": "The server offers no STARTTLS: check port and security",
    "not_supported": "The server cannot take such an address",
    "bad_address": "It is no address that mail can go to",
    "not_writable": "It cannot be written as a message",
    "too_slow": "The server took too long",
    "unreachable": "The server does not answer",
    "nothing_to_send": "There is nothing left to tell",
    "kept_failing": "It failed every time",
}
_NOTE: Final = (
    "Texts are here only where the embedded outbox takes messages instead of sending them. They are redacted,"
    " numbers are masked, and names as far as they are recognised. Opening this page is recorded."
)


async def outbox(request: PortalRequest) -> Response:
    """`/ops/outbox`: the messages of every tenant, newest first."""
    query = query_of(request)
    found = await request.api.get("/v1/ops/outbox", OutboxList, query=query, records=True)
    states = (("All", ""), *((label(state), state) for state in DELIVERY_STATES))
    return draw_list(
        request,
        path=OUTBOX,
        heading="Outbox",
        detail="E-mail and SMS to people, and what became of each.",
        note=_NOTE,
        columns=("Message", "To", "Tenant", "State", "Made"),
        rows=tuple(_message(one) for one in found.messages),
        next_cursor=found.next_cursor,
        empty=("No message yet", "Messages appear here after calls, once a phone line sends some.", "inbox"),
        noun="messages",
        filters=choices(OUTBOX, query, states),
    )


def _message(one: OutboxMessage) -> tuple[OpsCell, ...]:
    tries = "" if one.attempts < 2 else f"{one.attempts} tries"  # noqa: PLR2004 - one try is no news
    why = "" if one.failure is None else _why(one.failure)
    return (
        OpsCell(
            one.subject or _KINDS[one.kind],
            opens=one.text or "",
            quiet=_KINDS[one.kind] if one.subject else "",
        ),
        OpsCell(one.recipient, quiet=_CHANNELS[one.channel]),
        OpsCell(one.client_id),
        OpsCell(one.state, is_status=True, quiet=", ".join(filter(None, (why, tries)))),
        OpsCell(at=one.created_at),
    )


def _why(failure: str) -> str:
    """Words of ours, and the server's code where there is one: `The server refused it (451)`."""
    what, _, code = failure.rpartition("_")
    if failure in _FAILURES or what not in _FAILURES:
        return _FAILURES.get(failure, label(failure))
    return f"{_FAILURES[what]} ({code})" if code.isdigit() else _FAILURES[what]
