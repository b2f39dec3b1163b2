"""The pages of billing.

The one thing a newcomer would get wrong: while the billing provider is away a page still stands, says so in
the place of what it lacks, and is answered 503, so that nobody takes "no invoices" for an answer.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from aidial_contract import errors
from aidial_contract.access import Permission, level_of
from aidial_contract.fault import Fault
from aidial_contract.shapes.billing import INVOICE_FILTERS
from aidial_portal.design import context
from aidial_portal.design.links import with_query
from aidial_portal.kernel import answers
from aidial_portal.kernel.pages import FALLBACK_ZONE, draw, require_address
from aidial_portal.surfaces.billing import client
from aidial_portal.words import N_, _, pgettext

if TYPE_CHECKING:
    from starlette.responses import Response

    from aidial_portal.design.context import BillingFrame, BillingPage
    from aidial_portal.kernel.request import PortalRequest

PATH: Final = "/billing/usage"
PARTNER_PATH: Final = "/partner/billing"
_INVOICES: Final = "/billing/invoices"
_TABS: Final = (
    (N_("Usage"), PATH, Permission.BILLING_VIEW),
    (N_("Invoices"), _INVOICES, Permission.BILLING_VIEW),
    (N_("Payment methods"), "/billing/payment-methods", Permission.BILLING_OPEN_PAYMENT_PORTAL),
    (N_("Recipients"), "/billing/recipients", Permission.BILLING_EDIT_RECIPIENTS),
)
_FILTER_NAMES: Final = {"all": N_("All"), "paid": N_("Paid")}


async def home(request: PortalRequest) -> Response:
    """`/billing` leads to usage; a partner who named no client, to their clients."""
    return _to_clients(request) or answers.redirect(with_query(PATH, client.named_client(request)))


async def usage(request: PortalRequest) -> Response:
    """`/billing/usage`."""
    to_clients = _to_clients(request)
    if to_clients is not None:
        return to_clients
    try:
        found = await client.usage(request)
    except Fault as fault:
        return _draw_away(request, context.UsagePage(_frame(request, PATH), None), fault)
    return _draw(request, context.UsagePage(_frame(request, PATH), found))


async def invoices(request: PortalRequest) -> Response:
    """`/billing/invoices`: a page of the list; a status it does not know means all."""
    to_clients = _to_clients(request)
    if to_clients is not None:
        return to_clients
    asked = request.query.get("status", "")
    status = asked if asked in INVOICE_FILTERS else "all"
    named = client.named_client(request)
    kept = named | ({"status": status} if status != "all" else {})
    cursor = request.query.get("cursor")
    filters = tuple(
        context.Choice(
            _filter_name(name),
            url=with_query(_INVOICES, named, status=name if name != "all" else None),
            is_current=name == status,
        )
        for name in INVOICE_FILTERS
    )
    frame = _frame(request, _INVOICES)
    page = context.InvoicesPage(frame, None, filters, is_narrowed=status != "all", is_further=bool(cursor))
    try:
        found = await client.invoices(request, kept | ({"cursor": cursor} if cursor else {}))
    except Fault as fault:
        if fault.row is errors.INVALID_CURSOR:
            return answers.redirect(with_query(_INVOICES, kept))
        return _draw_away(request, page, fault)
    rows = tuple(
        context.InvoiceRow(one, with_query(f"{_INVOICES}/{one.invoice_id}", named)) for one in found.invoices
    )
    older = with_query(_INVOICES, kept, cursor=found.next_cursor) if found.next_cursor else None
    newest = with_query(_INVOICES, kept) if cursor else None
    return _draw(
        request,
        context.InvoicesPage(
            frame, rows, filters, older, newest, is_narrowed=status != "all", is_further=bool(cursor)
        ),
    )


def _filter_name(name: str) -> str:
    return _(_FILTER_NAMES[name]) if name in _FILTER_NAMES else pgettext("an invoice", "Open")


async def invoice(request: PortalRequest) -> Response:
    """`/billing/invoices/{invoice_id}`."""
    to_clients = _to_clients(request)
    if to_clients is not None:
        return to_clients
    named = client.named_client(request)
    frame = _frame(request, _INVOICES)
    back = with_query(_INVOICES, named)
    try:
        found = (await client.invoice(request)).invoice
    except Fault as fault:
        return _draw_away(request, context.InvoicePage(frame, None, back, ""), fault)
    pdf_url = with_query(f"/api/billing/invoices/{found.invoice_id}/pdf", named)
    return _draw(request, context.InvoicePage(frame, found, back, pdf_url))


async def payment(request: PortalRequest) -> Response:
    """`/billing/payment-methods`: what the payment portal is for, and the way there."""
    await require_address(request)
    return _draw(request, context.PaymentPage(_frame(request, "/billing/payment-methods")))


async def how_to_pay(request: PortalRequest) -> Response:
    """`/billing/how-to-pay`: open invoices and their references, where invoices are paid by transfer."""
    frame = _frame(request, "/billing/payment-methods")
    try:
        found = await client.invoices(request, {"status": "open", "limit": "100"})
    except Fault as fault:
        return _draw_away(request, context.HowToPayPage(frame, None), fault)
    rows = tuple(context.InvoiceRow(one, f"{_INVOICES}/{one.invoice_id}") for one in found.invoices)
    return _draw(request, context.HowToPayPage(frame, rows))


async def recipients(request: PortalRequest) -> Response:
    """`/billing/recipients`: the list, to be edited."""
    found = await client.recipients(request)
    frame = _frame(request, "/billing/recipients")
    return _draw(request, context.RecipientsPage(frame, found.version, tuple(found.recipients)))


async def partner(request: PortalRequest) -> Response:
    """`/partner/billing`: a partner's clients."""
    clients = tuple(
        context.BilledClient(
            one.name,
            one.client_id,
            with_query(PATH, {"client_id": one.client_id}),
            with_query(_INVOICES, {"client_id": one.client_id}),
        )
        for one in sorted(request.session.known.clients, key=lambda one: one.name.casefold())
    )
    return draw(request, context.PartnerBillingPage(clients), path=PARTNER_PATH)


def _is_partner(request: PortalRequest) -> bool:
    role = request.session.role
    return role is not None and level_of(role, Permission.BILLING_CHOOSE_CLIENT) is not None


def _to_clients(request: PortalRequest) -> Response | None:
    """A partner chooses a client first."""
    nameless = _is_partner(request) and "client_id" not in request.query
    return answers.redirect(PARTNER_PATH) if nameless else None


def _frame(request: PortalRequest, current: str) -> BillingFrame:
    """What the pages have in common: whose billing, its zone, and the tabs the role may open."""
    role, named = request.session.role, client.named_client(request)
    known = request.session.known
    client_id = named.get("client_id", known.client_id)
    found = next((one for one in known.clients if one.client_id == client_id), None)
    tabs = tuple(
        context.Choice(_(label), url=with_query(path, named), is_current=path == current)
        for label, path, permission in _TABS
        if role is not None and level_of(role, permission) is not None
    )
    return context.BillingFrame(
        tabs=tabs,
        timezone=found.timezone if found is not None else FALLBACK_ZONE,
        now=datetime.now(UTC),
        client_name=found.name if found is not None and _is_partner(request) else "",
        clients_url=PARTNER_PATH if _is_partner(request) else "",
    )


def _draw(request: PortalRequest, page: BillingPage, status: int = 200) -> Response:
    return draw(request, page, path=PARTNER_PATH if _is_partner(request) else PATH, status=status)


def _draw_away(request: PortalRequest, page: BillingPage, fault: Fault) -> Response:
    """The page without what the provider keeps; any other trouble fails the page."""
    if fault.row is not errors.BILLING_PROVIDER_UNAVAILABLE:
        raise fault
    request.reason = f"{fault.row.code}: {fault.reason}"
    response = _draw(request, page, fault.row.status)
    response.headers["retry-after"] = str(fault.retry_after_seconds)
    return response
