"""What AiDial's own people see of every tenant on the wire: tenants, live sessions, background jobs.

The one thing a newcomer would get wrong: it is about tenants and never from inside one. No call, text or
number of theirs is here; a job shows the ids it was given and nothing else.
"""

from __future__ import annotations

from typing import Final, Literal

from aidial_contract.shapes.common import Outgoing, Time, Uuid

TENANT_LIFECYCLES: Final = ("provisioning", "active", "suspended", "archived")
JobState = Literal["waiting", "running", "failed"]
JOB_STATES: Final = ("waiting", "running", "failed")
"""What has succeeded is deleted; `failed` are the dead letters."""


class TenantProject(Outgoing):
    """A line of a tenant."""

    project_id: Uuid
    display_name: str
    is_active: bool


class Tenant(Outgoing):
    """One tenant. `projects` are at most fifty, by name; `project_count` counts them all."""

    client_id: str
    name: str
    lifecycle: Literal["provisioning", "active", "suspended", "archived"]
    environment: Literal["live", "test"]
    timezone: str
    partner_org: str | None
    project_count: int
    projects: list[TenantProject]
    created_at: Time


class TenantList(Outgoing):
    """`GET /v1/ops/tenants`, by id."""

    tenants: list[Tenant]
    next_cursor: str | None


class LiveSession(Outgoing):
    """A session that counts now. `organisation` is a tenant's or partner's id, null for AiDial's people."""

    session_id: Uuid
    user_id: Uuid
    person: str
    role: str | None
    organisation: str | None
    device: str
    second_factor: bool
    created_at: Time
    last_active_at: Time


class LiveSessionList(Outgoing):
    """`GET /v1/ops/sessions`, the newest sign-in first."""

    sessions: list[LiveSession]
    next_cursor: str | None


class BackgroundJob(Outgoing):
    """A job of the queue. `due_at` null: at once; `ids`: its arguments; `failed_at`: its last failure."""

    job_id: int
    name: str
    state: JobState
    attempts: int
    due_at: Time | None
    failed_at: Time | None
    ids: dict[str, str]


class JobQueue(Outgoing):
    """How the queue is: how many wait and are due, how old the oldest due one is, how many failed."""

    waiting: int
    due: int
    oldest_due_seconds: int | None
    running: int
    failed: int


class JobList(Outgoing):
    """`GET /v1/ops/jobs`, the newest first."""

    jobs: list[BackgroundJob]
    next_cursor: str | None
    queue: JobQueue
