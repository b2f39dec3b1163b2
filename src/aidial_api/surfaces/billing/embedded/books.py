"""The embedded provider's statements: accounts, changes, what was used, invoices.

The one thing a newcomer would get wrong: every statement names one client, and the transaction's reach stands
behind it; an account nobody has (`""`) finds nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

from aidial_contract.ids import new_id

if TYPE_CHECKING:
    import asyncpg

    from aidial_api.kernel.transaction import Tx
    from aidial_api.surfaces.billing.embedded.charges import Bill
    from aidial_contract.shapes.billing import BillingPlan

_ACCOUNT = "SELECT * FROM billing_accounts WHERE client_id = $1"
_CHANGES = """
SELECT kind, description, percent_bp, amount_minor, first_period, last_period FROM billing_changes
WHERE client_id = $1 ORDER BY first_period DESC, change_id DESC LIMIT 100
"""
# Minutes are an index-only range a project; a project that never took a call is told apart.
_USED = """
SELECT p.project_id, p.display_name, called.seconds, texted.sms,
       EXISTS (SELECT FROM calls c WHERE c.client_id = p.client_id AND c.project_id = p.project_id) AS
       has_calls
FROM projects p
CROSS JOIN LATERAL (
    SELECT coalesce(sum(c.duration_seconds), 0)::bigint AS seconds FROM calls c
    WHERE c.client_id = p.client_id AND c.project_id = p.project_id
        AND c.started_at >= $2 AND c.started_at < $3 AND c.status = 'completed') called
CROSS JOIN LATERAL (
    SELECT count(*) AS sms FROM calls c
    WHERE c.client_id = p.client_id AND c.project_id = p.project_id
        AND c.started_at >= $2 AND c.started_at < $3 AND c.sms_status IN ('sent', 'delivered')) texted
WHERE p.client_id = $1 ORDER BY p.display_name, p.project_id
"""
_SUMMARY: Final = (
    "i.invoice_id, i.number, i.period, i.status, i.issued_at, i.subtotal_minor, i.tax_minor, i.total_minor,"
    " i.currency"
)
_ORDER: Final = "ORDER BY i.issued_at DESC, i.invoice_id DESC"
_INVOICE = f"""
SELECT {_SUMMARY}, i.due_at, i.paid_at, i.billed_to,
       (SELECT jsonb_agg(jsonb_build_object('description', l.description, 'quantity', l.quantity,
                                            'amount_minor', l.amount_minor) ORDER BY l.position)
        FROM invoice_lines l WHERE l.client_id = i.client_id AND l.invoice_id = i.invoice_id) AS lines
FROM invoices i WHERE i.client_id = $1 AND i.invoice_id = $2
"""
_LAST_NUMBER = "SELECT count(*) FROM invoices WHERE client_id = $1"
_ISSUE = """
INSERT INTO invoices (client_id, invoice_id, number, period, status, issued_at, due_at, billed_to,
                      subtotal_minor, tax_minor, total_minor, currency)
SELECT $1, $2, $3, $4, 'open', $5, $6, c.name, $7, $8, $9, $10 FROM clients c WHERE c.client_id = $1
ON CONFLICT (client_id, period) DO NOTHING
"""
_LINE = """
INSERT INTO invoice_lines (client_id, invoice_id, position, description, quantity, amount_minor)
VALUES ($1, $2, $3, $4, $5, $6)
"""
_CHANGE = """
INSERT INTO billing_changes (client_id, change_id, kind, description, percent_bp, amount_minor, first_period,
                             last_period)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
"""


def page_sql(*, by_status: bool, goes_on: bool) -> str:
    """The statement of one page: a range of one index. $1 client, $2 how many, then status and place."""
    conditions, number = ["i.client_id = $1"], 3
    if by_status:
        conditions.append(f"i.status = ${number}")
        number += 1
    if goes_on:
        conditions.append(f"(i.issued_at, i.invoice_id) < (${number}, ${number + 1}::uuid)")
    return f"SELECT {_SUMMARY} FROM invoices i WHERE {' AND '.join(conditions)} {_ORDER} LIMIT $2"


async def read_page(
    tx: Tx, client_id: str, status: str | None, after: tuple[datetime, str] | None, most: int
) -> list[asyncpg.Record]:
    """At most `most` invoices after a place."""
    values = [*([status] if status else []), *(after or ())]
    sql = page_sql(by_status=status is not None, goes_on=after is not None)
    return await tx.fetch(sql, client_id, most, *values)


async def find_account(tx: Tx, client_id: str) -> asyncpg.Record | None:
    """What a tenant agreed to, None before it is billed."""
    return await tx.fetchrow(_ACCOUNT, client_id)


async def list_changes(tx: Tx, client_id: str) -> Sequence[asyncpg.Record]:
    """Discounts and adjustments, the newest first."""
    return await tx.fetch(_CHANGES, client_id)


async def count_used(tx: Tx, client_id: str, begins: datetime, ends: datetime) -> Sequence[asyncpg.Record]:
    """What each project used in a stretch of time: seconds of completed calls, and SMS sent."""
    return await tx.fetch(_USED, client_id, begins, ends)


async def read_invoice(tx: Tx, client_id: str, invoice_id: str) -> asyncpg.Record | None:
    """One invoice; `lines` are JSON."""
    return await tx.fetchrow(_INVOICE, client_id, invoice_id)


async def count_invoices(tx: Tx, client_id: str) -> int:
    """How many there are: the next has the number after."""
    return int(await tx.fetchval(_LAST_NUMBER, client_id))


async def add_invoice(
    tx: Tx,
    client_id: str,
    number: str,
    period: str,
    made: Bill,
    plan: BillingPlan,
    dates: tuple[datetime, datetime],
) -> bool:
    """Write an invoice and its lines; `dates` are issued and due. False: the month has one already."""
    invoice_id = new_id()
    tag = await tx.execute(
        _ISSUE,
        client_id,
        invoice_id,
        number,
        period,
        *dates,
        made.subtotal_minor,
        made.tax_minor,
        made.total_minor,
        plan.currency,
    )
    if tag != "INSERT 0 1":
        return False
    for position, line in enumerate(made.lines, start=1):
        values = (line.description, line.quantity, line.amount_minor)
        await tx.execute(_LINE, client_id, invoice_id, position, *values)
    return True


async def add_credit(tx: Tx, client_id: str, description: str, amount_minor: int, period: str) -> None:
    """An adjustment of one month; negative takes off."""
    values = ("adjustment", description, None, amount_minor, period, period)
    await tx.execute(_CHANGE, client_id, new_id(), *values)


async def add_discount(
    tx: Tx, client_id: str, description: str, percent_bp: int, first: str, last: str | None
) -> None:
    """A percentage off the fee of some months, or of all from `first` on."""
    await tx.execute(_CHANGE, client_id, new_id(), "discount", description, percent_bp, None, first, last)
