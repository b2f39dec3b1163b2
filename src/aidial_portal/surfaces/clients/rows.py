"""The rows of clients."""

from __future__ import annotations

from aidial_contract.access import Permission
from aidial_contract.params import CLIENT_LIST_PARAMS
from aidial_contract.scope import ScopeKind
from aidial_portal.kernel.route import Route, RouteScope
from aidial_portal.kernel.rows import read_row
from aidial_portal.surfaces.clients import api

_ASSIGNED = RouteScope(kind=ScopeKind.CLIENTS, client_id=None, project_id=None)
_ONE = RouteScope(kind=ScopeKind.RECORD, client_id=None, project_id=None)
_DENIAL = "/v1/clients/{id}"


def rows() -> tuple[Route, ...]:
    """`/api/partner/clients`."""
    return (
        read_row(
            "/api/partner/clients",
            "clients.list",
            api.clients,
            permission=Permission.CLIENTS_VIEW,
            scope=_ASSIGNED,
            params=CLIENT_LIST_PARAMS,
            denial=_DENIAL,
        ),
        read_row(
            "/api/partner/clients/{client_id}",
            "clients.show",
            api.one_client,
            permission=Permission.CLIENTS_VIEW,
            scope=_ONE,
            denial=_DENIAL,
        ),
    )
