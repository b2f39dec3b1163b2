"""The rows of entitlements. Clients read their own; whoever looks after a client names it, and saves."""

from __future__ import annotations

from typing import Any

from aidial_api.kernel.route import Access, AuthMode, Precondition, Route
from aidial_api.surfaces.entitlements import handlers
from aidial_contract.access import Permission
from aidial_contract.params import CLIENT, CLIENT_HISTORY_PARAMS
from aidial_contract.scope import ScopeKind
from aidial_contract.shapes.entitlements import EntitlementsChange, EntitlementsDocument
from aidial_contract.shapes.settings_history import SettingsHistory

_PATH = "/v1/settings/entitlements"
_ALL: dict[str, Any] = {
    "access": Access.FULL,
    "auth": AuthMode.BEARER,
    "scope": ScopeKind.CLIENTS,
    "bucket": "reads",
    "find": handlers.find,
    "names_client": True,
}

ROWS = (
    Route(
        **_ALL,
        method="GET",
        path=_PATH,
        name="entitlements.show",
        summary="What a tenant's plan includes, as much of it as your role sees.",
        handler=handlers.show,
        permission=Permission.ENTITLEMENTS_VIEW,
        answers={200: EntitlementsDocument},
        query=(CLIENT,),
    ),
    Route(
        **(_ALL | {"find": handlers.find_whole}),
        method="PUT",
        path=_PATH,
        name="entitlements.save",
        summary="Save what a client's plan includes over the version you changed. It counts at once.",
        handler=handlers.save,
        permission=Permission.ENTITLEMENTS_EDIT,
        answers={200: EntitlementsDocument},
        query=(CLIENT,),
        body=EntitlementsChange,
        precondition=Precondition.EXPECTED_VERSION,
        writes=True,
    ),
    Route(
        **_ALL,
        method="GET",
        path=f"{_PATH}/history",
        name="entitlements.history",
        summary="Who changed what a tenant's plan includes when, and what, newest first.",
        handler=handlers.show_history,
        permission=Permission.ENTITLEMENTS_VIEW,
        answers={200: SettingsHistory},
        query=CLIENT_HISTORY_PARAMS,
    ),
)
