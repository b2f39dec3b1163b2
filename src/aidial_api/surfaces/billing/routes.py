"""The rows of billing.

The one thing a newcomer would get wrong: a partner names the client on every row they may use, because nobody
should pay for, or look at, the wrong one by default.
"""

from __future__ import annotations

from typing import Any

from aidial_api.kernel.route import Access, AuthMode, Precondition, Route
from aidial_api.surfaces.billing import handlers, recipients
from aidial_contract.access import Permission
from aidial_contract.params import BILLED_CLIENT_PARAMS, INVOICE_PARAMS
from aidial_contract.scope import ScopeKind
from aidial_contract.shapes.billing import (
    BillingRecipients,
    InvoiceAnswer,
    InvoiceList,
    NewBillingRecipients,
    PaymentPortal,
    PaymentPortalRequest,
    Usage,
    return_rules,
)

_PEOPLE: dict[str, Any] = {"access": Access.FULL, "auth": AuthMode.BEARER, "bucket": "reads"}
_VIEW: dict[str, Any] = {
    **_PEOPLE,
    "method": "GET",
    "permission": Permission.BILLING_VIEW,
    "names_client": True,
}
_AWAY = ("billing_provider_unavailable",)

ROWS = (
    Route(
        **_VIEW,
        path="/v1/usage",
        name="billing.usage",
        summary="What the tenant has used this month, by project. Old numbers say so while billing is away.",
        handler=handlers.show_usage,
        scope=ScopeKind.CLIENTS,
        find=handlers.find,
        answers={200: Usage},
        query=BILLED_CLIENT_PARAMS,
        records=True,
        errors=_AWAY,
    ),
    Route(
        **_VIEW,
        path="/v1/invoices",
        name="billing.invoices",
        summary="A page of the tenant's invoices, newest first.",
        handler=handlers.list_invoices,
        scope=ScopeKind.CLIENTS,
        find=handlers.find,
        answers={200: InvoiceList},
        query=INVOICE_PARAMS,
        errors=_AWAY,
    ),
    Route(
        **_VIEW,
        path="/v1/invoices/{invoice_id}",
        name="billing.invoice",
        summary="One invoice with its lines and tax.",
        handler=handlers.show_invoice,
        scope=ScopeKind.RECORD,
        find=handlers.find_invoice,
        answers={200: InvoiceAnswer},
        query=BILLED_CLIENT_PARAMS,
        errors=_AWAY,
    ),
    Route(
        **_VIEW,
        path="/v1/invoices/{invoice_id}/pdf",
        name="billing.invoice_pdf",
        summary="One invoice as a PDF. The download is recorded in the activity log.",
        handler=handlers.download_invoice,
        scope=ScopeKind.RECORD,
        find=handlers.find_invoice,
        answers={200: bytes},
        query=BILLED_CLIENT_PARAMS,
        media_type=handlers.PDF,
        records=True,
        errors=_AWAY,
    ),
    Route(
        **_PEOPLE,
        method="POST",
        path="/v1/payment-portal",
        name="billing.payment_portal",
        summary="An address at which the tenant's payment methods are looked after.",
        handler=handlers.open_payment_portal,
        permission=Permission.BILLING_OPEN_PAYMENT_PORTAL,
        scope=ScopeKind.CLIENTS,
        find=handlers.find,
        body=PaymentPortalRequest,
        rules=(return_rules,),
        answers={201: PaymentPortal},
        writes=True,
        idempotent_create=True,
        errors=_AWAY,
    ),
    Route(
        **_PEOPLE,
        method="GET",
        path="/v1/billing-recipients",
        name="billing.recipients",
        summary="Who is sent invoices by e-mail.",
        handler=recipients.show,
        permission=Permission.BILLING_EDIT_RECIPIENTS,
        scope=ScopeKind.CLIENTS,
        find=handlers.find,
        answers={200: BillingRecipients},
    ),
    Route(
        **_PEOPLE,
        method="PUT",
        path="/v1/billing-recipients",
        name="billing.change_recipients",
        summary="Replace who is sent invoices by e-mail.",
        handler=recipients.change,
        permission=Permission.BILLING_EDIT_RECIPIENTS,
        scope=ScopeKind.CLIENTS,
        find=handlers.find,
        body=NewBillingRecipients,
        rules=(recipients.once_each,),
        precondition=Precondition.EXPECTED_VERSION,
        answers={200: BillingRecipients},
        writes=True,
        errors=("version_conflict", "precondition_required"),
    ),
)
