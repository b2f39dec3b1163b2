"""What AiDial's own people see of every tenant: tenants, live sessions, background jobs, messages.

The one thing a newcomer would get wrong: it is about tenants and never from inside one. No number of theirs
is here, and a text only where the embedded outbox keeps what would have been sent: redacted and masked. A job
shows the ids it was given and nothing else.
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


class BackgroundJobAnswer(Outgoing):
    """One job as it is now."""

    job: BackgroundJob


DELIVERY_STATES: Final = ("queued", "sent", "kept", "failed", "gave_up")
CHANNELS: Final = ("email", "sms")


class OutboxMessage(Outgoing):
    """A message to somebody. `recipient` is masked. `about_id` is the call or report it tells of.

    `sent_by` is what took it: `smtp`, or `outbox`, which brings nothing to anybody (`kept`, never `sent`) and
    keeps `subject` and `text`, redacted, masked and at most 8,000 characters of it, for as long as the
    transcript is kept. `failed` is tried again at `next_attempt_at`; `gave_up` is not. `failure` says in a
    word why the last try failed.
    """

    delivery_id: Uuid
    client_id: str
    project_id: Uuid | None
    kind: Literal["call_transcript", "call_summary", "monthly_report", "transfer_failed"]
    channel: Literal["email", "sms"]
    recipient: str
    about_id: Uuid
    state: Literal["queued", "sent", "kept", "failed", "gave_up"]
    attempts: int
    failure: str | None
    sent_by: str | None
    subject: str | None
    text: str | None
    created_at: Time
    next_attempt_at: Time | None
    sent_at: Time | None


class OutboxList(Outgoing):
    """`GET /v1/ops/outbox`, the newest first."""

    messages: list[OutboxMessage]
    next_cursor: str | None


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
