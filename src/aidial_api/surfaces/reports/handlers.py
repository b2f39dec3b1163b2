"""The HTTP of reports: the months there are, one as a PDF, and the history of what was sent to whom."""

from __future__ import annotations

from typing import Final

import asyncpg

from aidial_api.kernel.ask import Ask
from aidial_api.kernel.audit import Event, record
from aidial_api.kernel.paging import read_cursor
from aidial_api.kernel.pdf import PdfTooLargeError
from aidial_api.kernel.route import Answer
from aidial_api.surfaces.reports import store
from aidial_api.surfaces.reports.paper import TEMPLATE, document, figures_of
from aidial_api.surfaces.reports.writing import PDF, file_name
from aidial_contract import errors
from aidial_contract.fault import Fault
from aidial_contract.ids import parse_uuid
from aidial_contract.shapes.reports import Delivery, DeliveryList, MonthlyReport, MonthlyReportList

_ANY: Final = "*"


async def find_tenant(ask: Ask) -> asyncpg.Record | None:
    """The asker's own tenant, through the scope."""
    return await store.find_tenant(ask.tx, ask.actor.own_client_id, ask.reach.client_ids)


async def find(ask: Ask) -> asyncpg.Record | None:
    """The report of the path, for who reaches all that it counts."""
    return await store.find(ask.tx, ask.reach, parse_uuid(ask.path["report_id"]) or store.NO_REPORT)


async def show_list(ask: Ask) -> Answer:
    """One page of the months' reports, the newest first."""
    client_id, limit = ask.found["client_id"], ask.query["limit"]
    bound = ("reports", client_id)
    before = read_cursor(ask.services.cursors, ask.query["cursor"], str, *bound)
    rows = await store.page(ask.tx, client_id, ask.reach, before, limit + 1)
    more = len(rows) > limit
    cursor = ask.services.cursors.encode(rows[limit - 1]["month"], *bound) if more else None
    reports = [
        MonthlyReport(
            report_id=str(row["report_id"]),
            month=row["month"],
            timezone=row["timezone"],
            made_at=row["made_at"],
            kpis=figures_of(row).kpis,
        )
        for row in rows[:limit]
    ]
    return Answer(MonthlyReportList(reports=reports, next_cursor=cursor))


async def download(ask: Ask) -> Answer:
    """The PDF; each download is recorded. HEAD downloads nothing, so it leaves no event."""
    row = ask.found
    try:
        pdf = await ask.services.pdf_makers.make(document(row), ask.deadline, template=TEMPLATE)
    except PdfTooLargeError:
        raise Fault(errors.DEPENDENCY_TIMEOUT, reason="a report took too long to be set") from None
    if ask.method != "HEAD":
        await record(
            ask,
            Event(
                action="reports.report.downloaded",
                target_kind="monthly_report",
                target_id=str(row["report_id"]),
                client_id=row["client_id"],
                technical={"month": row["month"], "format": "pdf"},
            ),
        )
    headers = {"content-disposition": f'attachment; filename="{file_name(row["month"])}"'}
    return Answer(pdf, headers=headers, media_type=PDF)


async def show_deliveries(ask: Ask) -> Answer:
    """One page of the messages about the tenant and the projects in reach, the newest first."""
    client_id, query = ask.found["client_id"], ask.query
    limit, kinds, states = query["limit"], query["kind"], query["state"]
    # Whose projects one reaches may change between two pages; a place in the list stays one.
    bound = ("deliveries", client_id, ",".join(kinds or (_ANY,)), ",".join(states or (_ANY,)))
    before = read_cursor(ask.services.cursors, query["cursor"], str, *bound)
    rows = await store.deliveries(ask.tx, client_id, ask.reach, (kinds, states), before, limit + 1)
    more = len(rows) > limit
    cursor = ask.services.cursors.encode(str(rows[limit - 1]["delivery_id"]), *bound) if more else None
    return Answer(DeliveryList(deliveries=[_delivery(row) for row in rows[:limit]], next_cursor=cursor))


def _delivery(row: asyncpg.Record) -> Delivery:
    return Delivery(
        delivery_id=str(row["delivery_id"]),
        kind=row["kind"],
        channel=row["channel"],
        project_id=row["project_id"] and str(row["project_id"]),
        project_name=row["display_name"],
        about_id=str(row["about_id"]),
        month=row["month"],
        recipient=row["recipient_shown"],
        state=row["state"],
        attempts=row["attempts"],
        failure=row["failure"],
        created_at=row["created_at"],
        next_attempt_at=row["next_attempt_at"],
        sent_at=row["sent_at"],
    )
