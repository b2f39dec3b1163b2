"""An invoice on paper: set by typst from data.

The one thing a newcomer would get wrong: what people wrote reaches the template as JSON, never as markup,
so a business called `#read("/etc/passwd")` is printed as that.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

import msgspec
import typst

if TYPE_CHECKING:
    from datetime import datetime

    from aidial_contract.shapes.billing import Invoice

_MONTHS: Final = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuer:
    """Who invoices are from. Without a number (an ABN) the paper does not call itself a tax invoice."""

    name: str
    number: str | None
    how_to_pay: str | None


async def typeset(invoice: Invoice, timezone: str) -> bytes:
    """The PDF; set in a thread, because it takes milliseconds of one core."""
    data = msgspec.json.encode(_data(invoice, timezone)).decode()
    pdf: bytes = await asyncio.to_thread(
        typst.compile, _template(), format="pdf", sys_inputs={"invoice": data}, ignore_system_fonts=True
    )
    return pdf


@cache
def _template() -> bytes:
    return files(__package__).joinpath("invoice.typ").read_bytes()


def _data(invoice: Invoice, timezone: str) -> dict[str, Any]:
    zone = ZoneInfo(timezone)
    year, month = invoice.period.split("-")
    currency = invoice.currency
    return {
        "title": "Tax invoice" if invoice.issuer_number else "Invoice",
        "issuer": invoice.issuer,
        "issuer_number": invoice.issuer_number or "",
        "billed_to": invoice.billed_to,
        "number": invoice.number,
        "period": f"{_MONTHS[int(month) - 1]} {year}",
        "issued": _day(invoice.issued_at, zone),
        "due": _day(invoice.due_at, zone),
        "paid": "" if invoice.paid_at is None else _day(invoice.paid_at, zone),
        "lines": [
            {
                "description": line.description,
                "quantity": f"{line.quantity:,}",
                "amount": written(line.amount_minor, currency),
            }
            for line in invoice.lines
        ],
        "subtotal": written(invoice.subtotal_minor, currency),
        "tax": written(invoice.tax_minor, currency),
        "total": written(invoice.total_minor, currency),
        "owed": written(invoice.due_minor, currency),
        "how_to_pay": invoice.how_to_pay or "",
    }


def written(amount_minor: int, currency: str) -> str:
    """`$1,204.50` for Australian dollars, `USD 12.00` for others."""
    units, cents = divmod(abs(amount_minor), 100)
    sign = "-" if amount_minor < 0 else ""
    return f"{sign}{'$' if currency == 'AUD' else f'{currency} '}{units:,}.{cents:02d}"


def _day(at: datetime, zone: ZoneInfo) -> str:
    local = at.astimezone(zone)
    return f"{local.day} {_MONTHS[local.month - 1][:3]} {local.year}"
