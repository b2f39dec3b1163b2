"""Whom a tenant has its monthly report sent to, as its section `reports` keeps them, and when one is due.

The one thing a newcomer would get wrong: whether it is on lies in clear; who gets it is sealed, in every
version that is kept. And a month is asked for by whatever comes before it: the save that turned it on, or
the report of the month before.
"""

from __future__ import annotations

import base64
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import msgspec

from aidial_api.kernel.holds import HELD_SPANS
from aidial_api.kernel.jobs import enqueue
from aidial_api.kernel.months import begin_of, moved
from aidial_contract.shapes.reports import MonthlySummary, Reports

if TYPE_CHECKING:
    from aidial_api.kernel.crypto import TenantKey
    from aidial_api.kernel.transaction import Tx

SECTION: Final = "reports"
MAKE_JOB: Final = "reports.make"
KIND: Final = "monthly_report"
AFTER: Final = timedelta(hours=6)
"""Calls of a month's last hours are still delivered; people read it in the morning."""
_PURPOSE: Final = "reports.recipients"
_DECODER: Final = msgspec.json.Decoder(list[str])

_FIND: Final = f"SELECT value FROM client_settings WHERE client_id = $1 AND section = '{SECTION}'"
_ERASE: Final = f"""
WITH gone AS (
    UPDATE monthly_reports SET figures = NULL
    WHERE client_id = $1 AND figures IS NOT NULL AND starts_at < $3 AND ends_at > $2
        AND (NOT $4 OR ends_at <= $3)
        AND NOT EXISTS (SELECT FROM ({HELD_SPANS}) held WHERE held.since IS NULL
            OR (date_trunc('day', held.since, 'UTC') < ends_at
                AND date_trunc('day', held.until, 'UTC') + interval '1 day' > starts_at))
    RETURNING report_id
)
UPDATE deliveries d SET content = NULL FROM gone
WHERE d.client_id = $1 AND d.about_id = gone.report_id AND d.kind = '{KIND}' AND d.content IS NOT NULL
"""


def due_at(month: str, timezone: str) -> datetime:
    """When a month's report is made: at six in the morning of the first of the next one, there."""
    return begin_of(moved(month, 1), timezone) + AFTER


async def ask_for(tx: Tx, client_id: str, month: str, timezone: str) -> None:
    """Have a month's report made once it is due, provided that this transaction commits."""
    arguments = {"client_id": client_id, "month": month}
    await enqueue(tx, MAKE_JOB, arguments, at=due_at(month, timezone))


def nobody() -> Reports:
    """What counts before anybody saved."""
    return Reports(monthly_summary=MonthlySummary(enabled=False, recipients=[]))


def sealed(key: TenantKey, value: Reports) -> str:
    """The value as it is stored: JSON with its recipients encrypted, bound to the tenant."""
    plain = msgspec.json.encode(value.monthly_summary.recipients)
    kept: dict[str, Any] = {
        "monthly_summary": {"enabled": value.monthly_summary.enabled},
        "recipients": base64.b64encode(key.encrypt(plain, purpose=_PURPOSE, record=key.client_id)).decode(),
    }
    return msgspec.json.encode(kept).decode()


def opened(key: TenantKey, text: str) -> Reports:
    """The value that `sealed` stored for the same tenant."""
    kept: dict[str, Any] = msgspec.json.decode(text)
    plain = key.decrypt(base64.b64decode(kept["recipients"]), purpose=_PURPOSE, record=key.client_id)
    return Reports(
        monthly_summary=MonthlySummary(**kept["monthly_summary"], recipients=_DECODER.decode(plain))
    )


async def find(tx: Tx, key: TenantKey) -> Reports | None:
    """What a tenant has set; None when nobody ever did."""
    text = await tx.fetchval(_FIND, key.client_id)
    return None if text is None else opened(key, text)


async def erase(tx: Tx, client_id: str, since: datetime, until: datetime, *, aged: bool) -> None:
    """Take the numbers out of reports that hold any of a span, and of what the embedded outbox kept.

    `aged`: only of months that are over by its end, because it goes on day by day. A month with a day
    whose numbers are held (whole days of UTC) keeps its own; take the lock of holds before. That there was a
    report stays known: none of its month is made again.
    """
    await tx.execute(_ERASE, client_id, since, until, aged)
