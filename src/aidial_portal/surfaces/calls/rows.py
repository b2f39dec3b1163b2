"""The rows of calls."""

from __future__ import annotations

from aidial_contract.access import Permission
from aidial_contract.params import (
    CALL_EXPORT_PARAMS,
    CALL_LIST_PARAMS,
    CALL_LIVE_PARAMS,
    TRANSCRIPT_DOWNLOAD_PARAMS,
)
from aidial_contract.scope import ScopeKind
from aidial_contract.shapes.downloads import CSV, TRANSCRIPT_FORMATS
from aidial_contract.shapes.live import EVENT_STREAM
from aidial_portal.kernel.limits import CALL_EXPORTS, DOWNLOADS
from aidial_portal.kernel.pages import PROJECTS, page_row
from aidial_portal.kernel.route import Access, Route, RouteScope
from aidial_portal.kernel.rows import read_row
from aidial_portal.surfaces.calls import api, downloads, pages, unlock_rows
from aidial_portal.surfaces.calls.state import PAGE_PARAMS

_ONE_CALL = RouteScope(kind=ScopeKind.CALL, client_id=None, project_id=None)
_ONE_CALL_IN_PROJECT = RouteScope(kind=ScopeKind.CALL, client_id=None, project_id="query.project_id")


def rows() -> tuple[Route, ...]:
    """The list, the old address of one call, and both as JSON."""
    view, review = Permission.CALLS_VIEW, Permission.CALLS_REVIEW
    return (
        page_row(
            "/calls",
            "calls.page",
            pages.calls,
            access=Access.FULL,
            permission=view,
            scope=PROJECTS,
            query=frozenset({"expand"}),
            params=PAGE_PARAMS,
        ),
        page_row(
            "/calls/{call_id}",
            "calls.one",
            pages.one_call,
            access=Access.FULL,
            permission=review,
            scope=_ONE_CALL_IN_PROJECT,
            query=frozenset({"project_id"}),
        ),
        read_row(
            "/api/calls",
            "calls.list",
            api.calls,
            permission=view,
            scope=PROJECTS,
            params=CALL_LIST_PARAMS,
            errors=("sensitive_search_term",),
        ),
        read_row(
            "/api/calls/live",
            "calls.live",
            api.live,
            permission=view,
            scope=PROJECTS,
            params=CALL_LIVE_PARAMS,
            produces=EVENT_STREAM,
        ),
        read_row(
            "/api/calls/export",
            "calls.export",
            downloads.export,
            permission=Permission.CALLS_EXPORT,
            scope=PROJECTS,
            params=CALL_EXPORT_PARAMS,
            bucket=CALL_EXPORTS,
            produces=CSV,
            errors=("sensitive_search_term", "export_too_large"),
        ),
        read_row(
            "/api/calls/{call_id}/transcript",
            "calls.transcript",
            downloads.transcript,
            permission=Permission.CALLS_DOWNLOAD_TRANSCRIPT,
            scope=_ONE_CALL,
            params=TRANSCRIPT_DOWNLOAD_PARAMS,
            bucket=DOWNLOADS,
            denial="/v1/calls/{id}/transcript/download",
            produces=TRANSCRIPT_FORMATS["txt"],
            formats=TRANSCRIPT_FORMATS,
            errors=("state_conflict", "transcript_too_large"),
        ),
        read_row(
            "/api/calls/{call_id}/preview", "calls.preview", api.preview, permission=review, scope=_ONE_CALL
        ),
        *unlock_rows.rows(),
    )
