"""The rows of unlocks. Every one takes a person's bearer: a key never sees personal details."""

from __future__ import annotations

from typing import Any

from aidial_api.kernel.route import Access, AuthMode, Route
from aidial_api.surfaces.unlocks import handlers
from aidial_contract.access import Permission
from aidial_contract.params import UNLOCK_LIST_PARAMS
from aidial_contract.scope import ScopeKind
from aidial_contract.shapes.unlocks import NewUnlock, UnlockAnswer, UnlockList, UnlockReveal, unlock_rules

_PATH = "/v1/calls/{call_id}/pii-unlocks"
_PEOPLE: dict[str, Any] = {"access": Access.FULL, "auth": AuthMode.BEARER, "bucket": "reads"}
_ENDING: dict[str, Any] = {
    **_PEOPLE,
    "method": "POST",
    "scope": ScopeKind.RECORD,
    "answers": {200: UnlockAnswer},
    "writes": True,
}

ROWS = (
    Route(
        **_PEOPLE,
        method="POST",
        path=_PATH,
        name="unlocks.create",
        summary="Ask to see personal details of a call. Active for 15 minutes, at once or once approved.",
        handler=handlers.create,
        permission=Permission.UNLOCKS_REQUEST,
        scope=ScopeKind.CALL,
        answers={201: UnlockAnswer},
        body=NewUnlock,
        rules=(unlock_rules,),
        find=handlers.find_call,
        writes=True,
        idempotent_create=True,
        errors=("consent_required", "state_conflict", "dependency_timeout"),
    ),
    Route(
        **_PEOPLE,
        method="GET",
        path=_PATH,
        name="unlocks.list",
        summary="Who asked to see, and who saw, what of a call; newest first.",
        handler=handlers.show_list,
        permission=Permission.UNLOCKS_REQUEST,
        scope=ScopeKind.CALL,
        answers={200: UnlockList},
        query=UNLOCK_LIST_PARAMS,
        find=handlers.find_call,
    ),
    Route(
        **_ENDING,
        path=f"{_PATH}/{{unlock_id}}/approve",
        name="unlocks.approve",
        summary="Approve somebody else's request: it is active from now, for 15 minutes.",
        handler=handlers.approve,
        permission=Permission.UNLOCKS_APPROVE,
        find=handlers.find_anothers,
        errors=("consent_required", "state_conflict"),
    ),
    Route(
        **_ENDING,
        path=f"{_PATH}/{{unlock_id}}/relock",
        name="unlocks.relock",
        summary="End an unlock: one's own, or anybody's by those who approve. A pending one is declined.",
        handler=handlers.relock,
        permission=Permission.UNLOCKS_REVEAL,
        find=handlers.find_endable,
        errors=("state_conflict",),
    ),
    Route(
        **_PEOPLE,
        method="GET",
        path=f"{_PATH}/{{unlock_id}}/reveal",
        name="unlocks.reveal",
        summary="The personal details of one's own active unlock. Each look is recorded in the activity log.",
        handler=handlers.reveal,
        permission=Permission.UNLOCKS_REVEAL,
        scope=ScopeKind.RECORD,
        answers={200: UnlockReveal},
        find=handlers.find_own,
        records=True,
        errors=("consent_required", "state_conflict", "dependency_timeout"),
    ),
)
