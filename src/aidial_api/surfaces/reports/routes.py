"""The rows of reports. A person's own tenant's: no key and no partner reads them."""

from __future__ import annotations

from typing import Any

from aidial_api.kernel.route import Access, AuthMode, Route
from aidial_api.surfaces.reports import handlers, writing
from aidial_contract.access import Permission
from aidial_contract.params import DELIVERY_PARAMS, REPORT_PARAMS
from aidial_contract.scope import ScopeKind
from aidial_contract.shapes.reports import DeliveryList, MonthlyReportList

_READ: dict[str, Any] = {
    "method": "GET",
    "access": Access.FULL,
    "auth": AuthMode.BEARER,
    "bucket": "reads",
}
_OWN: dict[str, Any] = {**_READ, "scope": ScopeKind.CLIENTS, "find": handlers.find_tenant}

ROWS = (
    Route(
        **_OWN,
        path="/v1/reports",
        name="reports.list",
        summary="The monthly reports of your tenant, newest month first, with their key figures.",
        handler=handlers.show_list,
        permission=Permission.REPORTS_VIEW,
        answers={200: MonthlyReportList},
        query=REPORT_PARAMS,
    ),
    Route(
        **_READ,
        path="/v1/reports/{report_id}/pdf",
        name="reports.pdf",
        summary="One monthly report as a PDF. The download is recorded in the activity log.",
        handler=handlers.download,
        permission=Permission.REPORTS_VIEW,
        scope=ScopeKind.RECORD,
        find=handlers.find,
        answers={200: bytes},
        media_type=writing.PDF,
        records=True,
    ),
    Route(
        **_OWN,
        path="/v1/deliveries",
        name="reports.deliveries",
        summary="What your tenant's people were sent, by e-mail and SMS, the newest first.",
        handler=handlers.show_deliveries,
        permission=Permission.REPORTS_HISTORY,
        answers={200: DeliveryList},
        query=DELIVERY_PARAMS,
    ),
)
