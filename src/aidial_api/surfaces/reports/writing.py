"""The e-mail with a month's report: the key figures in words, and the PDF.

The one thing a newcomer would get wrong: the PDF is set anew for each message and download from the numbers
that were kept, so nothing has to be stored, and all of them are alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from aidial_api.kernel.months import moved, named
from aidial_api.kernel.outgoing.port import Attachment, NotSent
from aidial_api.kernel.outgoing.sending import Content, Occasion
from aidial_api.kernel.pdf import PdfMakers, PdfTooLargeError
from aidial_api.surfaces.reports import store
from aidial_api.surfaces.reports.paper import TEMPLATE, document, figures_of, key_figures
from aidial_contract.ids import new_id

if TYPE_CHECKING:
    from aidial_api.kernel.transaction import Tx

PDF: Final = "application/pdf"
_WHY: Final = (
    "You get this because your organisation has its monthly summary sent to you. An administrator changes"
    " that in AiDial under Settings, Reports."
)


def file_name(month: str) -> str:
    """`monthly-summary-2026-10.pdf`."""
    return f"monthly-summary-{month}.pdf"


async def write_report(occasion: Occasion) -> Content | None:
    """The e-mail; None when the tenant is gone or the numbers were deleted. `NotSent` without a PDF."""
    row = await store.one(occasion.tx, occasion.key.client_id, occasion.about_id)
    if row is None or row["figures"] is None:
        return None
    month, tenant = row["month"], " ".join(row["name"].split())
    lines = [
        f"{tenant}, {named(month)}",
        "",
        *(
            f"{label}: {value} ({named(moved(month, -1))}: {before}, {changed})"
            for label, value, before, changed in key_figures(figures_of(row))
        ),
        "",
        "Calls a day, outcomes and projects are in the file.",
        "",
        _WHY,
    ]
    try:
        made = await PdfMakers(at_once=1).make(document(row), template=TEMPLATE)
    except PdfTooLargeError:
        raise NotSent("no_pdf") from None
    attached = Attachment(file_name(month), PDF, made)
    return Content(f"Monthly summary, {named(month)}: {tenant}", "\n".join(lines) + "\n", (attached,))


async def note_sent(tx: Tx, client_id: str, report_id: str, delivery_id: str) -> None:
    """That a message with a report left: the history says to whom."""
    technical = msgspec.json.encode({"delivery_id": delivery_id}).decode()
    await store.tell(tx, new_id(), client_id, "reports.report.sent", report_id, technical)
