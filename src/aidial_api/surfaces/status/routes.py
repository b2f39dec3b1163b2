"""The rows of status.

The one thing a newcomer would get wrong: an incident is no tenant's record. It is found through what its
reader reaches, and AiDial's own people find every one.
"""

from __future__ import annotations

from typing import Any

from aidial_api.kernel.route import Access, AuthMode, Precondition, Route
from aidial_api.surfaces.status import handlers, service
from aidial_contract.access import Permission
from aidial_contract.params import INCIDENT_PARAMS
from aidial_contract.scope import ScopeKind
from aidial_contract.shapes.status import (
    IncidentAnswer,
    IncidentList,
    IncidentPatch,
    NewIncident,
    StatusReport,
    incident_patch_rules,
    new_incident_rules,
)

_READ: dict[str, Any] = {
    "method": "GET",
    "access": Access.FULL,
    "auth": AuthMode.EITHER,
    "permission": Permission.STATUS_VIEW,
    "scope": ScopeKind.PROJECTS,
    "bucket": "reads",
}
_PUBLISH: dict[str, Any] = {
    "access": Access.FULL,
    "auth": AuthMode.BEARER,
    "permission": Permission.STATUS_PUBLISH,
    "scope": ScopeKind.EVERYTHING,
    "bucket": "reads",
    "writes": True,
}

ROWS = (
    Route(
        **_READ,
        path="/v1/status",
        name="status.show",
        summary="Active incidents, those of the last seven days, and the health of each of your projects.",
        handler=handlers.show_report,
        answers={200: StatusReport},
    ),
    Route(
        **_READ,
        path="/v1/incidents",
        name="incidents.list",
        summary="A page of the incidents that concern you, newest first, resolved ones too.",
        handler=handlers.show_list,
        answers={200: IncidentList},
        query=INCIDENT_PARAMS,
    ),
    Route(
        **_PUBLISH,
        method="POST",
        path="/v1/incidents",
        name="incidents.create",
        summary="Publish an incident to everybody, or to those who reach one of some projects.",
        handler=handlers.create,
        answers={201: IncidentAnswer},
        body=NewIncident,
        rules=(new_incident_rules,),
        idempotent_create=True,
        errors=("not_found", "dependency_timeout"),
    ),
    Route(
        **_READ,
        path="/v1/incidents/{incident_id}",
        name="incidents.show",
        summary="One incident that concerns you, with what was said about it.",
        handler=handlers.show,
        find=service.find,
        answers={200: IncidentAnswer},
    ),
    Route(
        **_PUBLISH,
        method="PATCH",
        path="/v1/incidents/{incident_id}",
        name="incidents.change",
        summary="Say how an incident goes on, or that it is resolved.",
        handler=handlers.change,
        find=service.find,
        answers={200: IncidentAnswer},
        body=IncidentPatch,
        rules=(incident_patch_rules,),
        precondition=Precondition.EXPECTED_VERSION,
        errors=("version_conflict", "state_conflict", "dependency_timeout"),
    ),
)
