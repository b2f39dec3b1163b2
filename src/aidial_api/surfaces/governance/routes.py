"""The rows of data governance. Whoever looks after it names the client: nobody deletes another's data."""

from __future__ import annotations

from typing import Any

from aidial_api.kernel.route import Access, AuthMode, Precondition, Route
from aidial_api.surfaces.governance import handlers, holds
from aidial_contract.access import Permission
from aidial_contract.params import (
    CLIENT,
    CLIENT_HISTORY_PARAMS,
    HOLD_LIST_PARAMS,
    RECEIPT_LIST_PARAMS,
    RETENTION_PARAMS,
)
from aidial_contract.scope import ScopeKind
from aidial_contract.shapes.governance import (
    DataGovernanceChange,
    DataGovernanceDocument,
    LegalHoldAnswer,
    LegalHoldList,
    NewLegalHold,
    RetentionDryRun,
    RetentionReceiptList,
    legal_hold_rules,
)
from aidial_contract.shapes.settings_history import SettingsHistory

_ALL: dict[str, Any] = {
    "access": Access.FULL,
    "auth": AuthMode.BEARER,
    "permission": Permission.GOVERNANCE_EDIT,
    "bucket": "reads",
}
_OF_CLIENT: dict[str, Any] = {
    **_ALL,
    "scope": ScopeKind.CLIENTS,
    "find": handlers.find_client,
    "names_client": True,
}

ROWS = (
    Route(
        **_OF_CLIENT,
        method="GET",
        path="/v1/settings/data-governance",
        name="governance.show",
        summary="A client's policy: how long its data is kept, and whether unlocks need a second person.",
        handler=handlers.show,
        answers={200: DataGovernanceDocument},
        query=(CLIENT,),
    ),
    Route(
        **_OF_CLIENT,
        method="PUT",
        path="/v1/settings/data-governance",
        name="governance.save",
        summary="Save a client's policy over the version you changed. Retention begins to run by it.",
        handler=handlers.save,
        answers={200: DataGovernanceDocument},
        query=(CLIENT,),
        body=DataGovernanceChange,
        precondition=Precondition.EXPECTED_VERSION,
        writes=True,
    ),
    Route(
        **_OF_CLIENT,
        method="GET",
        path="/v1/settings/data-governance/history",
        name="governance.history",
        summary="Who changed a client's policy when, and what, newest first.",
        handler=handlers.show_history,
        answers={200: SettingsHistory},
        query=CLIENT_HISTORY_PARAMS,
    ),
    Route(
        **_OF_CLIENT,
        method="GET",
        path="/v1/settings/data-governance/dry-run",
        name="governance.dry_run",
        summary="Count what a policy would delete now. Nothing is deleted.",
        handler=handlers.dry_run,
        answers={200: RetentionDryRun},
        query=RETENTION_PARAMS,
        errors=("dependency_timeout",),
    ),
    Route(
        **_OF_CLIENT,
        method="GET",
        path="/v1/retention-receipts",
        name="governance.receipts",
        summary="What retention deleted of a client's data, newest first.",
        handler=handlers.show_receipts,
        answers={200: RetentionReceiptList},
        query=RECEIPT_LIST_PARAMS,
    ),
    Route(
        **(_OF_CLIENT | {"find": holds.find_listed}),
        method="GET",
        path="/v1/legal-holds",
        name="governance.holds",
        summary="A client's legal holds, newest first, released ones too.",
        handler=holds.show_list,
        answers={200: LegalHoldList},
        query=HOLD_LIST_PARAMS,
    ),
    Route(
        **_ALL,
        method="POST",
        path="/v1/legal-holds",
        name="governance.hold",
        summary="Place a legal hold: nothing it covers is deleted until it is released.",
        handler=holds.place,
        scope=ScopeKind.CLIENTS,
        answers={201: LegalHoldAnswer},
        body=NewLegalHold,
        rules=(legal_hold_rules,),
        find_body=holds.find_body,
        writes=True,
        idempotent_create=True,
    ),
    Route(
        **_ALL,
        method="POST",
        path="/v1/legal-holds/{hold_id}/release",
        name="governance.release",
        summary="Release a legal hold: what it covered is deleted when its time has come.",
        handler=holds.release,
        scope=ScopeKind.RECORD,
        answers={200: LegalHoldAnswer},
        query=(CLIENT,),
        find=holds.find_hold,
        writes=True,
        errors=("state_conflict",),
    ),
)
