"""A tenant's report of a month that is over, by a job that asks for the next one.

The one thing a newcomer would get wrong: it may run twice, late, or for a month that has its report. Whoever
writes the report also asks for the next month, in the same transaction; whoever finds one there does nothing
more. So many jobs of one tenant become one again, and after a stop each month is made up for in turn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from aidial_api.kernel import monthly_reports
from aidial_api.kernel.clock import Clock, utc_now
from aidial_api.kernel.jobs import Job
from aidial_api.kernel.months import begin_of, moved
from aidial_api.kernel.outgoing.queue import Wanted, add
from aidial_api.kernel.reach import Reach
from aidial_api.surfaces.reports import store
from aidial_api.surfaces.reports.figures import count
from aidial_contract.ids import new_id

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    import asyncpg

    from aidial_api.kernel.crypto import TenantKey
    from aidial_api.kernel.db import Database
    from aidial_api.kernel.storage import Files
    from aidial_api.kernel.transaction import Tx


async def make(db: Database, files: Files, *, client_id: str, month: str, clock: Clock = utc_now) -> None:
    """Make a month's report and queue its messages, or ask again when the month is not over."""
    async with db.transaction(Reach((client_id,))) as tx:
        tenant = await store.whose(tx, client_id)
        if tenant is None or tenant["lifecycle"] == "archived":
            return
        timezone, now = tenant["timezone"], clock()
        if now < monthly_reports.due_at(month, timezone):
            await monthly_reports.ask_for(tx, client_id, month, timezone)
            return
        key = await files.keys.get(tx, client_id)
        chosen = await monthly_reports.find(tx, key)
        if chosen is None or not chosen.monthly_summary.enabled:
            return
        if tenant["lifecycle"] == "suspended":
            # None of this month; there may be one of the next.
            await monthly_reports.ask_for(tx, client_id, moved(month, 1), timezone)
            return
        await _make(tx, key, tenant, month, chosen.monthly_summary.recipients, now)


async def _make(
    tx: Tx, key: TenantKey, tenant: asyncpg.Record, month: str, recipients: Sequence[str], now: datetime
) -> None:
    client_id, timezone, report_id = key.client_id, tenant["timezone"], new_id()
    projects = await store.projects_of(tx, client_id)
    figures = await count(tx, client_id, month, timezone, projects)
    span = begin_of(month, timezone), begin_of(moved(month, 1), timezone)
    # Of a time when there was no such tenant there is nothing to say.
    if tenant["created_at"] < span[1] or figures.kpis["total_calls"].value:
        text = msgspec.json.encode(figures).decode()
        ids = [one["project_id"] for one in projects]
        if not await store.add(tx, (client_id, report_id, month), timezone, span, ids, text, now):
            return
        for address in recipients:
            await add(tx, key, _wanted(report_id, address))
        technical = msgspec.json.encode({"month": month, "recipients": len(recipients)}).decode()
        await store.tell(tx, new_id(), client_id, "reports.report.made", report_id, technical)
    await monthly_reports.ask_for(tx, client_id, moved(month, 1), timezone)


def _wanted(report_id: str, address: str) -> Wanted:
    return Wanted(
        kind=monthly_reports.KIND,
        channel="email",
        about_id=report_id,
        project_id=None,
        recipient=address,
        mask=True,
    )


MAKE: Final = Job(monthly_reports.MAKE_JOB, make, with_files=True)
