"""The rows of settings: the page, each section's history, one to read it, and one for each way to save it.

The one thing a newcomer would get wrong: a section is added to `aidial_contract.sections` and to `words`; its
rows follow. Whatever else stands under `/api/settings` is a section that nobody has: its reads and saves ask
for what the others ask for, so that who may not save one is not told which there are.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from aidial_contract.access import Permission
from aidial_contract.params import OPENING_PARAMS, SETTINGS_HISTORY_PARAMS
from aidial_contract.query import Kind, QueryParam
from aidial_contract.scope import ScopeKind
from aidial_contract.sections import SECTIONS
from aidial_portal.kernel.limits import SETTINGS_CHANGES
from aidial_portal.kernel.pages import SELF, page_row
from aidial_portal.kernel.route import Access, PendingWhen, Precondition, RouteScope, json_body
from aidial_portal.kernel.rows import change_row, read_row
from aidial_portal.surfaces.settings import (
    api,
    deletions_rows,
    entitlements_rows,
    exports,
    exports_rows,
    governance,
    governance_rows,
    pages,
    reports,
    reports_rows,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aidial_contract.section import Section
    from aidial_portal.kernel.route import Handler, Route

_READ_SCOPE = RouteScope(
    kind=ScopeKind.CLIENTS, client_id=None, project_id=None, project_ref="query.project_ref"
)
_SAVE_SCOPE = RouteScope(
    kind=ScopeKind.CLIENTS, client_id=None, project_id=None, project_ref="body.project_ref"
)
_PROJECT_REF = QueryParam("project_ref", Kind.ID, "The project, where a section is per project.")


def rows(profile: Handler, sessions: pages.ListSessions) -> tuple[Route, ...]:
    """`/settings`, with one's own profile by `profile` and one's own `sessions`, and every section."""
    return (
        page_row(
            pages.PATH,
            "settings.page",
            partial(pages.show, profile, sessions),
            access=PendingWhen("section", pages.PROFILE),
            permission=Permission.PROFILE_VIEW,
            scope=SELF,
            query=frozenset({"section", "project_ref", "cursor", "at"})
            | governance.QUERY
            | exports.QUERY
            | reports.QUERY,
        ),
        *(_history_page(section, sessions) for section in SECTIONS),
        *(row for section in SECTIONS for row in _section(section)),
        *governance_rows.rows(partial(pages.show_governance_history, sessions)),
        *entitlements_rows.rows(
            partial(pages.show_entitlements, sessions), partial(pages.show_entitlements_history, sessions)
        ),
        *exports_rows.rows(),
        *deletions_rows.rows(),
        *reports_rows.rows(),
        read_row(
            "/api/settings/business-hours/preview",
            "settings.business_hours.preview",
            api.opening_preview,
            permission=api.OPENING.view,
            scope=_READ_SCOPE,
            params=(_PROJECT_REF, *OPENING_PARAMS),
        ),
        read_row(
            "/api/settings/{section}",
            "settings.unknown",
            api.unknown,
            permission=Permission.TENANT_SETTINGS_VIEW,
            scope=_READ_SCOPE,
            params=(_PROJECT_REF,),
        ),
        change_row(
            "PUT",
            "/api/settings/{section}",
            "settings.unknown.save",
            api.unknown,
            permission=Permission.TENANT_SETTINGS_EDIT,
            scope=_SAVE_SCOPE,
            bucket=SETTINGS_CHANGES,
        ),
    )


def _history_page(section: Section, sessions: pages.ListSessions) -> Route:
    return page_row(
        f"/settings/{section.slug}/history",
        f"settings.{section.name}.history_page",
        partial(pages.show_history, section, sessions),
        access=Access.FULL,
        permission=section.view,
        scope=_READ_SCOPE,
        params=(_PROJECT_REF, *SETTINGS_HISTORY_PARAMS),
    )


def _section(section: Section) -> Iterator[Route]:
    path = f"/api/settings/{section.slug}"
    yield read_row(
        path,
        f"settings.{section.name}",
        partial(api.show, section),
        permission=section.seen_by,
        scope=_READ_SCOPE,
        params=(_PROJECT_REF,),
    )
    for save in section.saves:
        yield change_row(
            "PUT",
            f"/api/settings/{section.path(save)}",
            section.row_name(save),
            partial(api.save, section, save),
            permission=section.edit,
            scope=_SAVE_SCOPE,
            bucket=SETTINGS_CHANGES,
            body=json_body(save.portal_change, *save.rules),
            precondition=Precondition.EXPECTED_VERSION,
            errors=("version_conflict",),
        )
