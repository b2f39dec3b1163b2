"""Tenants, live sessions and jobs in the database, as AiDial's own people see them.

The one thing a newcomer would get wrong: these statements name no tenant. What they may see, the policies
named `operations` say; without that reach they see nothing. The queue (schema `jobs`) knows no tenants.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import asyncpg

from aidial_api.kernel.jobs import OLDEST_DUE
from aidial_api.kernel.tickets import LIST_COLUMNS
from aidial_api.kernel.transaction import Tx
from aidial_contract.shapes.support import TICKET_STATUSES

PROJECTS_SHOWN: Final = 50
STATUSES: Final = {
    "waiting": ("todo",),
    "running": ("doing", "aborting"),
    "failed": ("failed", "cancelled", "aborted"),
}
"""The queue's own words for each state."""
_STATE_OF: Final = {status: state for state, statuses in STATUSES.items() for status in statuses}

_TENANTS = f"""
SELECT c.client_id, c.name, c.lifecycle, c.environment, c.timezone, c.partner_org_id, c.created_at,
    (SELECT count(*) FROM projects p WHERE p.client_id = c.client_id) AS project_count,
    (SELECT coalesce(jsonb_agg(to_jsonb(p) ORDER BY p.display_name, p.project_id), '[]'::jsonb) FROM (
        SELECT p.project_id, p.display_name, p.is_active FROM projects p WHERE p.client_id = c.client_id
        ORDER BY p.display_name, p.project_id LIMIT {PROJECTS_SHOWN}) p) AS projects
FROM clients c
WHERE ($1::text IS NULL OR position(lower(trim($1)) IN c.client_id || ' ' || lower(c.name)) > 0)
    AND ($2::text[] IS NULL OR c.lifecycle = any($2))
    AND ($3::text IS NULL OR c.client_id > $3) AND ($5::text IS NULL OR c.client_id = $5)
ORDER BY c.client_id LIMIT $4
"""
_SESSIONS = """
SELECT s.session_id, s.user_id, u.email, m.role, m.organisation, s.device_label, s.mfa_satisfied,
    s.created_at, s.last_active_at
FROM sessions s JOIN users u ON u.user_id = s.user_id
LEFT JOIN LATERAL (
    SELECT role, coalesce(client_id, partner_org_id) AS organisation FROM memberships
    WHERE user_id = s.user_id AND status = 'active' ORDER BY role LIMIT 1) m ON true
WHERE s.state = 'active' AND s.idle_expires_at > $1 AND s.absolute_expires_at > $1
    AND ($2::uuid IS NULL OR s.session_id < $2)
ORDER BY s.session_id DESC LIMIT $3
"""
_JOBS = """
SELECT j.id, j.task_name, j.status::text AS status, j.attempts, j.scheduled_at, j.args, (
    SELECT max(e.at) FROM jobs.procrastinate_events e
    WHERE e.job_id = j.id AND e.type::text IN ('failed', 'deferred_for_retry', 'cancelled', 'aborted')
    ) AS failed_at
FROM jobs.procrastinate_jobs j
WHERE {begun}j.status::text = any($1::text[]) AND ($2::bigint IS NULL OR j.id < $2)
ORDER BY j.id DESC LIMIT $3
"""
_ONE = """
SELECT j.id, j.task_name, j.status::text AS status, j.attempts, j.scheduled_at, j.args, (
    SELECT max(e.at) FROM jobs.procrastinate_events e
    WHERE e.job_id = j.id AND e.type::text IN ('failed', 'deferred_for_retry', 'cancelled', 'aborted')
    ) AS failed_at
FROM jobs.procrastinate_jobs j WHERE j.id = $1 AND j.status <> 'succeeded'
"""
# A regular job may wait for its next time already, and then only that one runs.
_RETRY = """
UPDATE jobs.procrastinate_jobs j
SET status = 'todo', attempts = 0, scheduled_at = $2, abort_requested = false, worker_id = NULL
WHERE j.id = $1 AND j.status IN ('failed', 'cancelled', 'aborted') AND (
    j.queueing_lock IS NULL OR NOT EXISTS (
        SELECT FROM jobs.procrastinate_jobs o WHERE o.queueing_lock = j.queueing_lock AND o.status = 'todo'))
RETURNING j.id
"""
_BEGUN = "j.status <> 'todo' AND "
"""Of few jobs, and of an index: those that wait are not looked at for them."""
QUEUE = f"""
SELECT w.waiting, w.due, b.running, b.failed, ({OLDEST_DUE}) AS oldest_due_seconds
FROM (SELECT count(*) AS waiting,
          count(*) FILTER (WHERE j.scheduled_at IS NULL OR j.scheduled_at <= now()) AS due
      FROM jobs.procrastinate_jobs j WHERE j.status = 'todo') w,
    (SELECT count(*) FILTER (WHERE j.status IN ('doing', 'aborting')) AS running,
          count(*) FILTER (WHERE j.status IN ('failed', 'cancelled', 'aborted')) AS failed
      FROM jobs.procrastinate_jobs j WHERE j.status <> 'todo') b
"""

# Each state is an index of its own but `sent`, which nearly all are.
_DELIVERIES = """
SELECT d.delivery_id, d.client_id, d.project_id, d.kind, d.channel, d.recipient_shown, d.about_id, d.state,
    d.attempts, d.failure, d.sent_by, d.content, d.created_at, d.next_attempt_at, d.sent_at
FROM deliveries d
WHERE ($1::text[] IS NULL OR d.state = any($1)) AND ($2::text IS NULL OR d.channel = $2)
    AND ($3::uuid IS NULL OR d.delivery_id < $3)
ORDER BY d.delivery_id DESC LIMIT $4
"""

# Whose allowlists are on; which of them an address is outside of, is looked at by whoever asks.
_ALLOWLISTS = """
SELECT s.client_id, enabled_allowlist(s.client_id) AS allowlist FROM client_settings s
WHERE s.section = 'ip-allowlist' AND enabled_allowlist(s.client_id) IS NOT NULL
"""
TICKET_FILTERS: Final = ("status", "priority", "category")
_IN_QUEUE: Final = (
    "(CASE"
    + "".join(f" WHEN t.status = '{status}' THEN {at}" for at, status in enumerate(TICKET_STATUSES[:-1]))
    + f" ELSE {len(TICKET_STATUSES) - 1} END)"
)
"""The number of a status, as the index `tickets_in_queue` has it; nobody else's list asks for it."""


async def allowlists(tx: Tx) -> list[asyncpg.Record]:
    """The allowlists that are on: `client_id` and `allowlist`, JSON of networks."""
    return await tx.fetch(_ALLOWLISTS)


async def tickets(
    tx: Tx, query: Mapping[str, Any], closed: Sequence[str], after: tuple[datetime, str] | None, most: int
) -> list[asyncpg.Record]:
    """At most `most` tickets after one, in the query's order; none of archived or `closed` tenants."""
    values: list[Any] = [most, closed]
    conditions = ["c.lifecycle <> 'archived'", "t.client_id <> all($2::text[])"]
    beyond, order = (">", "ASC") if query["sort"] == "oldest" else ("<", "DESC")
    # Only what is asked for: a condition that may be empty bounds no index.
    for name in ("priority", "category"):
        if query[name] is not None:
            values.append(query[name])
            conditions.append(f"t.{name} = any(${len(values)}::text[])")
    if query["status"] is not None:
        values.append([TICKET_STATUSES.index(status) for status in query["status"]])
        conditions.append(f"{_IN_QUEUE} = any(${len(values)}::integer[])")
    if after is not None:
        values += after
        at = len(values)
        conditions.append(f"(t.created_at, t.ticket_id) {beyond} (${at - 1}::timestamptz, ${at}::uuid)")
    sql = (
        f"SELECT {LIST_COLUMNS} FROM tickets t JOIN clients c ON c.client_id = t.client_id"
        f" WHERE {' AND '.join(conditions)} ORDER BY t.created_at {order}, t.ticket_id {order} LIMIT $1"
    )
    return await tx.fetch(sql, *values)


async def deliveries(
    tx: Tx, states: Sequence[str] | None, channel: str | None, before: str | None, most: int
) -> list[asyncpg.Record]:
    """At most `most` messages made before one, the newest first."""
    return await tx.fetch(_DELIVERIES, states, channel, before, most)


async def tenants(
    tx: Tx,
    words: str | None,
    lifecycles: Sequence[str] | None,
    client_id: str | None,
    after: str | None,
    most: int,
) -> list[asyncpg.Record]:
    """At most `most` tenants after an id, by id; of exactly one id when it is given."""
    return await tx.fetch(_TENANTS, words, lifecycles, after, most, client_id)


async def live_sessions(tx: Tx, now: datetime, before: str | None, most: int) -> list[asyncpg.Record]:
    """At most `most` sessions that count at `now`, begun before one, the newest first."""
    return await tx.fetch(_SESSIONS, now, before, most)


async def jobs(tx: Tx, states: Sequence[str], before: int | None, most: int) -> list[asyncpg.Record]:
    """At most `most` jobs in any of these states, put in before one, the newest first."""
    sql = _JOBS.format(begun="" if "waiting" in states else _BEGUN)
    return await tx.fetch(sql, [one for state in states for one in STATUSES[state]], before, most)


async def find_job(tx: Tx, job_id: int) -> asyncpg.Record | None:
    """A job that has not succeeded."""
    return await tx.fetchrow(_ONE, job_id)


async def retry_job(tx: Tx, job_id: int, at: datetime) -> bool:
    """Let a job that failed wait again, for `at`, as if it had never been tried; False when it may not."""
    try:
        async with tx.savepoint():
            return await tx.fetchval(_RETRY, job_id, at) is not None
    except asyncpg.UniqueViolationError:
        # The other one began to wait after this statement had looked.
        return False


async def queue(tx: Tx) -> asyncpg.Record:
    """How many wait, are due, run and failed; the age of the oldest due one."""
    row = await tx.fetchrow(QUEUE)
    if row is None:
        raise RuntimeError("an aggregate gave no row")
    return row


def state_of(status: str) -> str:
    """Our word for the queue's own."""
    return _STATE_OF[status]
