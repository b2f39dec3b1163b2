"""The rows of account exports. Every one takes a person's bearer: a key takes no account away."""

from __future__ import annotations

from typing import Any

from aidial_api.kernel.route import Access, AuthMode, Route
from aidial_api.surfaces.account_exports import handlers
from aidial_contract.access import Permission
from aidial_contract.params import ACCOUNT_EXPORT_PARAMS
from aidial_contract.scope import ScopeKind
from aidial_contract.shapes.account_exports import (
    AccountExportAnswer,
    AccountExportCatalog,
    AccountExportList,
    NewAccountExport,
    account_export_rules,
)

_PATH = "/v1/account-exports"
_ALL: dict[str, Any] = {
    "access": Access.FULL,
    "auth": AuthMode.BEARER,
    "permission": Permission.ACCOUNT_EXPORTS_MANAGE,
    "bucket": "reads",
}
_OWN: dict[str, Any] = {**_ALL, "scope": ScopeKind.CLIENTS, "find": handlers.find_tenant}
_ONE: dict[str, Any] = {**_ALL, "scope": ScopeKind.RECORD, "find": handlers.find}

ROWS = (
    Route(
        **_OWN,
        method="GET",
        path=f"{_PATH}/catalog",
        name="account_exports.catalog",
        summary="What can be exported of your account, the limits, and how much of them is used.",
        handler=handlers.catalog,
        answers={200: AccountExportCatalog},
    ),
    Route(
        **_OWN,
        method="GET",
        path=_PATH,
        name="account_exports.list",
        summary="Exports of your account, newest first; expired ones too.",
        handler=handlers.show_list,
        answers={200: AccountExportList},
        query=ACCOUNT_EXPORT_PARAMS,
    ),
    Route(
        **_OWN,
        method="POST",
        path=_PATH,
        name="account_exports.create",
        summary="Ask for an export of your account. It is made in the background.",
        handler=handlers.create,
        answers={202: AccountExportAnswer},
        body=NewAccountExport,
        rules=(account_export_rules,),
        writes=True,
        idempotent_create=True,
        errors=("state_conflict", "quota_exceeded"),
    ),
    Route(
        **_ONE,
        method="GET",
        path=f"{_PATH}/{{job_id}}",
        name="account_exports.show",
        summary="One export: its state, how far it is, and its manifest; never its content.",
        handler=handlers.show,
        answers={200: AccountExportAnswer},
    ),
    Route(
        **_ONE,
        method="POST",
        path=f"{_PATH}/{{job_id}}/cancel",
        name="account_exports.cancel",
        summary="Cancel an export that is queued or running.",
        handler=handlers.cancel,
        answers={200: AccountExportAnswer},
        writes=True,
        errors=("state_conflict",),
    ),
    Route(
        **_ONE,
        method="GET",
        path=f"{_PATH}/{{job_id}}/download",
        name="account_exports.download",
        summary="The file of a completed export, while it is kept. Recorded in the activity log.",
        handler=handlers.download,
        answers={200: bytes},
        records=True,
        errors=("state_conflict", "storage_unavailable"),
    ),
)
