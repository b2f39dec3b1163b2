"""The pages of billing: `billing/*.html`. Amounts are minor units; templates write them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from datetime import datetime

    from aidial_contract.shapes.billing import Invoice, InvoiceSummary, Usage

    from .shell import Choice


@dataclass(frozen=True, slots=True)
class BillingFrame:
    """What the pages share. `client_name` and `clients_url` are for partners: whose it is, the others."""

    tabs: tuple[Choice, ...]
    timezone: str
    now: datetime
    client_name: str = ""
    clients_url: str = ""


@dataclass(frozen=True, slots=True)
class UsagePage:
    """`/billing/usage`. `usage` None: the provider is away, and nothing was seen before."""

    template: ClassVar[str] = "billing/usage.html"
    frame: BillingFrame
    usage: Usage | None


@dataclass(frozen=True, slots=True)
class InvoiceRow:
    """An invoice and where it opens."""

    invoice: InvoiceSummary
    url: str


@dataclass(frozen=True, slots=True)
class InvoicesPage:
    """`/billing/invoices`. `rows` None: the provider is away."""

    template: ClassVar[str] = "billing/invoices.html"
    frame: BillingFrame
    rows: tuple[InvoiceRow, ...] | None
    filters: tuple[Choice, ...]
    older_url: str | None = None
    newest_url: str | None = None
    is_narrowed: bool = False
    is_further: bool = False


@dataclass(frozen=True, slots=True)
class InvoicePage:
    """One invoice. None: the provider is away."""

    template: ClassVar[str] = "billing/invoice.html"
    frame: BillingFrame
    invoice: Invoice | None
    back_url: str
    pdf_url: str


@dataclass(frozen=True, slots=True)
class PaymentPage:
    """`/billing/payment-methods`."""

    template: ClassVar[str] = "billing/payment.html"
    frame: BillingFrame


@dataclass(frozen=True, slots=True)
class HowToPayPage:
    """`/billing/how-to-pay`: open invoices. None: the provider is away."""

    template: ClassVar[str] = "billing/how_to_pay.html"
    frame: BillingFrame
    rows: tuple[InvoiceRow, ...] | None


@dataclass(frozen=True, slots=True)
class RecipientsPage:
    """`/billing/recipients`: the list at a version."""

    template: ClassVar[str] = "billing/recipients.html"
    frame: BillingFrame
    version: int
    recipients: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BilledClient:
    """A partner's client and the ways into its billing."""

    name: str
    client_id: str
    usage_url: str
    invoices_url: str


@dataclass(frozen=True, slots=True)
class PartnerBillingPage:
    """`/partner/billing`."""

    template: ClassVar[str] = "billing/partner.html"
    clients: tuple[BilledClient, ...]


BillingPage = (
    UsagePage | InvoicesPage | InvoicePage | PaymentPage | HowToPayPage | RecipientsPage | PartnerBillingPage
)
