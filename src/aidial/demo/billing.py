"""The demo's accounts: every client is billed, from the calls that were delivered; the last invoice is open.

The one thing a newcomer would get wrong: this comes after the calls, for invoices count them once, when they
are made. A later start finds the accounts and makes nothing; the worker makes the months that end meanwhile.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import asyncpg

from aidial.seed.tenants import CLIENTS
from aidial.stops import CommandStopped, Exit
from aidial_api.kernel.db import DatabaseUnavailable
from aidial_api.provisioning_billing import Bookkeeper

if TYPE_CHECKING:
    from aidial.demo.environment import Effective

MONTHS_AGO: Final = 3
# In the order of CLIENTS.
PLANS: Final = ("professional", "starter", "starter")
PAID_AFTER: Final = timedelta(days=6)


async def open_accounts(known: Effective) -> None:
    """An account with its invoices for every client that has none."""
    books, now = Bookkeeper(known.owner_url), datetime.now(UTC)
    try:
        for client, plan in zip(CLIENTS, PLANS, strict=True):
            if await books.open_account(client.client_id, plan, months_ago=MONTHS_AGO, now=now):
                await _settle(books, client.client_id, now)
    except (DatabaseUnavailable, asyncpg.PostgresError) as problem:
        raise CommandStopped(
            f"the database refused the demo's invoices: {problem}", Exit.UNAVAILABLE
        ) from None


async def _settle(books: Bookkeeper, client_id: str, now: datetime) -> None:
    """All but the last invoice are paid some days after they came; a discount begins this month."""
    for number, issued_at in (await books.list_open(client_id))[:-1]:
        await books.mark_paid(client_id, number, min(now, issued_at + PAID_AFTER))
    await books.add_discount(client_id, "Discount for a year's agreement", 10, f"{now:%Y-%m}")
