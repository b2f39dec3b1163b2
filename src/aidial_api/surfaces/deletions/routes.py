"""The rows of data deletions. Every one takes a person's bearer: a key deletes nothing."""

from __future__ import annotations

from typing import Any

from aidial_api.kernel.route import Access, AuthMode, Route
from aidial_api.surfaces.deletions import handlers
from aidial_contract.access import Permission
from aidial_contract.params import CLIENT, DELETION_PARAMS
from aidial_contract.scope import ScopeKind
from aidial_contract.shapes.deletions import (
    DataDeletionAnswer,
    DataDeletionList,
    DeletionReview,
    NewDataDeletion,
    deletion_rules,
    review_rules,
)

_PATH = "/v1/data-deletions"
_ALL: dict[str, Any] = {"access": Access.FULL, "auth": AuthMode.BEARER, "bucket": "reads"}
_BOTH: dict[str, Any] = {
    **_ALL,
    "permission": Permission.DELETIONS_SUBMIT,
    "or_permission": Permission.DELETIONS_REVIEW,
}

ROWS = (
    Route(
        **_ALL,
        method="POST",
        path=_PATH,
        name="deletions.create",
        summary="Ask for data of your organisation to be deleted. Somebody else reviews it first.",
        handler=handlers.create,
        permission=Permission.DELETIONS_SUBMIT,
        scope=ScopeKind.CLIENTS,
        answers={201: DataDeletionAnswer},
        body=NewDataDeletion,
        rules=(deletion_rules,),
        find=handlers.find_own,
        writes=True,
        idempotent_create=True,
    ),
    Route(
        **_BOTH,
        method="GET",
        path=_PATH,
        name="deletions.list",
        summary="Requests to delete data, newest first: your own organisation's, or those you review.",
        handler=handlers.show_list,
        scope=ScopeKind.CLIENTS,
        answers={200: DataDeletionList},
        query=DELETION_PARAMS,
        find=handlers.find_clients,
    ),
    Route(
        **_BOTH,
        method="GET",
        path=f"{_PATH}/{{request_id}}",
        name="deletions.show",
        summary="One request: its state, its history, and the receipts of what was deleted.",
        handler=handlers.show,
        scope=ScopeKind.RECORD,
        answers={200: DataDeletionAnswer},
        query=(CLIENT,),
        find=handlers.find,
    ),
    Route(
        **_ALL,
        method="POST",
        path=f"{_PATH}/{{request_id}}/cancel",
        name="deletions.cancel",
        summary="Take back a request that is not decided yet.",
        handler=handlers.cancel,
        permission=Permission.DELETIONS_SUBMIT,
        scope=ScopeKind.RECORD,
        answers={200: DataDeletionAnswer},
        find=handlers.find,
        writes=True,
        errors=("state_conflict",),
    ),
    Route(
        **_ALL,
        method="POST",
        path=f"{_PATH}/{{request_id}}/review",
        name="deletions.review",
        summary="Begin to review somebody else's request, approve it (which deletes), or reject it.",
        handler=handlers.review,
        permission=Permission.DELETIONS_REVIEW,
        scope=ScopeKind.RECORD,
        answers={200: DataDeletionAnswer},
        query=(CLIENT,),
        body=DeletionReview,
        rules=(review_rules,),
        find=handlers.find_anothers,
        writes=True,
        errors=("state_conflict",),
    ),
)
