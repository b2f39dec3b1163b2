"""Invoices at the end of a month, by a job that knows its tenant and asks for the next one.

The one thing a newcomer would get wrong: it may run twice, or late; a month has one invoice, and what it
holds is counted when it is issued, some hours after the month's end.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from aidial_api.kernel.jobs import Job, enqueue
from aidial_api.kernel.months import begin_of, moved
from aidial_api.kernel.reach import Reach
from aidial_api.surfaces.billing.embedded import books
from aidial_api.surfaces.billing.embedded.reckoning import reckon
from aidial_contract.ids import new_id

if TYPE_CHECKING:
    from aidial_api.kernel.db import Database
    from aidial_api.kernel.transaction import Tx

LATE_CALLS: Final = timedelta(hours=6)
"""How long after its end a month is kept open for calls that are still being delivered."""
DUE_AFTER: Final = timedelta(days=14)

_ZONE = "SELECT timezone, now() AS now FROM clients WHERE client_id = $1"
_EVENT = """
INSERT INTO audit_events (event_id, client_id, actor_kind, actor_label, action, target_kind, target_id)
VALUES ($1, $2, 'system', 'billing', 'billing.invoice.issued', 'invoice', $3)
"""


async def issue(tx: Tx, client_id: str, month: str, timezone: str) -> bool:
    """Make the invoice of a month that is over. False: there is one, or the month is not billed."""
    held = await reckon(tx, client_id, month, timezone)
    if held.plan is None or held.made is None:
        return False
    number = f"{client_id.upper()}-{await books.count_invoices(tx, client_id) + 1:04d}"
    issued_at = begin_of(moved(month, 1), timezone) + LATE_CALLS
    dates = (issued_at, issued_at + DUE_AFTER)
    if not await books.add_invoice(tx, client_id, number, month, held.made, held.plan, dates):
        return False
    if held.made.carried_minor:
        words = f"Credit carried over from {number}"
        await books.add_credit(tx, client_id, words, -held.made.carried_minor, moved(month, 1))
    await tx.execute(_EVENT, new_id(), client_id, number)
    return True


async def ask_for(tx: Tx, client_id: str, month: str, timezone: str) -> None:
    """Have a month's invoice made once it is over."""
    at: datetime = begin_of(moved(month, 1), timezone) + LATE_CALLS
    await enqueue(tx, ISSUE.name, {"client_id": client_id, "month": month}, at=at)


async def issue_due(db: Database, *, client_id: str, month: str) -> None:
    """Issue a month's invoice, and ask for the next one."""
    async with db.transaction(Reach((client_id,))) as tx:
        tenant = await tx.fetchrow(_ZONE, client_id)
        if tenant is None:
            return
        if begin_of(moved(month, 1), tenant["timezone"]) > tenant["now"]:
            await ask_for(tx, client_id, month, tenant["timezone"])
            return
        if await issue(tx, client_id, month, tenant["timezone"]):
            await ask_for(tx, client_id, moved(month, 1), tenant["timezone"])


ISSUE: Final = Job("billing.issue", issue_due)
