"""Billing on the wire: usage, invoices, recipients. Also what a billing provider answers with.

The one thing a newcomer would get wrong: money is integer minor units and a currency, never a float; and an
amount may be negative only where something is taken off.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlsplit

from msgspec import Meta

from aidial_contract.fault import FieldError
from aidial_contract.shapes.common import Incoming, Outgoing, Time, Uuid, Version

UsageState = Literal["active", "approaching_limit", "over_limit", "not_active_yet"]
InvoiceStatus = Literal["open", "paid"]
INVOICE_FILTERS: Final = ("all", "paid", "open")
MAX_RECIPIENTS: Final = 10

_MOST: Final = 2**53 - 1
Amount = Annotated[int, Meta(ge=-_MOST, le=_MOST, description="Minor units, such as cents")]
Charge = Annotated[int, Meta(ge=0, le=_MOST, description="Minor units, such as cents")]
Whole = Annotated[int, Meta(ge=0, le=_MOST)]
Currency = Annotated[str, Meta(pattern=r"\A[A-Z]{3}\Z", description="ISO 4217")]
Month = Annotated[str, Meta(pattern=r"\A\d{4}-(?:0[1-9]|1[0-2])\Z", description="A calendar month: 2026-11")]
Email = Annotated[
    str, Meta(max_length=254, pattern=r"\A[^@\s\x00-\x1f\x7f]{1,64}@[^@\s\x00-\x1f\x7f]{1,189}\Z")
]
Url = Annotated[str, Meta(max_length=2_000, pattern=r"\Ahttps?://[^\s\x00-\x1f\x7f\\]+\Z")]


class BillingPlan(Outgoing):
    """What a tenant has agreed to: a month's fee and minutes, and the rates beyond."""

    name: str
    monthly_fee_minor: Charge
    included_minutes: Whole
    overage_rate_minor: Charge
    sms_rate_minor: Charge
    currency: Currency


class ProjectUsage(Outgoing):
    """One project's part. `project_id` is null for the projects out of your reach, together."""

    project_id: Uuid | None
    display_name: str
    state: UsageState
    minutes: Whole
    sms: Whole


class BillingChange(Outgoing):
    """A discount or an adjustment. `last_period` is null for a discount without an end."""

    description: str
    percent: Annotated[float, Meta(ge=0, le=100)] | None
    amount_minor: Amount | None
    first_period: Month
    last_period: Month | None
    is_applied: bool


class InvoiceLine(Outgoing):
    """What is charged, or taken off."""

    description: str
    quantity: Whole
    amount_minor: Amount


class Estimate(Outgoing):
    """What the month would cost if it ended now."""

    lines: list[InvoiceLine]
    subtotal_minor: Charge
    tax_minor: Charge
    total_minor: Charge
    currency: Currency


class Usage(Outgoing):
    """`GET /v1/usage`: the current month of a tenant.

    `is_current` is false while the billing provider does not answer: the numbers are those of `as_of`. `plan`
    and `estimate` are null for a tenant that is not billed yet.
    """

    client_id: str
    state: UsageState
    period: Month
    starts_at: Time
    resets_at: Time
    timezone: str
    plan: BillingPlan | None
    minutes_used: Whole
    included_minutes: Whole
    overage_minutes: Whole
    sms_sent: Whole
    projects: list[ProjectUsage]
    discounts: list[BillingChange]
    adjustments: list[BillingChange]
    estimate: Estimate | None
    as_of: Time
    is_current: bool


class InvoiceSummary(Outgoing):
    """One row of the list. `period` is the month it is for."""

    invoice_id: str
    number: str
    period: Month
    issued_at: Time
    status: InvoiceStatus
    subtotal_minor: Charge
    tax_minor: Charge
    total_minor: Charge
    currency: Currency


class InvoiceList(Outgoing):
    """`GET /v1/invoices`, newest first."""

    invoices: list[InvoiceSummary]
    next_cursor: str | None


class Invoice(InvoiceSummary):
    """One invoice. `paid_minor` and `due_minor` add up to the total; `issuer_number` is an ABN."""

    due_at: Time
    paid_at: Time | None
    paid_minor: Charge
    due_minor: Charge
    issuer: str
    issuer_number: str | None
    billed_to: str
    how_to_pay: str | None
    lines: list[InvoiceLine]


class InvoiceAnswer(Outgoing):
    """`GET /v1/invoices/{invoice_id}`."""

    invoice: Invoice


class PaymentPortalRequest(Incoming):
    """`POST /v1/payment-portal`: where the payment portal leads back to."""

    return_url: Url


def return_rules(body: Any, failed: frozenset[str]) -> Iterable[FieldError]:
    """The way back is an address with a host, and nobody's name and password in it."""
    url = body.get("return_url") if isinstance(body, dict) else None
    if isinstance(url, str) and "/return_url" not in failed and not _has_host(url):
        yield FieldError("/return_url", "format")


def _has_host(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return bool(parts.hostname) and "@" not in parts.netloc and parts.port != 0
    except ValueError:
        return False


class PaymentPortal(Outgoing):
    """Where payment methods are looked after: open it for the person who asked, soon."""

    url: Url


class BillingRecipients(Outgoing):
    """`GET /v1/billing-recipients`: who is sent invoices by e-mail."""

    version: Version
    recipients: list[Email]


class NewBillingRecipients(Incoming):
    """`PUT /v1/billing-recipients`: the whole new list."""

    recipients: Annotated[list[Email], Meta(max_length=MAX_RECIPIENTS)]
    expected_version: Version | None = None
