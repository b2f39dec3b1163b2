"""The embedded provider: usage from our own calls, invoices from our own tables, PDFs set by typst.

The one thing a newcomer would get wrong: it is behind the same port as a company's service, so nothing
outside this package may read its tables.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Literal
from urllib.parse import urlsplit

import msgspec

from aidial_api.kernel.billing.port import NOBODY, Page
from aidial_api.kernel.months import begin_of, month_of, moved
from aidial_api.surfaces.billing.embedded import books
from aidial_api.surfaces.billing.embedded.charges import is_approaching, overage, whole_minutes
from aidial_api.surfaces.billing.embedded.paper import Issuer, typeset
from aidial_api.surfaces.billing.embedded.reckoning import Month, applies, reckon
from aidial_contract.ids import parse_uuid
from aidial_contract.shapes.billing import (
    BillingChange,
    Estimate,
    Invoice,
    InvoiceLine,
    InvoiceSummary,
    ProjectUsage,
    Usage,
    UsageState,
)

if TYPE_CHECKING:
    import asyncpg

    from aidial_api.kernel.billing.port import Account, Wanted
    from aidial_api.kernel.transaction import Tx

HOW_TO_PAY_PATH: Final = "/billing/how-to-pay"
"""The portal's page that says how: invoices of this provider are paid by transfer."""

_NO_INVOICE: Final = "00000000-0000-0000-0000-000000000000"
_PERCENT: Final = 100
_lines = msgspec.json.Decoder(list[InvoiceLine])


class EmbeddedProvider:
    """See `BillingProvider`. `issuer` is who invoices are from."""

    def __init__(self, issuer: Issuer) -> None:
        self._issuer = issuer

    async def usage(self, tx: Tx, account: Account, at: datetime) -> Usage:
        """Counted now, from the calls."""
        month = month_of(at, account.timezone)
        held = await reckon(tx, account.client_id, month, account.timezone)
        state = _state(held)
        return Usage(
            client_id=account.client_id,
            state=state,
            period=month,
            starts_at=begin_of(month, account.timezone),
            resets_at=begin_of(moved(month, 1), account.timezone),
            timezone=account.timezone,
            plan=held.plan,
            minutes_used=held.minutes,
            included_minutes=held.plan.included_minutes if held.plan else 0,
            overage_minutes=overage(held.minutes, held.plan) if held.plan else 0,
            sms_sent=held.sms,
            projects=[_project(row, state) for row in held.used],
            discounts=_changes(held, "discount", month),
            adjustments=_changes(held, "adjustment", month),
            estimate=_estimate(held),
            as_of=at,
            is_current=True,
        )

    async def invoices(self, tx: Tx, account: Account, wanted: Wanted) -> Page:
        """A range of one index; one more is read to know whether there is a next page."""
        after = _place(wanted.after)
        status = None if wanted.status == "all" else wanted.status
        rows = await books.read_page(tx, account.client_id, status, after, wanted.most + 1)
        shown = rows[: wanted.most]
        more = len(rows) > wanted.most
        ends = f"{shown[-1]['issued_at'].isoformat()} {shown[-1]['invoice_id']}" if more else None
        return Page([InvoiceSummary(**_summary(row)) for row in shown], ends)

    async def invoice(self, tx: Tx, account: Account, invoice_id: str) -> Invoice | None:
        """Found by the account and the id; a text that is no id is looked for like any other."""
        row = await books.read_invoice(tx, account.client_id, parse_uuid(invoice_id) or _NO_INVOICE)
        if row is None or account is NOBODY:
            return None
        is_paid = row["paid_at"] is not None
        return Invoice(
            **_summary(row),
            due_at=row["due_at"],
            paid_at=row["paid_at"],
            paid_minor=row["total_minor"] if is_paid else 0,
            due_minor=0 if is_paid else row["total_minor"],
            issuer=self._issuer.name,
            issuer_number=self._issuer.number,
            billed_to=row["billed_to"],
            how_to_pay=None if is_paid else self._issuer.how_to_pay,
            lines=_lines.decode(row["lines"]),
        )

    async def invoice_pdf(self, tx: Tx, account: Account, invoice: Invoice) -> bytes:
        """Set from the same invoice people read on the page."""
        del tx
        return await typeset(invoice, account.timezone)

    async def payment_portal(self, tx: Tx, account: Account, return_url: str) -> str:
        """Our own page of what is owed and how to pay it."""
        del tx, account
        parts = urlsplit(return_url)
        return f"{parts.scheme}://{parts.netloc}{HOW_TO_PAY_PATH}"

    async def answers(self) -> bool:
        """Its books are in the database, which health asks about itself."""
        return True


def _state(held: Month) -> UsageState:
    if held.plan is None:
        return "not_active_yet"
    if overage(held.minutes, held.plan):
        return "over_limit"
    return "approaching_limit" if is_approaching(held.minutes, held.plan) else "active"


def _project(row: asyncpg.Record, state: UsageState) -> ProjectUsage:
    """The minutes are one pool: every line that takes calls is where the tenant is."""
    return ProjectUsage(
        project_id=str(row["project_id"]),
        display_name=row["display_name"],
        state=state if row["has_calls"] else "not_active_yet",
        minutes=whole_minutes(row["seconds"]),
        sms=row["sms"],
    )


def _changes(held: Month, kind: Literal["discount", "adjustment"], month: str) -> list[BillingChange]:
    return [
        BillingChange(
            description=one["description"],
            percent=None if one["percent_bp"] is None else one["percent_bp"] / _PERCENT,
            amount_minor=one["amount_minor"],
            first_period=one["first_period"],
            last_period=one["last_period"],
            is_applied=applies(one, month),
        )
        for one in held.changes
        if one["kind"] == kind
    ]


def _estimate(held: Month) -> Estimate | None:
    if held.made is None or held.plan is None:
        return None
    return Estimate(
        lines=list(held.made.lines),
        subtotal_minor=held.made.subtotal_minor,
        tax_minor=held.made.tax_minor,
        total_minor=held.made.total_minor,
        currency=held.plan.currency,
    )


def _place(after: str | None) -> tuple[datetime, str] | None:
    if after is None:
        return None
    issued_at, _, invoice_id = after.partition(" ")
    return datetime.fromisoformat(issued_at), invoice_id


def _summary(row: asyncpg.Record) -> dict[str, Any]:
    names: Sequence[str] = InvoiceSummary.__struct_fields__
    return {name: row[name] for name in names} | {"invoice_id": str(row["invoice_id"])}
