"""The rows of operations.

The one thing a newcomer would get wrong: `/ops/incidents/new` is a row of its own and stands before the one
that takes an id.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from aidial_contract.access import Permission
from aidial_contract.params import (
    INCIDENT_PARAMS,
    JOB_PARAMS,
    LIVE_SESSION_PARAMS,
    OPS_TICKET_PARAMS,
    OUTBOX_PARAMS,
    TENANT_PARAMS,
)
from aidial_contract.scope import ScopeKind
from aidial_contract.shapes.status import (
    IncidentPatch,
    NewIncident,
    incident_patch_rules,
    new_incident_rules,
)
from aidial_portal.kernel.limits import SETTINGS_CHANGES
from aidial_portal.kernel.pages import page_row
from aidial_portal.kernel.route import Access, Precondition, Route, RouteScope, json_body
from aidial_portal.kernel.rows import REPEATABLE, change_row, read_row
from aidial_portal.surfaces.ops import api, incidents, lists, outbox, pages, places, tickets

if TYPE_CHECKING:
    from aidial_contract.query import QueryParam
    from aidial_portal.kernel.route import Handler

_EVERYTHING: Final = RouteScope(kind=ScopeKind.EVERYTHING, client_id=None, project_id=None)
_DENIAL: Final = "/v1/incidents/{id}"
_VIEW: Final = Permission.OPS_VIEW
_PUBLISH: Final = Permission.STATUS_PUBLISH
_DEAD_LETTER_PARAMS: Final = tuple(param for param in JOB_PARAMS if param.name != "state")


def rows() -> tuple[Route, ...]:
    """The pages of operations, and the same as JSON; for internal roles."""
    return (*_pages(), *_lists(), *_changes())


def _page(path: str, name: str, handler: Handler, params: tuple[QueryParam, ...] = (), **more: Any) -> Route:
    policy: dict[str, Any] = {"access": Access.FULL, "permission": _VIEW, "scope": _EVERYTHING}
    return page_row(path, f"ops.{name}", handler, params=params, **{**policy, **more})


def _pages() -> tuple[Route, ...]:
    return (
        _page(places.HOME, "home", pages.home),
        _page(places.INCIDENTS, "incidents.page", lists.incidents, INCIDENT_PARAMS),
        _page(
            places.NEW_INCIDENT,
            "incidents.new",
            incidents.new_incident,
            permission=_PUBLISH,
            query=frozenset({"tenant"}),
        ),
        _page(f"{places.INCIDENTS}/{{incident_id}}", "incident.page", incidents.incident, denial=_DENIAL),
        _page(places.TENANTS, "tenants.page", lists.tenants, TENANT_PARAMS),
        _page(places.SESSIONS, "sessions.page", lists.sessions, LIVE_SESSION_PARAMS),
        _page(places.TICKETS, "tickets.page", tickets.tickets, OPS_TICKET_PARAMS),
        _page(places.OUTBOX, "outbox.page", outbox.outbox, OUTBOX_PARAMS),
        _page(places.JOBS, "jobs.page", lists.jobs, JOB_PARAMS),
        _page(places.DEAD_LETTERS, "dead_letters.page", lists.dead_letters, _DEAD_LETTER_PARAMS),
    )


def _lists() -> tuple[Route, ...]:
    return tuple(
        read_row(
            f"/api/ops/{what}", f"ops.{what}", handler, permission=_VIEW, scope=_EVERYTHING, params=params
        )
        for what, handler, params in (
            ("incidents", api.incidents, INCIDENT_PARAMS),
            ("tenants", api.tenants, TENANT_PARAMS),
            ("sessions", api.sessions, LIVE_SESSION_PARAMS),
            ("jobs", api.jobs, JOB_PARAMS),
            ("outbox", api.outbox, OUTBOX_PARAMS),
            ("tickets", api.tickets, OPS_TICKET_PARAMS),
        )
    )


def _changes() -> tuple[Route, ...]:
    one = "/api/ops/incidents/{incident_id}"
    return (
        read_row(one, "ops.incident", api.incident, permission=_VIEW, scope=_EVERYTHING, denial=_DENIAL),
        change_row(
            "POST",
            "/api/ops/jobs/{background_job_id}/retry",
            "ops.jobs.retry",
            api.retry_job,
            permission=Permission.OPS_MANAGE,
            scope=_EVERYTHING,
            bucket=SETTINGS_CHANGES,
            denial=_DENIAL,
            errors=("state_conflict",),
        ),
        change_row(
            "POST",
            "/api/ops/incidents",
            "ops.incidents.publish",
            api.publish,
            permission=_PUBLISH,
            scope=_EVERYTHING,
            bucket=SETTINGS_CHANGES,
            body=json_body(NewIncident, new_incident_rules),
            errors=REPEATABLE,
        ),
        change_row(
            "PATCH",
            one,
            "ops.incidents.update",
            api.update,
            permission=_PUBLISH,
            scope=_EVERYTHING,
            bucket=SETTINGS_CHANGES,
            body=json_body(IncidentPatch, incident_patch_rules),
            precondition=Precondition.EXPECTED_VERSION,
            denial=_DENIAL,
            errors=("state_conflict",),
        ),
    )
