"""Billing as JSON, and the PDF of an invoice.

The one thing a newcomer would get wrong: the file is read whole before a byte is sent on, so that a billing
provider in trouble is an error in words and never half a file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import Response

from aidial_contract.shapes.billing import BillingRecipients, InvoiceList
from aidial_portal.kernel.answers import json_answer
from aidial_portal.surfaces.billing import client

if TYPE_CHECKING:
    from aidial_portal.kernel.request import PortalRequest

CREATED = 201


async def usage(request: PortalRequest) -> Response:
    """`GET /api/billing/usage`."""
    return json_answer(await client.usage(request))


async def invoices(request: PortalRequest) -> Response:
    """`GET /api/billing/invoices`: `{"invoices", "next_cursor"}`, the same query as `/v1`."""
    return json_answer(await request.api.forward("/v1/invoices", InvoiceList, query=request.query))


async def invoice(request: PortalRequest) -> Response:
    """`GET /api/billing/invoices/{invoice_id}`: `{"invoice"}`."""
    return json_answer(await client.invoice(request))


async def invoice_pdf(request: PortalRequest) -> Response:
    """`GET /api/billing/invoices/{invoice_id}/pdf`: an attachment."""
    body, name = await client.invoice_pdf(request)
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return Response(body, media_type=client.PDF, headers=headers)


async def payment_portal(request: PortalRequest) -> Response:
    """`POST /api/billing/payment-portal`: 201 `{"url"}`."""
    return json_answer(await client.payment_portal(request), CREATED)


async def recipients(request: PortalRequest) -> Response:
    """`GET /api/billing/recipients`: `{"version", "recipients"}`."""
    return json_answer(await client.recipients(request))


async def change_recipients(request: PortalRequest) -> Response:
    """`PUT /api/billing/recipients`: the new document."""
    path = "/v1/billing-recipients"
    return json_answer(await request.api.send("PUT", path, BillingRecipients, body=request.value))
