"""Reports: the months there are and what was sent to whom, beside their section, and their JSON.

The one thing a newcomer would get wrong: which of the parts a role has is said by its permissions; the
section itself is drawn and saved like any other.
"""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Final

from aidial_contract.access import Permission, level_of
from aidial_contract.ids import parse_uuid
from aidial_contract.limits import MIB
from aidial_contract.shapes.reports import DeliveryList, MonthlyReportList
from aidial_contract.transport import violation
from aidial_portal.design.context import Choice, ReportsParts
from aidial_portal.design.links import with_query
from aidial_portal.kernel import steps
from aidial_portal.kernel.answers import json_answer
from aidial_portal.kernel.streaming import StreamedFile, Wanted
from aidial_portal.surfaces.settings.reports_showing import shown_delivery, shown_month
from aidial_portal.words import N_, _

if TYPE_CHECKING:
    from starlette.responses import Response

    from aidial_portal.kernel.request import PortalRequest

SECTION: Final = "reports"
QUERY: Final = frozenset({"part", "state"})
"""`part`: which of the lists `cursor` goes on in, `months` or else what was sent."""
_PATH: Final = "/settings"
_MONTHS: Final = "months"
_V1: Final = "/v1/reports"
_V1_DELIVERIES: Final = "/v1/deliveries"
PDF: Final = "application/pdf"
_FILE: Final = Wanted(PDF, 8 * MIB, named=True)
_NAME: Final = re.compile(r'attachment; filename="(monthly-summary-[0-9]{4}-[0-9]{2}\.pdf)"', re.ASCII)
_STATES: Final = (
    (N_("All"), ""),
    (N_("Sent"), "sent"),
    (N_("Not delivered"), "failed,gave_up"),
    (N_("Waiting"), "queued"),
)


async def show_list(request: PortalRequest) -> Response:
    """`GET /api/reports`: `{"reports", "next_cursor"}`."""
    return json_answer(await request.api.forward(_V1, MonthlyReportList, query=request.query))


async def show_deliveries(request: PortalRequest) -> Response:
    """`GET /api/deliveries`: `{"deliveries", "next_cursor"}`."""
    return json_answer(await request.api.forward(_V1_DELIVERIES, DeliveryList, query=request.query))


async def download(request: PortalRequest) -> Response:
    """`GET /api/reports/{report_id}/pdf`: the file."""
    report_id = parse_uuid(request.path_values["report_id"])
    if report_id is None:
        await steps.deny(request, "no report id")
    path = f"{_V1}/{report_id}/pdf"
    stream = await request.api.stream(path, _FILE, query={}, method=request.method, records=True)
    named = _NAME.fullmatch(stream.answer.headers.get("content-disposition", ""))
    if named is None:
        stream.close()
        raise violation("a report's file has no name")
    return StreamedFile(request, stream, PDF, named[1], more={"cache-control": "no-store"})


async def parts(request: PortalRequest) -> ReportsParts:
    """What stands below the section: the last months' reports for who may have them, and what was sent."""
    cursor = request.query.get("cursor", "")
    of_months = bool(cursor) and request.query.get("part") == _MONTHS
    state = request.query.get("state", "")
    role = request.session.role
    sent = _deliveries(request, state, "" if of_months else cursor)
    months = None
    if role is not None and level_of(role, Permission.REPORTS_VIEW) is not None:
        query = {"cursor": cursor} if of_months else {}
        listed = request.api.get(_V1, MonthlyReportList, query=query)
        months, found = await asyncio.gather(listed, sent)
    else:
        found = await sent
    address = {"section": SECTION}
    kept = address | ({"state": state} if state else {})
    return ReportsParts(
        months=None if months is None else tuple(map(shown_month, months.reports)),
        older_months_url="" if months is None else _further(address | {"part": _MONTHS}, months.next_cursor),
        newest_months_url=with_query(_PATH, address) if of_months else "",
        deliveries=tuple(map(shown_delivery, found.deliveries)),
        filters=_filters(address, state),
        is_narrowed=bool(state),
        older_url=_further(kept, found.next_cursor),
        newest_url=with_query(_PATH, kept) if cursor and not of_months else "",
    )


async def _deliveries(request: PortalRequest, state: str, cursor: str) -> DeliveryList:
    asked = {"state": state, "cursor": cursor}
    query = {name: value for name, value in asked.items() if value}
    return await request.api.get(_V1_DELIVERIES, DeliveryList, query=query)


def _further(address: dict[str, str], cursor: str | None) -> str:
    return with_query(_PATH, address, cursor=cursor) if cursor else ""


def _filters(address: dict[str, str], state: str) -> tuple[Choice, ...]:
    return tuple(
        Choice(_(label), url=with_query(_PATH, address, state=value), is_current=value == state)
        for label, value in _STATES
    )
