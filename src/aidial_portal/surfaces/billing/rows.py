"""The rows of billing: pages and JSON.

The one thing a newcomer would get wrong: a denial of a row with an id asks `/v1` with a client as well, for a
partner who names none is told so before anything is looked for.
"""

from __future__ import annotations

from typing import Final

from aidial_contract.access import Permission
from aidial_contract.params import BILLED_CLIENT_PARAMS, INVOICE_PARAMS
from aidial_contract.scope import ScopeKind
from aidial_contract.shapes.billing import NewBillingRecipients
from aidial_portal.kernel.limits import BILLING, Bucket
from aidial_portal.kernel.pages import page_row
from aidial_portal.kernel.route import (
    CALL_DENIAL,
    Access,
    Handler,
    Precondition,
    Route,
    RouteScope,
    json_body,
)
from aidial_portal.kernel.rows import REPEATABLE, change_row, read_row
from aidial_portal.surfaces.billing import api, pages
from aidial_portal.surfaces.billing.client import PDF

_CLIENT: Final = RouteScope(kind=ScopeKind.CLIENTS, client_id="query.client_id", project_id=None)
_INVOICE: Final = RouteScope(kind=ScopeKind.RECORD, client_id="query.client_id", project_id=None)
_OWN: Final = RouteScope(kind=ScopeKind.CLIENTS, client_id=None, project_id=None)
_NO_INVOICE: Final = "/v1/invoices/{id}?client_id={id}"
_AWAY: Final = ("billing_provider_unavailable",)
_NAMELESS: Final = ("malformed_request",)


def _page(  # noqa: PLR0913 - a row is its policy, said in full
    path: str,
    name: str,
    handler: Handler,
    permission: Permission = Permission.BILLING_VIEW,
    *,
    scope: RouteScope = _CLIENT,
    query: frozenset[str] = frozenset({"client_id"}),
    bucket: Bucket | None = BILLING,
    denial: str = CALL_DENIAL,
) -> Route:
    return page_row(
        path,
        f"billing.{name}",
        handler,
        access=Access.FULL,
        permission=permission,
        scope=scope,
        query=query,
        bucket=bucket,
        denial=denial,
    )


def _pages() -> tuple[Route, ...]:
    paying = Permission.BILLING_OPEN_PAYMENT_PORTAL
    nothing: frozenset[str] = frozenset()
    return (
        _page("/billing", "home", pages.home, bucket=None),  # leads on to one that counts
        _page("/billing/usage", "usage_page", pages.usage),
        _page(
            "/billing/invoices",
            "invoices_page",
            pages.invoices,
            query=frozenset({"client_id", "status", "cursor"}),
        ),
        _page(
            "/billing/invoices/{invoice_id}",
            "invoice_page",
            pages.invoice,
            scope=_INVOICE,
            denial=_NO_INVOICE,
        ),
        _page("/billing/payment-methods", "payment_page", pages.payment, paying, scope=_OWN, query=nothing),
        _page("/billing/how-to-pay", "how_to_pay_page", pages.how_to_pay, paying, scope=_OWN, query=nothing),
        _page(
            "/billing/recipients",
            "recipients_page",
            pages.recipients,
            Permission.BILLING_EDIT_RECIPIENTS,
            scope=_OWN,
            query=nothing,
        ),
        _page(
            "/partner/billing",
            "partner_page",
            pages.partner,
            Permission.BILLING_CHOOSE_CLIENT,
            scope=_OWN,
            query=nothing,
        ),
    )


def _json() -> tuple[Route, ...]:
    view, edit = Permission.BILLING_VIEW, Permission.BILLING_EDIT_RECIPIENTS
    told = (*_AWAY, *_NAMELESS)
    return (
        read_row(
            "/api/billing/usage",
            "billing.usage",
            api.usage,
            permission=view,
            scope=_CLIENT,
            params=BILLED_CLIENT_PARAMS,
            bucket=BILLING,
            errors=told,
        ),
        read_row(
            "/api/billing/invoices",
            "billing.invoices",
            api.invoices,
            permission=view,
            scope=_CLIENT,
            params=INVOICE_PARAMS,
            bucket=BILLING,
            errors=(*told, "invalid_cursor"),
        ),
        read_row(
            "/api/billing/invoices/{invoice_id}",
            "billing.invoice",
            api.invoice,
            permission=view,
            scope=_INVOICE,
            params=BILLED_CLIENT_PARAMS,
            bucket=BILLING,
            denial=_NO_INVOICE,
            errors=told,
        ),
        read_row(
            "/api/billing/invoices/{invoice_id}/pdf",
            "billing.invoice_pdf",
            api.invoice_pdf,
            permission=view,
            scope=_INVOICE,
            params=BILLED_CLIENT_PARAMS,
            bucket=BILLING,
            denial=_NO_INVOICE,
            produces=PDF,
            errors=told,
        ),
        change_row(
            "POST",
            "/api/billing/payment-portal",
            "billing.payment_portal",
            api.payment_portal,
            permission=Permission.BILLING_OPEN_PAYMENT_PORTAL,
            scope=_OWN,
            bucket=BILLING,
            errors=(*_AWAY, *REPEATABLE),
        ),
        read_row(
            "/api/billing/recipients",
            "billing.recipients",
            api.recipients,
            permission=edit,
            scope=_OWN,
            bucket=BILLING,
        ),
        change_row(
            "PUT",
            "/api/billing/recipients",
            "billing.change_recipients",
            api.change_recipients,
            permission=edit,
            scope=_OWN,
            bucket=BILLING,
            body=json_body(NewBillingRecipients),
            precondition=Precondition.EXPECTED_VERSION,
            errors=("version_conflict",),
        ),
    )


def rows() -> tuple[Route, ...]:
    """Everything under `/billing`, `/partner/billing` and `/api/billing`."""
    return (*_pages(), *_json())
