"""The rows of API keys."""

from __future__ import annotations

from functools import partial

from aidial_contract.access import Permission
from aidial_contract.params import API_KEY_LIST_PARAMS, CLIENT
from aidial_contract.scope import ScopeKind
from aidial_contract.shapes.api_keys import ApiKeyEnding, NewApiKey, new_key_rules
from aidial_portal.kernel.limits import SETTINGS_CHANGES
from aidial_portal.kernel.route import Route, RouteScope, json_body
from aidial_portal.kernel.rows import REPEATABLE, change_row, read_row
from aidial_portal.surfaces.api_keys import api

_PATH = "/api/partner/api-keys"
_NAMED = RouteScope(kind=ScopeKind.CLIENTS, client_id=None, project_id=None)
_KEY = RouteScope(kind=ScopeKind.RECORD, client_id=None, project_id=None)


def rows() -> tuple[Route, ...]:
    """`/api/partner/api-keys`."""
    change = partial(change_row, "POST", permission=Permission.API_KEYS_MANAGE, bucket=SETTINGS_CHANGES)
    return (
        read_row(
            _PATH,
            "api_keys.list",
            api.keys,
            permission=Permission.API_KEYS_VIEW,
            scope=_NAMED,
            params=API_KEY_LIST_PARAMS,
        ),
        change(
            _PATH,
            "api_keys.create",
            api.create,
            scope=_NAMED,
            body=json_body(NewApiKey, new_key_rules),
            errors=("entitlement_required", *REPEATABLE),
        ),
        change(
            f"{_PATH}/{{api_key_id}}/rotate",
            "api_keys.rotate",
            api.rotate,
            scope=_KEY,
            params=(CLIENT,),
            errors=("state_conflict", "entitlement_required", *REPEATABLE),
        ),
        change(
            f"{_PATH}/{{api_key_id}}/revoke",
            "api_keys.revoke",
            api.revoke,
            scope=_KEY,
            params=(CLIENT,),
            body=json_body(ApiKeyEnding),
            errors=("state_conflict",),
        ),
    )
