"""The rows of API keys. A key may never make, rotate or revoke one: every row takes a bearer only."""

from __future__ import annotations

from typing import Any

from aidial_api.kernel.route import Access, AuthMode, Route
from aidial_api.surfaces.api_keys import handlers
from aidial_contract.access import Permission
from aidial_contract.params import API_KEY_LIST_PARAMS, CLIENT
from aidial_contract.scope import ScopeKind
from aidial_contract.shapes.api_keys import (
    ApiKeyAnswer,
    ApiKeyEnding,
    ApiKeyList,
    ApiKeyMade,
    NewApiKey,
    new_key_rules,
)

_CHANGE: dict[str, Any] = {
    "method": "POST",
    "access": Access.FULL,
    "auth": AuthMode.BEARER,
    "permission": Permission.API_KEYS_MANAGE,
    "bucket": "reads",
    "writes": True,
}

ROWS = (
    Route(
        method="GET",
        path="/v1/api-keys",
        name="api_keys.list",
        summary="A client's keys, newest first, without anything secret.",
        handler=handlers.show_list,
        access=Access.FULL,
        auth=AuthMode.BEARER,
        permission=Permission.API_KEYS_VIEW,
        scope=ScopeKind.CLIENTS,
        bucket="reads",
        answers={200: ApiKeyList},
        query=API_KEY_LIST_PARAMS,
        find=handlers.find_client,
        names_client=True,
    ),
    Route(
        **_CHANGE,
        path="/v1/api-keys",
        name="api_keys.create",
        summary="Make a key. Its whole text is in this answer and nowhere else.",
        handler=handlers.create,
        scope=ScopeKind.CLIENTS,
        answers={201: ApiKeyMade},
        body=NewApiKey,
        rules=(new_key_rules,),
        find_body=handlers.find_body_client,
        idempotent_create=True,
        errors=("entitlement_required",),
    ),
    Route(
        **_CHANGE,
        path="/v1/api-keys/{api_key_id}/rotate",
        name="api_keys.rotate",
        summary="Replace a key: the old one is refused at once, the new one shown once.",
        handler=handlers.rotate,
        scope=ScopeKind.RECORD,
        answers={201: ApiKeyMade},
        query=(CLIENT,),
        find=handlers.find_rotatable,
        idempotent_create=True,
        errors=("state_conflict", "entitlement_required"),
    ),
    Route(
        **_CHANGE,
        path="/v1/api-keys/{api_key_id}/revoke",
        name="api_keys.revoke",
        summary="End a key: every process refuses it within a second.",
        handler=handlers.revoke,
        scope=ScopeKind.RECORD,
        answers={200: ApiKeyAnswer},
        query=(CLIENT,),
        body=ApiKeyEnding,
        find=handlers.find_key,
        errors=("state_conflict",),
    ),
)
