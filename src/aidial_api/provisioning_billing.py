"""Setting up billing from outside a request: accounts, discounts, credits, and what was paid.

Everything runs as the owner of the tables, under row-level security. The one thing a newcomer would get
wrong: an account opened for months that are over has their invoices made at once, from the calls that are
there.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from aidial_api.kernel.db import owner_transaction
from aidial_api.kernel.months import month_of, moved
from aidial_api.kernel.reach import Reach
from aidial_api.surfaces.billing.embedded import books
from aidial_api.surfaces.billing.embedded.issuing import ask_for, issue
from aidial_contract.ids import new_id

if TYPE_CHECKING:
    from aidial_api.kernel.transaction import Tx


@dataclass(frozen=True, slots=True)
class Offer:
    """A plan as it is sold: amounts in cents, taxes not included."""

    name: str
    monthly_fee_minor: int
    included_minutes: int
    overage_rate_minor: int
    sms_rate_minor: int


PLANS: Final = {
    "starter": Offer("Starter", 14_900, 300, 45, 12),
    "professional": Offer("Professional", 39_900, 1_000, 38, 10),
    "enterprise": Offer("Enterprise", 129_000, 5_000, 29, 8),
}
CURRENCY: Final = "AUD"

_OPEN = """
INSERT INTO billing_accounts (client_id, plan_name, monthly_fee_minor, included_minutes, overage_rate_minor,
                              sms_rate_minor, currency, first_period)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING
"""
_PAID = """
UPDATE invoices SET status = 'paid', paid_at = $3 WHERE client_id = $1 AND number = $2 AND status = 'open'
"""
_LIST_OPEN = """
SELECT number, issued_at FROM invoices WHERE client_id = $1 AND status = 'open' ORDER BY issued_at
"""
_EVENT = """
INSERT INTO audit_events (event_id, client_id, actor_kind, actor_label, action, target_kind, target_id)
VALUES ($1, $2, 'system', 'command line', $3, $4, $5)
"""


class Bookkeeper:
    """Keeps the embedded provider's books as the owner of the tables."""

    def __init__(self, owner_url: str) -> None:
        self._owner_url = owner_url

    async def open_account(self, client_id: str, plan: str, *, months_ago: int, now: datetime) -> bool:
        """Bill a tenant from the month so long ago on. False: billed already, or no such tenant.

        Months that are over get their invoices; the current one's is asked for.
        """
        offer = PLANS[plan]
        async with owner_transaction(self._owner_url, Reach((client_id,))) as tx:
            timezone = await tx.fetchval("SELECT timezone FROM clients WHERE client_id = $1", client_id)
            if timezone is None:
                return False
            current = month_of(now, timezone)
            first = moved(current, -months_ago)
            values = (offer.included_minutes, offer.overage_rate_minor, offer.sms_rate_minor, CURRENCY, first)
            made = await tx.execute(_OPEN, client_id, offer.name, offer.monthly_fee_minor, *values)
            if made != "INSERT 0 1":
                return False
            await _note(tx, client_id, "billing.account.opened", "billing_account", client_id)
            for back in range(months_ago, 0, -1):
                await issue(tx, client_id, moved(current, -back), timezone)
            await ask_for(tx, client_id, current, timezone)
        return True

    async def mark_paid(self, client_id: str, number: str, at: datetime) -> bool:
        """Write down that an invoice was paid. False: no such open invoice."""
        async with owner_transaction(self._owner_url, Reach((client_id,))) as tx:
            if await tx.execute(_PAID, client_id, number, at) != "UPDATE 1":
                return False
            await _note(tx, client_id, "billing.invoice.paid", "invoice", number)
        return True

    async def list_open(self, client_id: str) -> list[tuple[str, datetime]]:
        """Invoices still to be paid by number and date, the oldest first."""
        async with owner_transaction(self._owner_url, Reach((client_id,))) as tx:
            rows = await tx.fetch(_LIST_OPEN, client_id)
        return [(row["number"], row["issued_at"]) for row in rows]

    async def add_discount(
        self, client_id: str, description: str, percent: int, first: str, last: str | None = None
    ) -> None:
        """So many per cent off the monthly fee, from one month to another or without an end."""
        async with owner_transaction(self._owner_url, Reach((client_id,))) as tx:
            await books.add_discount(tx, client_id, description, percent * 100, first, last)
            await _note(tx, client_id, "billing.discount.added", "billing_account", client_id)

    async def add_adjustment(self, client_id: str, description: str, amount_minor: int, month: str) -> None:
        """A charge, or a credit when negative, on the invoice of one month."""
        async with owner_transaction(self._owner_url, Reach((client_id,))) as tx:
            await books.add_credit(tx, client_id, description, amount_minor, month)
            await _note(tx, client_id, "billing.adjustment.added", "billing_account", client_id)


async def _note(tx: Tx, client_id: str, action: str, kind: str, target_id: str) -> None:
    await tx.execute(_EVENT, new_id(), client_id, action, kind, target_id)
