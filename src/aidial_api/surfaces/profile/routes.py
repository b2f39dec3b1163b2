"""The rows of one's own profile."""

from __future__ import annotations

from typing import Any

from aidial_api.kernel.route import Access, AuthMode, Precondition, Route
from aidial_api.surfaces.profile import handlers
from aidial_contract.access import Permission
from aidial_contract.scope import ScopeKind
from aidial_contract.shapes.profile import OwnProfileChange, OwnProfileDocument, profile_rules

_OWN: dict[str, Any] = {
    "path": "/v1/settings/profile",
    "auth": AuthMode.BEARER,
    "scope": ScopeKind.SELF,
    "bucket": "reads",
    "find": handlers.find,
    "answers": {200: OwnProfileDocument},
}

ROWS = (
    Route(
        **_OWN,
        method="GET",
        name="profile.show",
        summary="Your own profile: to change if you administer your organisation, to read otherwise.",
        handler=handlers.show,
        access=Access.PENDING,
        permission=Permission.PROFILE_VIEW,
    ),
    Route(
        **_OWN,
        method="PUT",
        name="profile.save",
        summary="Save your own profile over the version you changed.",
        handler=handlers.save,
        access=Access.FULL,
        permission=Permission.PROFILE_EDIT,
        body=OwnProfileChange,
        rules=(profile_rules,),
        precondition=Precondition.EXPECTED_VERSION,
        writes=True,
    ),
)
