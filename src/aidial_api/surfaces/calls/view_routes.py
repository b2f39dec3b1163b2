"""The rows of saved views. They are people's own: no key and no program has any."""

from __future__ import annotations

from typing import Any

from aidial_api.kernel.route import Access, AuthMode, Precondition, Route
from aidial_api.surfaces.calls import views
from aidial_contract.access import Permission
from aidial_contract.params import CLIENT
from aidial_contract.scope import ScopeKind
from aidial_contract.shapes.call_views import CallViews, CallViewsChange, call_views_rules

_VIEWS: dict[str, Any] = {
    "path": "/v1/call-views",
    "access": Access.FULL,
    "auth": AuthMode.BEARER,
    "permission": Permission.CALLS_KEEP_VIEWS,
    "scope": ScopeKind.CLIENTS,
    "bucket": "reads",
    "answers": {200: CallViews},
    "query": (CLIENT,),
    "find": views.find,
    "names_client": True,
}

ROWS = (
    Route(
        **_VIEWS,
        method="GET",
        name="call_views.show",
        summary="Your own saved views of a client's calls.",
        handler=views.show,
    ),
    Route(
        **_VIEWS,
        method="PUT",
        name="call_views.save",
        summary="Replace your saved views: names and the list's own parameters, at most 50.",
        handler=views.save,
        body=CallViewsChange,
        rules=(call_views_rules,),
        precondition=Precondition.EXPECTED_VERSION,
        writes=True,
    ),
)
