"""The rows of account exports under `/api`."""

from __future__ import annotations

from functools import partial
from typing import Final

from aidial_contract.access import Permission
from aidial_contract.params import ACCOUNT_EXPORT_PARAMS
from aidial_contract.scope import ScopeKind
from aidial_contract.shapes.account_exports import NewAccountExport, account_export_rules
from aidial_portal.kernel.limits import DOWNLOADS, SETTINGS_CHANGES
from aidial_portal.kernel.route import Route, RouteScope, json_body
from aidial_portal.kernel.rows import REPEATABLE, change_row, read_row
from aidial_portal.surfaces.settings import exports

_PATH: Final = "/api/account-exports"
_ONE: Final = f"{_PATH}/{{job_id}}"
_OWN: Final = RouteScope(kind=ScopeKind.CLIENTS, client_id=None, project_id=None)
_EXPORT: Final = RouteScope(kind=ScopeKind.RECORD, client_id=None, project_id=None)
_DENIAL: Final = "/v1/account-exports/{id}"


def rows() -> tuple[Route, ...]:
    """The catalogue, the list, and one export: asked for, looked at, cancelled, downloaded."""
    manage = Permission.ACCOUNT_EXPORTS_MANAGE
    read = partial(read_row, permission=manage, denial=_DENIAL)
    change = partial(change_row, "POST", permission=manage, bucket=SETTINGS_CHANGES, denial=_DENIAL)
    return (
        read(f"{_PATH}/catalog", "account_exports.catalog", exports.catalog, scope=_OWN),
        read(
            _PATH,
            "account_exports.list",
            exports.show_list,
            scope=_OWN,
            params=ACCOUNT_EXPORT_PARAMS,
        ),
        change(
            _PATH,
            "account_exports.create",
            exports.create,
            scope=_OWN,
            body=json_body(NewAccountExport, account_export_rules),
            errors=("state_conflict", "quota_exceeded", *REPEATABLE),
        ),
        read(_ONE, "account_exports.show", exports.show, scope=_EXPORT),
        change(
            f"{_ONE}/cancel",
            "account_exports.cancel",
            exports.cancel,
            scope=_EXPORT,
            errors=("state_conflict",),
        ),
        read(
            f"{_ONE}/download",
            "account_exports.download",
            exports.download,
            scope=_EXPORT,
            bucket=DOWNLOADS,
            errors=("state_conflict", "storage_unavailable"),
        ),
    )
