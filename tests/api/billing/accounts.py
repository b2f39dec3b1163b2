"""A billed business of a test's own, and providers in trouble.

The one thing a newcomer would get wrong: these providers live in tests only, and get into an API the way any
other would: it is started with them.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

from aidial_api.kernel.billing.port import Account, Page, Wanted
from aidial_api.kernel.transaction import Tx
from aidial_api.provisioning_billing import Bookkeeper
from aidial_api.surfaces.billing.embedded import EmbeddedProvider, Issuer
from aidial_contract.shapes.billing import Invoice, Usage
from tests.api.calls.lines import Business, open_business
from tests.support.api import World
from tests.support.askers import Answer

ISSUER = Issuer(name="AiDial", number="51 824 753 556", how_to_pay="By transfer.")


def bookkeeper(world: World) -> Bookkeeper:
    """Whoever sets up billing at AiDial."""
    return Bookkeeper(world.urls.owner_url)


async def billed_business(
    world: World, *timezones: str, plan: str = "starter", months_ago: int = 0
) -> Business:
    """A new tenant with an account."""
    business = await open_business(world, *(timezones or ("Australia/Sydney",)))
    now = datetime.now(UTC)
    assert await bookkeeper(world).open_account(business.client_id, plan, months_ago=months_ago, now=now)
    return business


class Troubled(EmbeddedProvider):
    """The embedded provider until `trouble` is set: `refuses`, `hangs`, or an answer to give instead.

    `troubles_only` are the clients whose books alone are in trouble; nobody named is everybody.
    """

    def __init__(self) -> None:
        super().__init__(ISSUER)
        self.trouble: Any = None
        self.troubles_only: frozenset[str] = frozenset()
        self.asked = 0
        self.hanging = self.most_hanging = 0

    async def _meet(self, account: Account) -> Any:
        self.asked += 1
        if self.troubles_only and account.client_id not in self.troubles_only:
            return None
        if self.trouble == "refuses":
            raise ConnectionRefusedError
        if self.trouble == "hangs":
            self.hanging += 1
            self.most_hanging = max(self.most_hanging, self.hanging)
            try:
                await asyncio.Event().wait()
            finally:
                self.hanging -= 1
        return self.trouble

    async def usage(self, tx: Tx, account: Account, at: datetime) -> Usage:
        return await self._meet(account) or await super().usage(tx, account, at)

    async def invoices(self, tx: Tx, account: Account, wanted: Wanted) -> Page:
        return await self._meet(account) or await super().invoices(tx, account, wanted)

    async def invoice(self, tx: Tx, account: Account, invoice_id: str) -> Invoice | None:
        return await self._meet(account) or await super().invoice(tx, account, invoice_id)

    async def invoice_pdf(self, tx: Tx, account: Account, invoice: Invoice) -> bytes:
        return await self._meet(account) or await super().invoice_pdf(tx, account, invoice)

    async def payment_portal(self, tx: Tx, account: Account, return_url: str) -> str:
        return await self._meet(account) or await super().payment_portal(tx, account, return_url)

    async def answers(self) -> bool:
        return self.trouble is None


def is_away(answer: Answer) -> bool:
    """Whether an answer says that billing is away, and when to come back."""
    return (answer.status, answer.code) == (503, "billing_provider_unavailable") and int(
        answer.headers["retry-after"]
    ) >= 1
