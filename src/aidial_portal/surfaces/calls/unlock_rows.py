"""The rows of unlocks: two pages, and what their forms send."""

from __future__ import annotations

from functools import partial
from typing import Final

from aidial_contract.access import Permission
from aidial_contract.params import UNLOCK_LIST_PARAMS
from aidial_contract.scope import ScopeKind
from aidial_contract.shapes.unlocks import NewUnlock, unlock_rules
from aidial_portal.kernel.limits import DOWNLOADS, SETTINGS_CHANGES
from aidial_portal.kernel.pages import page_row
from aidial_portal.kernel.route import Access, Route, RouteScope, json_body
from aidial_portal.kernel.rows import REPEATABLE, change_row, read_row
from aidial_portal.surfaces.calls import unlocks

_PATH: Final = "/calls/{call_id}/pii-unlocks"
_ONE: Final = f"{_PATH}/{{unlock_id}}"
_CALL: Final = RouteScope(kind=ScopeKind.CALL, client_id=None, project_id=None)
_UNLOCK: Final = RouteScope(kind=ScopeKind.RECORD, client_id=None, project_id=None)
_NO_CALL: Final = "/v1/calls/{id}/pii-unlocks"
_NO_UNLOCK: Final = "/v1/calls/{id}/pii-unlocks/{id}/reveal"


def rows() -> tuple[Route, ...]:
    """`/calls/{call_id}/pii-unlocks` and the same under `/api`."""
    change = partial(change_row, "POST", bucket=SETTINGS_CHANGES)
    ending = partial(change, scope=_UNLOCK, denial=_NO_UNLOCK)
    return (
        page_row(
            _PATH,
            "unlocks.page",
            unlocks.page,
            access=Access.FULL,
            permission=Permission.UNLOCKS_REQUEST,
            scope=_CALL,
            query=frozenset({"cursor"}),
            denial=_NO_CALL,
        ),
        page_row(
            _ONE,
            "unlocks.revealed_page",
            unlocks.revealed,
            access=Access.FULL,
            permission=Permission.UNLOCKS_REVEAL,
            scope=_UNLOCK,
            bucket=DOWNLOADS,
            denial=_NO_UNLOCK,
        ),
        change(
            f"/api{_PATH}",
            "unlocks.create",
            unlocks.create,
            permission=Permission.UNLOCKS_REQUEST,
            scope=_CALL,
            body=json_body(NewUnlock, unlock_rules),
            denial=_NO_CALL,
            errors=("consent_required", "state_conflict", *REPEATABLE),
        ),
        read_row(
            f"/api{_PATH}",
            "unlocks.list",
            unlocks.show_list,
            permission=Permission.UNLOCKS_REQUEST,
            scope=_CALL,
            params=UNLOCK_LIST_PARAMS,
            denial=_NO_CALL,
            errors=("invalid_cursor",),
        ),
        ending(
            f"/api{_ONE}/approve",
            "unlocks.approve",
            unlocks.approve,
            permission=Permission.UNLOCKS_APPROVE,
            errors=("consent_required", "state_conflict"),
        ),
        ending(
            f"/api{_ONE}/relock",
            "unlocks.relock",
            unlocks.relock,
            permission=Permission.UNLOCKS_REVEAL,
            errors=("state_conflict",),
        ),
        read_row(
            f"/api{_ONE}/reveal",
            "unlocks.reveal",
            unlocks.reveal,
            permission=Permission.UNLOCKS_REVEAL,
            scope=_UNLOCK,
            bucket=DOWNLOADS,
            denial=_NO_UNLOCK,
            errors=("consent_required", "state_conflict"),
        ),
    )
