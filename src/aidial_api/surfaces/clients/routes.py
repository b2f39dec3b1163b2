"""The rows of clients."""

from __future__ import annotations

from typing import Any

from aidial_api.kernel.route import Access, AuthMode, Route
from aidial_api.surfaces.clients import handlers
from aidial_contract.access import Permission
from aidial_contract.params import CLIENT_LIST_PARAMS
from aidial_contract.scope import ScopeKind
from aidial_contract.shapes.clients import Client, ClientList

_READ: dict[str, Any] = {
    "method": "GET",
    "access": Access.FULL,
    "auth": AuthMode.BEARER,
    "permission": Permission.CLIENTS_VIEW,
    "bucket": "reads",
}

ROWS = (
    Route(
        **_READ,
        path="/v1/clients",
        name="clients.list",
        summary="The clients assigned to you, by business name.",
        handler=handlers.show_list,
        scope=ScopeKind.CLIENTS,
        answers={200: ClientList},
        query=CLIENT_LIST_PARAMS,
    ),
    Route(
        **_READ,
        path="/v1/clients/{client_id}",
        name="clients.show",
        summary="One client assigned to you.",
        handler=handlers.show_one,
        scope=ScopeKind.RECORD,
        find=handlers.find,
        answers={200: Client},
    ),
)
