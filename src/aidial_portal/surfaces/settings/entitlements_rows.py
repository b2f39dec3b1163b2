"""The rows of entitlements: the page, its history, and `/api`. Whose they are is the API's to judge."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from aidial_contract.access import Permission
from aidial_contract.params import CLIENT, CLIENT_HISTORY_PARAMS
from aidial_contract.scope import ScopeKind
from aidial_contract.shapes.entitlements import EntitlementsChange
from aidial_portal.kernel.limits import SETTINGS_CHANGES
from aidial_portal.kernel.pages import page_row
from aidial_portal.kernel.route import Access, Precondition, Route, RouteScope, json_body
from aidial_portal.kernel.rows import change_row, read_row
from aidial_portal.surfaces.settings import entitlements

if TYPE_CHECKING:
    from aidial_portal.kernel.route import Handler

_JSON: Final = "/api/settings/entitlements"
_NAMED: Final = RouteScope(kind=ScopeKind.CLIENTS, client_id=None, project_id=None)
_NAMELESS: Final = ("malformed_request",)


def rows(page: Handler, history_page: Handler) -> tuple[Route, ...]:
    """`/settings/entitlements` by `page`, its history by `history_page`, and the JSON."""
    view = Permission.ENTITLEMENTS_VIEW
    pages: dict[str, Any] = {"access": Access.FULL, "permission": view, "scope": _NAMED}
    return (
        page_row(entitlements.PATH, "entitlements.page", page, params=(CLIENT,), **pages),
        page_row(
            f"{entitlements.PATH}/history",
            "entitlements.history_page",
            history_page,
            params=CLIENT_HISTORY_PARAMS,
            **pages,
        ),
        read_row(
            _JSON,
            "entitlements.show",
            entitlements.show,
            permission=view,
            scope=_NAMED,
            params=(CLIENT,),
            errors=_NAMELESS,
        ),
        change_row(
            "PUT",
            _JSON,
            "entitlements.save",
            entitlements.save,
            permission=Permission.ENTITLEMENTS_EDIT,
            scope=_NAMED,
            bucket=SETTINGS_CHANGES,
            params=(CLIENT,),
            body=json_body(EntitlementsChange),
            precondition=Precondition.EXPECTED_VERSION,
            errors=("version_conflict", *_NAMELESS),
        ),
    )
