"""The rows of the activity log.

The one thing a newcomer would get wrong: reading the log is itself recorded, so the first row writes although
it is a GET (`records`).
"""

from __future__ import annotations

from typing import Any

from aidial_api.kernel.route import Access, AuthMode, Route
from aidial_api.surfaces.audit import handlers
from aidial_contract.access import Permission
from aidial_contract.params import AUDIT_PARAMS
from aidial_contract.scope import ScopeKind
from aidial_contract.shapes.audit import AuditActorList, AuditEventList

_READ: dict[str, Any] = {
    "method": "GET",
    "access": Access.FULL,
    "auth": AuthMode.BEARER,
    "permission": Permission.AUDIT_VIEW,
    "scope": ScopeKind.PROJECTS,
    "bucket": "reads",
    "find": handlers.find,
}

ROWS = (
    Route(
        **_READ,
        path="/v1/audit-events",
        name="audit.list",
        summary="A page of your tenant's activity log, newest first. Opening it is recorded in it.",
        handler=handlers.show_list,
        answers={200: AuditEventList},
        query=AUDIT_PARAMS,
        records=True,
        errors=("validation_failed",),
    ),
    Route(
        **_READ,
        path="/v1/audit-events/actors",
        name="audit.actors",
        summary="Whom the activity log can be narrowed to.",
        handler=handlers.show_actors,
        answers={200: AuditActorList},
    ),
)
