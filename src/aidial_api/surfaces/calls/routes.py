"""The rows of calls."""

from __future__ import annotations

from aidial_api.kernel.route import Access, AuthMode, Precondition, Route
from aidial_api.surfaces.calls import handlers
from aidial_contract.access import Permission
from aidial_contract.limits import CALL_BODY
from aidial_contract.params import CALL_LIST_PARAMS
from aidial_contract.scope import ScopeKind
from aidial_contract.shapes.calls import (
    Call,
    CallList,
    CallPatch,
    NewCall,
    Transcript,
    call_patch_rules,
    new_call_rules,
)

ROWS = (
    Route(
        method="POST",
        path="/v1/calls",
        name="calls.create",
        summary="Deliver a call with its turns; idempotent by (project_id, external_id).",
        handler=handlers.create,
        access=Access.FULL,
        auth=AuthMode.KEY,
        permission=Permission.CALLS_DELIVER,
        scope=ScopeKind.PROJECTS,
        bucket="deliveries",
        answers={201: Call, 200: Call},
        body=NewCall,
        rules=(new_call_rules,),
        body_limit_bytes=CALL_BODY,
        find_body=handlers.find_project,
        writes=True,
        idempotent_create=True,
        errors=("already_exists",),
    ),
    Route(
        method="GET",
        path="/v1/calls",
        name="calls.list",
        summary="A page of the calls you reach, newest first.",
        handler=handlers.show_list,
        access=Access.FULL,
        auth=AuthMode.EITHER,
        permission=Permission.CALLS_VIEW,
        scope=ScopeKind.PROJECTS,
        bucket="reads",
        answers={200: CallList},
        query=CALL_LIST_PARAMS,
        errors=("validation_failed",),
    ),
    Route(
        method="GET",
        path="/v1/calls/{call_id}",
        name="calls.show",
        summary="One call.",
        handler=handlers.show,
        access=Access.FULL,
        auth=AuthMode.EITHER,
        permission=Permission.CALLS_VIEW,
        scope=ScopeKind.CALL,
        bucket="reads",
        answers={200: Call},
        find=handlers.find,
    ),
    Route(
        method="PATCH",
        path="/v1/calls/{call_id}",
        name="calls.change",
        summary="Report a call's progress, end or findings.",
        handler=handlers.change,
        access=Access.FULL,
        auth=AuthMode.KEY,
        permission=Permission.CALLS_DELIVER,
        scope=ScopeKind.CALL,
        bucket="deliveries",
        answers={200: Call},
        body=CallPatch,
        rules=(call_patch_rules,),
        find=handlers.find,
        precondition=Precondition.IF_MATCH,
        writes=True,
        errors=("state_conflict",),
    ),
    Route(
        method="GET",
        path="/v1/calls/{call_id}/transcript",
        name="calls.transcript",
        summary="The redacted turns of one call.",
        handler=handlers.show_transcript,
        access=Access.FULL,
        auth=AuthMode.EITHER,
        permission=Permission.CALLS_REVIEW,
        scope=ScopeKind.CALL,
        bucket="reads",
        answers={200: Transcript},
        find=handlers.find,
    ),
)
