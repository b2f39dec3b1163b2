"""`GET /v1/usage`, invoices and the payment portal.

The one thing a newcomer would get wrong: an invoice is found by asking the provider about the account in
reach; whoever is denied has nobody's account asked about, so that both take the same way.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from aidial_api.kernel.ask import Ask
from aidial_api.kernel.audit import Event, record
from aidial_api.kernel.billing.port import NOBODY, Account, Wanted
from aidial_api.kernel.clock import utc_now
from aidial_api.kernel.crypto import CursorInvalid
from aidial_api.kernel.route import Answer
from aidial_api.surfaces.billing import store
from aidial_contract import errors
from aidial_contract.fault import Fault, FieldError
from aidial_contract.shapes.billing import (
    Invoice,
    InvoiceAnswer,
    InvoiceList,
    PaymentPortal,
    ProjectUsage,
    Usage,
)

PDF: Final = "application/pdf"
_OTHERS: Final = "Other projects"
_usage = msgspec.json.Decoder(Usage)


async def find(ask: Ask) -> Account | None:
    """The account in reach."""
    return await store.find_account(ask.tx, ask.reach.client_ids)


async def find_invoice(ask: Ask) -> dict[str, Any] | None:
    """The invoice of the account in reach; nobody's for whoever is denied."""
    account = await find(ask) or NOBODY
    invoice = await ask.services.billing.invoice(ask, account, ask.path["invoice_id"])
    if invoice is None:
        return None
    return {"client_id": account.client_id, "account": account, "invoice": invoice}


async def show_usage(ask: Ask) -> Answer:
    """What the provider says now, or what it said last, with its age."""
    account: Account = ask.found
    try:
        usage = await ask.services.billing.usage(ask, account, utc_now())
    except Fault as fault:
        seen = await store.last_seen(ask.tx, account.client_id)
        if fault.row is not errors.BILLING_PROVIDER_UNAVAILABLE or seen is None:
            raise
        usage = msgspec.structs.replace(_usage.decode(seen), is_current=False)
    else:
        said = msgspec.json.encode(usage).decode()
        await store.keep_seen(ask.tx, account.client_id, usage.as_of, said)
    usage.projects = _in_reach(usage.projects, {project.project_id for project in ask.reach.projects})
    return Answer(usage)


def _in_reach(projects: list[ProjectUsage], reached: set[str]) -> list[ProjectUsage]:
    """The projects one reaches by name, the others as one sum: the whole is still the tenant's."""
    shown = [one for one in projects if one.project_id in reached]
    others = [one for one in projects if one.project_id not in reached]
    if others:
        states = {one.state for one in others}
        shown.append(
            ProjectUsage(
                project_id=None,
                display_name=_OTHERS,
                state=next(iter(states - {"not_active_yet"}), "not_active_yet"),
                minutes=sum(one.minutes for one in others),
                sms=sum(one.sms for one in others),
            )
        )
    return shown


async def list_invoices(ask: Ask) -> Answer:
    """A page by keyset, newest first."""
    account: Account = ask.found
    query = ask.query
    bound = ("invoices", account.client_id, query["status"])
    after = _read_cursor(ask, query["cursor"], bound)
    wanted = Wanted(status=query["status"], after=after, most=query["limit"])
    page = await ask.services.billing.invoices(ask, account, wanted)
    cursor = None if page.after is None else ask.services.cursors.encode(page.after, *bound)
    return Answer(InvoiceList(invoices=list(page.invoices), next_cursor=cursor))


def _read_cursor(ask: Ask, text: str | None, bound: tuple[str, ...]) -> str | None:
    if text is None:
        return None
    try:
        return ask.services.cursors.decode(text, str, *bound)
    except CursorInvalid:
        fields = [FieldError("query.cursor", "format")]
        raise Fault(errors.INVALID_CURSOR, field_errors=fields, reason="cursor") from None


async def show_invoice(ask: Ask) -> Answer:
    """One invoice with its lines."""
    return Answer(InvoiceAnswer(invoice=ask.found["invoice"]))


async def download_invoice(ask: Ask) -> Answer:
    """The PDF; each download is recorded. HEAD downloads nothing, so it leaves no event."""
    account: Account = ask.found["account"]
    invoice: Invoice = ask.found["invoice"]
    pdf = await ask.services.billing.invoice_pdf(ask, account, invoice)
    if ask.method != "HEAD":
        await record(ask, _downloaded(account, invoice))
    name = "".join(
        one if one.isascii() and (one.isalnum() or one in "-_.") else "-" for one in invoice.number
    )
    headers = {"content-disposition": f'attachment; filename="invoice-{name}.pdf"'}
    return Answer(pdf, headers=headers, media_type=PDF)


def _downloaded(account: Account, invoice: Invoice) -> Event:
    return Event(
        action="billing.invoice.downloaded",
        target_kind="invoice",
        target_id=invoice.number,
        client_id=account.client_id,
        technical={"invoice_id": invoice.invoice_id, "format": "pdf"},
    )


async def open_payment_portal(ask: Ask) -> Answer:
    """An address for the person who asked; that it was made is recorded, the address is not."""
    account: Account = ask.found
    url = await ask.services.billing.payment_portal(ask, account, ask.body.return_url)
    await record(
        ask,
        Event(
            action="billing.payment_portal.opened",
            target_kind="billing_account",
            target_id=account.client_id,
            client_id=account.client_id,
        ),
    )
    return Answer(PaymentPortal(url=url), status=201)
