"""The rows of operations.

The one thing a newcomer would get wrong: these are for internal roles alone, and about every tenant at once;
nobody names one.
"""

from __future__ import annotations

from typing import Any

from aidial_api.kernel.route import Access, AuthMode, Route
from aidial_api.surfaces.ops import handlers
from aidial_contract.access import Permission
from aidial_contract.params import (
    JOB_PARAMS,
    LIVE_SESSION_PARAMS,
    OPS_TICKET_PARAMS,
    OUTBOX_PARAMS,
    TENANT_PARAMS,
)
from aidial_contract.scope import ScopeKind
from aidial_contract.shapes.ops import BackgroundJobAnswer, JobList, LiveSessionList, OutboxList, TenantList
from aidial_contract.shapes.support import TicketList

_READ: dict[str, Any] = {
    "method": "GET",
    "access": Access.FULL,
    "auth": AuthMode.BEARER,
    "permission": Permission.OPS_VIEW,
    "scope": ScopeKind.EVERYTHING,
    "bucket": "reads",
}

ROWS = (
    Route(
        **_READ,
        path="/v1/ops/tenants",
        name="ops.tenants",
        summary="A page of every tenant, by id. Looking is recorded.",
        handler=handlers.show_tenants,
        answers={200: TenantList},
        query=TENANT_PARAMS,
        records=True,
    ),
    Route(
        **_READ,
        path="/v1/ops/sessions",
        name="ops.sessions",
        summary="A page of the sessions that count now, the newest sign-in first. Looking is recorded.",
        handler=handlers.show_sessions,
        answers={200: LiveSessionList},
        query=LIVE_SESSION_PARAMS,
        records=True,
    ),
    Route(
        **_READ,
        path="/v1/ops/jobs",
        name="ops.jobs",
        summary="A page of the background jobs, the newest first; the dead ones failed. Looking is recorded.",
        handler=handlers.show_jobs,
        answers={200: JobList},
        query=JOB_PARAMS,
        records=True,
    ),
    Route(
        **{**_READ, "method": "POST", "permission": Permission.OPS_MANAGE},
        path="/v1/ops/jobs/{background_job_id}/retry",
        name="ops.jobs.retry",
        summary="Have a job that failed for good run again, from where it came.",
        handler=handlers.retry_job,
        find=handlers.find_job,
        answers={200: BackgroundJobAnswer},
        writes=True,
        errors=("state_conflict",),
    ),
    Route(
        **_READ,
        path="/v1/ops/tickets",
        name="ops.tickets",
        summary="A page of every tenant's support tickets, by age. Looking is recorded.",
        handler=handlers.show_tickets,
        answers={200: TicketList},
        query=OPS_TICKET_PARAMS,
        records=True,
    ),
    Route(
        **_READ,
        path="/v1/ops/outbox",
        name="ops.outbox",
        summary="A page of the messages to people of every tenant, the newest first. Looking is recorded.",
        handler=handlers.show_outbox,
        answers={200: OutboxList},
        query=OUTBOX_PARAMS,
        records=True,
    ),
)
