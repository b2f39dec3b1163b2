"""What a billing provider must be able to do: the embedded one here, a company's service in production.

The one thing a newcomer would get wrong: a provider is asked about an `Account`, never about an id alone.
What belongs to another account does not exist for it, and it answers None, as for what never was.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final, Literal, Protocol

if TYPE_CHECKING:
    from aidial_api.kernel.transaction import Tx
    from aidial_contract.shapes.billing import Invoice, InvoiceSummary, Usage


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Whose books are asked for, found through the scope; `timezone` decides where its months begin."""

    client_id: str
    name: str
    timezone: str


NOBODY: Final = Account(client_id="", name="", timezone="UTC")
"""An account that has nothing: asked about for whoever is denied, so that a denial costs what a miss does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A page of invoices, newest first: at most `most`, after the place where the page before ended."""

    status: Literal["all", "paid", "open"]
    after: str | None
    most: int


@dataclass(frozen=True, slots=True)
class Page:
    """Invoices, and the place where they end (the provider's own words), None when there are no more."""

    invoices: Sequence[InvoiceSummary]
    after: str | None


class BillingProvider(Protocol):
    """Any exception but the database's own means that the provider is away; the desk says so for it.

    `tx` is the request's transaction, for a provider that keeps its books in our database or counts our
    calls; another leaves it alone. Amounts are of the invoice's currency. Invoices that are neither owed
    nor paid (drafts, cancelled ones) are not listed.
    """

    async def usage(self, tx: Tx, account: Account, at: datetime) -> Usage:
        """The month that holds `at`, with every project of the account."""
        ...

    async def invoices(self, tx: Tx, account: Account, wanted: Wanted) -> Page:
        """One page."""
        ...

    async def invoice(self, tx: Tx, account: Account, invoice_id: str) -> Invoice | None:
        """One invoice of the account, whatever text the id is."""
        ...

    async def invoice_pdf(self, tx: Tx, account: Account, invoice: Invoice) -> bytes:
        """The invoice as a PDF."""
        ...

    async def payment_portal(self, tx: Tx, account: Account, return_url: str) -> str:
        """Where the account's payment methods are looked after: https, or of `return_url`'s origin."""
        ...

    async def answers(self) -> bool:
        """Whether the provider works, for health: cheap."""
        ...
