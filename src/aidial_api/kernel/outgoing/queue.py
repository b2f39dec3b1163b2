"""Putting a message into the queue, in the transaction of what it is about.

The one thing a newcomer would get wrong: what a message says is not in its row. It is written when it is
sent, from what is there then: a transcript that retention took meanwhile is not sent.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from aidial_api.kernel.clock import utc_now
from aidial_api.kernel.jobs import DELIVERIES, enqueue
from aidial_api.kernel.masking import mask_address, mask_number
from aidial_contract.ids import new_id

if TYPE_CHECKING:
    from datetime import datetime

    from aidial_api.kernel.crypto import TenantKey
    from aidial_api.kernel.transaction import Tx

SEND_JOB: Final = "deliveries.send"
PURPOSE: Final = "deliveries.recipient"
Channel = Literal["email", "sms"]

# Once a kind, thing and recipient, however often it is asked for.
_ADD: Final = """
INSERT INTO deliveries (client_id, delivery_id, project_id, kind, channel, about_id, mask, recipient,
                        recipient_mark, recipient_shown)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
ON CONFLICT (client_id, about_id, kind, recipient_mark) DO NOTHING
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A message somebody is to get. `about_id` is the call or report; `mask`: without personal details."""

    kind: str
    channel: Channel
    about_id: str
    project_id: str | None
    recipient: str
    mask: bool


async def add(tx: Tx, key: TenantKey, wanted: Wanted) -> bool:
    """Queue a message and have it sent at once, provided that this transaction commits.

    False: this recipient's is queued already, or was sent.
    """
    delivery_id = new_id()
    plain = wanted.recipient.encode()
    # One address, however its letters are written.
    mark = key.fingerprint(b"recipient:" + wanted.recipient.casefold().encode())
    shown = (mask_address if wanted.channel == "email" else mask_number)(wanted.recipient)
    added = await tx.execute(
        _ADD,
        key.client_id,
        delivery_id,
        wanted.project_id,
        wanted.kind,
        wanted.channel,
        wanted.about_id,
        wanted.mask,
        key.encrypt(plain, purpose=PURPOSE, record=delivery_id),
        mark,
        shown,
    )
    if added != "INSERT 0 1":
        return False
    await send_at(tx, key.client_id, delivery_id, utc_now())
    return True


async def send_at(tx: Tx, client_id: str, delivery_id: str, at: datetime) -> None:
    """Have a message that is queued sent at `at`."""
    arguments = {"client_id": client_id, "delivery_id": delivery_id}
    await enqueue(tx, SEND_JOB, arguments, at=at, queue=DELIVERIES)
