"""The rows of one's own sessions."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from aidial_contract.access import Permission
from aidial_contract.errors import SESSION_SERVICE_UNAVAILABLE
from aidial_contract.params import CUSTOMER_SESSION_PARAMS
from aidial_contract.scope import ScopeKind
from aidial_portal.kernel.limits import SESSION_LIFECYCLE
from aidial_portal.kernel.route import (
    CALL_DENIAL,
    JSON,
    NO_BODY,
    NO_QUERY,
    Access,
    Handler,
    Kind,
    Method,
    Precondition,
    Route,
    RouteScope,
    WithoutContext,
)
from aidial_portal.surfaces.sessions import api

_OF_CLIENT: Final = "/api/partner/clients/{client_id}/sessions"
_OF_USER: Final = "/api/partner/clients/{client_id}/users/{user_id}/sessions"


def _row(method: Method, path: str, name: str, handler: Handler) -> Route:
    return Route(
        method=method,
        path=path,
        name=name,
        handler=handler,
        kind=Kind.API,
        access=Access.FULL,
        permission=Permission.SESSIONS_MANAGE_OWN,
        scope=RouteScope(kind=ScopeKind.SELF, client_id=None, project_id=None),
        query=NO_QUERY,
        bucket=SESSION_LIFECYCLE,
        body=NO_BODY,
        produces=JSON,
        precondition=Precondition.NONE,
        denial=CALL_DENIAL,
        without_context=WithoutContext.FAIL,
        away=SESSION_SERVICE_UNAVAILABLE,
    )


def _of_others(method: Method, path: str, name: str, handler: Handler) -> Route:
    """A row about the sessions of customer users, for whoever manages the users of that client."""
    return replace(
        _row(method, path, name, handler),
        permission=Permission.CUSTOMER_USERS_MANAGE,
        scope=RouteScope(kind=ScopeKind.RECORD, client_id=None, project_id=None),
        denial="/v1/clients/{id}/users/{id}/sessions",
    )


def rows() -> tuple[Route, ...]:
    """All of `/api/sessions`, and those of customer users."""
    return (
        replace(
            _of_others("GET", _OF_CLIENT, "sessions.of_client", api.sessions_of_client),
            query=frozenset(param.name for param in CUSTOMER_SESSION_PARAMS),
            params=CUSTOMER_SESSION_PARAMS,
        ),
        _of_others(
            "DELETE",
            f"{_OF_CLIENT}/{{user_session_id}}",
            "sessions.revoke_one_of_client",
            api.revoke_one_of_client,
        ),
        _of_others("GET", _OF_USER, "sessions.of_user", api.sessions_of_user),
        _of_others("DELETE", _OF_USER, "sessions.revoke_of_user", api.revoke_of_user),
        _row("GET", "/api/sessions", "sessions.list", api.sessions),
        _row("DELETE", "/api/sessions/{session_id}", "sessions.revoke", api.revoke),
        _row("POST", "/api/sessions/revoke-others", "sessions.revoke_others", api.revoke_others),
    )
