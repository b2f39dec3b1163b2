"""The rows of data governance: its history, and `/api`. Which client is meant is the API's to judge."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from aidial_contract.access import Permission
from aidial_contract.params import (
    CLIENT,
    CLIENT_HISTORY_PARAMS,
    HOLD_LIST_PARAMS,
    RECEIPT_LIST_PARAMS,
    RETENTION_PARAMS,
)
from aidial_contract.scope import ScopeKind
from aidial_contract.shapes.governance import DataGovernanceChange, NewLegalHold, legal_hold_rules
from aidial_portal.kernel.limits import SETTINGS_CHANGES
from aidial_portal.kernel.pages import page_row
from aidial_portal.kernel.route import Access, Precondition, Route, RouteScope, json_body
from aidial_portal.kernel.rows import REPEATABLE, change_row, read_row
from aidial_portal.surfaces.settings import governance

if TYPE_CHECKING:
    from aidial_portal.kernel.route import Handler

_POLICY: Final = "/api/settings/data-governance"
_NAMED: Final = RouteScope(kind=ScopeKind.CLIENTS, client_id=None, project_id=None)
_HOLD: Final = RouteScope(kind=ScopeKind.RECORD, client_id=None, project_id=None)
_NAMELESS: Final = ("malformed_request",)


def rows(history_page: Handler) -> tuple[Route, ...]:
    """Policy, its history by `history_page`, dry run, receipts and holds."""
    edit = Permission.GOVERNANCE_EDIT
    read = partial(read_row, permission=edit, scope=_NAMED)
    change = partial(change_row, permission=edit, bucket=SETTINGS_CHANGES)
    return (
        page_row(
            "/settings/data-governance/history",
            "governance.history_page",
            history_page,
            access=Access.FULL,
            permission=edit,
            scope=_NAMED,
            params=CLIENT_HISTORY_PARAMS,
        ),
        read(_POLICY, "governance.show", governance.show, params=(CLIENT,), errors=_NAMELESS),
        change(
            "PUT",
            _POLICY,
            "governance.save",
            governance.save,
            scope=_NAMED,
            params=(CLIENT,),
            body=json_body(DataGovernanceChange),
            precondition=Precondition.EXPECTED_VERSION,
            errors=("version_conflict", *_NAMELESS),
        ),
        read(
            f"{_POLICY}/dry-run",
            "governance.dry_run",
            governance.dry_run,
            params=RETENTION_PARAMS,
            errors=_NAMELESS,
        ),
        read(
            "/api/retention-receipts",
            "governance.receipts",
            governance.receipts,
            params=RECEIPT_LIST_PARAMS,
            errors=("invalid_cursor", *_NAMELESS),
        ),
        read(
            "/api/legal-holds",
            "governance.holds",
            governance.holds,
            params=HOLD_LIST_PARAMS,
            errors=("invalid_cursor", *_NAMELESS),
        ),
        change(
            "POST",
            "/api/legal-holds",
            "governance.hold",
            governance.hold,
            scope=_NAMED,
            body=json_body(NewLegalHold, legal_hold_rules),
            errors=REPEATABLE,
        ),
        change(
            "POST",
            "/api/legal-holds/{hold_id}/release",
            "governance.release",
            governance.release,
            scope=_HOLD,
            params=(CLIENT,),
            errors=("state_conflict", *_NAMELESS),
        ),
    )
