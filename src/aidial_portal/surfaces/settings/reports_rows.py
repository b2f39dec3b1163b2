"""The rows of reports under `/api`."""

from __future__ import annotations

from typing import Final

from aidial_contract.access import Permission
from aidial_contract.params import DELIVERY_PARAMS, REPORT_PARAMS
from aidial_contract.scope import ScopeKind
from aidial_portal.kernel.limits import DOWNLOADS
from aidial_portal.kernel.route import Route, RouteScope
from aidial_portal.kernel.rows import read_row
from aidial_portal.surfaces.settings import reports

_OWN: Final = RouteScope(kind=ScopeKind.CLIENTS, client_id=None, project_id=None)
_REPORT: Final = RouteScope(kind=ScopeKind.RECORD, client_id=None, project_id=None)
_DENIAL: Final = "/v1/reports/{id}/pdf"


def rows() -> tuple[Route, ...]:
    """The months' reports, one as a PDF, and what was sent to whom."""
    return (
        read_row(
            "/api/reports",
            "reports.list",
            reports.show_list,
            permission=Permission.REPORTS_VIEW,
            scope=_OWN,
            params=REPORT_PARAMS,
            denial=_DENIAL,
        ),
        read_row(
            "/api/reports/{report_id}/pdf",
            "reports.pdf",
            reports.download,
            permission=Permission.REPORTS_VIEW,
            scope=_REPORT,
            bucket=DOWNLOADS,
            denial=_DENIAL,
            produces=reports.PDF,
        ),
        read_row(
            "/api/deliveries",
            "reports.deliveries",
            reports.show_deliveries,
            permission=Permission.REPORTS_HISTORY,
            scope=_OWN,
            params=DELIVERY_PARAMS,
            denial=_DENIAL,
        ),
    )
