"""What billing asks of `/v1`.

The one thing a newcomer would get wrong: `client_id` goes on as it came. Whether one is needed, and whose
billing a person may see, is said by the API.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, urlsplit

from aidial_contract.shapes.billing import (
    BillingRecipients,
    InvoiceAnswer,
    InvoiceList,
    PaymentPortal,
    PaymentPortalRequest,
    Usage,
)
from aidial_contract.transport import violation
from aidial_portal.kernel.api import with_query

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aidial_portal.kernel.request import PortalRequest

PDF: Final = "application/pdf"
RETURN_PATH: Final = "/billing/payment-methods"
_FILE_NAME: Final = re.compile(r'attachment; filename="([A-Za-z0-9._-]{1,120})"')


def named_client(request: PortalRequest) -> dict[str, str]:
    """The client of the address, when it names one."""
    client_id = request.query.get("client_id")
    return {} if client_id is None else {"client_id": client_id}


async def usage(request: PortalRequest) -> Usage:
    """The current month."""
    return await request.api.get("/v1/usage", Usage, query=named_client(request))


async def invoices(request: PortalRequest, query: Mapping[str, str]) -> InvoiceList:
    """A page of invoices."""
    return await request.api.get("/v1/invoices", InvoiceList, query=query)


async def invoice(request: PortalRequest) -> InvoiceAnswer:
    """The invoice of the path: asked for alone, so that one out of reach costs what a denial costs."""
    return await request.api.get(_path(request), InvoiceAnswer, query=named_client(request))


async def invoice_pdf(request: PortalRequest) -> tuple[bytes, str]:
    """Its PDF and the name of the file."""
    path = with_query(f"{_path(request)}/pdf", named_client(request))
    reply = await request.api.call(request.method, path, extra={"accept": PDF}, records=True)
    named = _FILE_NAME.fullmatch(reply.headers.get("content-disposition", ""))
    whole = reply.body.startswith(b"%PDF-") or request.method == "HEAD"
    if reply.media_type != PDF or not whole or named is None:
        raise violation("an invoice's file is not a PDF with a name")
    return reply.body, named[1]


async def payment_portal(request: PortalRequest) -> PaymentPortal:
    """Where payment methods are looked after, leading back here; only https, or this portal itself."""
    key = request.headers.get("idempotency-key")
    origin = request.portal.origin
    opened = await request.api.send(
        "POST",
        "/v1/payment-portal",
        PaymentPortal,
        body=PaymentPortalRequest(return_url=origin + RETURN_PATH),
        extra={"idempotency-key": key} if key else None,
    )
    if urlsplit(opened.url).scheme != "https" and not opened.url.startswith(f"{origin}/"):
        raise violation("an address that is not safe to open")
    return opened


async def recipients(request: PortalRequest) -> BillingRecipients:
    """Who is sent invoices."""
    return await request.api.get("/v1/billing-recipients", BillingRecipients)


def _path(request: PortalRequest) -> str:
    return f"/v1/invoices/{quote(request.path_values['invoice_id'], safe='')}"
