"""The lists of operations: from an ask to an answer.

The one thing a newcomer would get wrong: a job's arguments are ids by the queue's rule; they are shown as
texts and nothing is looked up by them.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final, TypeVar

import asyncpg
import msgspec

from aidial_api.kernel.ask import Ask
from aidial_api.kernel.audit import Event, record
from aidial_api.kernel.clock import utc_now
from aidial_api.kernel.credentials import allowlist_of
from aidial_api.kernel.paging import read_cursor
from aidial_api.kernel.route import Answer
from aidial_api.kernel.tickets import entry
from aidial_api.surfaces.ops import store
from aidial_contract.lifecycle import BACKGROUND_JOBS
from aidial_contract.networks import holds
from aidial_contract.shapes.ops import (
    JOB_STATES,
    BackgroundJob,
    BackgroundJobAnswer,
    JobList,
    JobQueue,
    LiveSession,
    LiveSessionList,
    OutboxList,
    OutboxMessage,
    Tenant,
    TenantList,
    TenantProject,
)
from aidial_contract.shapes.support import TicketList

T = TypeVar("T")
_JOB_ID: Final = re.compile(r"[1-9][0-9]{0,17}")
_NO_JOB: Final = 0


def _after(ask: Ask, shape: type[T], *bound: str) -> T | None:
    return read_cursor(ask.services.cursors, ask.query["cursor"], shape, *bound)


async def _write_down(ask: Ask, what: str, target_id: str, **seen: int | list[str]) -> None:
    """The event that somebody of AiDial's own looked at what concerns every tenant; each page is one."""
    await record(
        ask, Event(action=f"ops.{what}.viewed", target_kind=what, target_id=target_id, technical=dict(seen))
    )


async def show_tenants(ask: Ask) -> Answer:
    """One page of every tenant there is."""
    query, limit = ask.query, ask.query["limit"]
    words, lifecycles, tenant = query["q"], query["lifecycle"], query["tenant"]
    bound = ("ops tenants", words or "", ",".join(lifecycles or ()), tenant or "")
    rows = await store.tenants(ask.tx, words, lifecycles, tenant, _after(ask, str, *bound), limit + 1)
    more = len(rows) > limit
    rows = rows[:limit]
    cursor = ask.services.cursors.encode(rows[-1]["client_id"], *bound) if more else None
    tenants = [
        Tenant(
            client_id=row["client_id"],
            name=row["name"],
            lifecycle=row["lifecycle"],
            environment=row["environment"],
            timezone=row["timezone"],
            partner_org=row["partner_org_id"],
            project_count=row["project_count"],
            projects=msgspec.json.decode(row["projects"], type=list[TenantProject]),
            created_at=row["created_at"],
        )
        for row in rows
    ]
    await _write_down(ask, "tenants", "tenants", tenants=len(tenants))
    return Answer(TenantList(tenants=tenants, next_cursor=cursor))


async def show_sessions(ask: Ask) -> Answer:
    """One page of the sessions that count now."""
    limit, bound = ask.query["limit"], "ops sessions"
    rows = await store.live_sessions(ask.tx, utc_now(), _after(ask, str, bound), limit + 1)
    more = len(rows) > limit
    rows = rows[:limit]
    cursor = ask.services.cursors.encode(str(rows[-1]["session_id"]), bound) if more else None
    sessions = [
        LiveSession(
            session_id=str(row["session_id"]),
            user_id=str(row["user_id"]),
            person=row["email"],
            role=row["role"],
            organisation=row["organisation"],
            device=row["device_label"],
            second_factor=row["mfa_satisfied"],
            created_at=row["created_at"],
            last_active_at=row["last_active_at"],
        )
        for row in rows
    ]
    await _write_down(ask, "sessions", "sessions", sessions=len(sessions))
    return Answer(LiveSessionList(sessions=sessions, next_cursor=cursor))


async def show_jobs(ask: Ask) -> Answer:
    """One page of the queue, and how it is as a whole."""
    states, limit = ask.query["state"] or JOB_STATES, ask.query["limit"]
    bound = ("ops jobs", ",".join(states))
    rows = await store.jobs(ask.tx, states, _after(ask, int, *bound), limit + 1)
    more = len(rows) > limit
    rows = rows[:limit]
    cursor = ask.services.cursors.encode(rows[-1]["id"], *bound) if more else None
    jobs = [_job(row) for row in rows]
    queue = await store.queue(ask.tx)
    await _write_down(ask, "jobs", "jobs", jobs=len(jobs))
    return Answer(JobList(jobs=jobs, next_cursor=cursor, queue=JobQueue(**dict(queue))))


def _job(row: asyncpg.Record) -> BackgroundJob:
    return BackgroundJob(
        job_id=row["id"],
        name=row["task_name"],
        state=store.state_of(row["status"]),  # type: ignore[arg-type] # the states are the type's
        attempts=row["attempts"],
        due_at=row["scheduled_at"],
        failed_at=row["failed_at"],
        ids={name: str(value) for name, value in msgspec.json.decode(row["args"]).items()},
    )


async def find_job(ask: Ask) -> asyncpg.Record | None:
    """The job the path names."""
    text = ask.path["background_job_id"]
    return await store.find_job(ask.tx, int(text) if _JOB_ID.fullmatch(text) else _NO_JOB)


async def retry_job(ask: Ask) -> Answer:
    """The job, waiting again. 409 `state_conflict` for one that did not fail."""
    job_id: int = ask.found["id"]
    is_retried = await store.retry_job(ask.tx, job_id, ask.services.clock())
    now = await store.find_job(ask.tx, job_id)
    if not is_retried:
        # Somebody else may have been first: what it is now, not what it was when it was found.
        raise BACKGROUND_JOBS.conflict(store.state_of((now or ask.found)["status"]))
    if now is None:
        raise RuntimeError("a job that waits again cannot be read")
    job = _job(now)
    said = {"name": job.name, "attempts": ask.found["attempts"], "ids": job.ids}
    event = Event(action="ops.jobs.retried", target_kind="job", target_id=str(job_id), technical=said)
    await record(ask, event)
    return Answer(BackgroundJobAnswer(job=job))


class _Place(msgspec.Struct, array_like=True):
    """Where a page of tickets ended."""

    at: datetime
    ticket_id: str


async def show_tickets(ask: Ask) -> Answer:
    """One page of every tenant's support tickets, but of those whose allowlist lacks the asker's address."""
    query, limit = ask.query, ask.query["limit"]
    bound = ("ops tickets", query["sort"], *(",".join(query[name] or ()) for name in store.TICKET_FILTERS))
    after = _after(ask, _Place, *bound)
    closed = [
        row["client_id"]
        for row in await store.allowlists(ask.tx)
        if not holds(allowlist_of(row["allowlist"]) or (), ask.client_ip)
    ]
    place = None if after is None else (after.at, after.ticket_id)
    rows = await store.tickets(ask.tx, query, closed, place, limit + 1)
    more = len(rows) > limit
    rows = rows[:limit]
    end = _Place(rows[-1]["created_at"], str(rows[-1]["ticket_id"])) if more else None
    await _write_down(
        ask,
        "tickets",
        "tickets",
        tickets=len(rows),
        client_ids=sorted({row["client_id"] for row in rows}),
        ticket_ids=[str(row["ticket_id"]) for row in rows],
    )
    cursor = None if end is None else ask.services.cursors.encode(end, *bound)
    return Answer(TicketList(tickets=[entry(row) for row in rows], next_cursor=cursor))


async def show_outbox(ask: Ask) -> Answer:
    """One page of the messages to people of every tenant. Whoever looks is written down, and at what.

    A page's length bounds what the event names.
    """
    query, limit = ask.query, ask.query["limit"]
    bound = ("ops outbox", ",".join(query["state"] or ()), query["channel"] or "")
    before = _after(ask, str, *bound)
    rows = await store.deliveries(ask.tx, query["state"], query["channel"], before, limit + 1)
    more = len(rows) > limit
    rows = rows[:limit]
    cursor = ask.services.cursors.encode(str(rows[-1]["delivery_id"]), *bound) if more else None
    await _write_down(
        ask,
        "outbox",
        "deliveries",
        messages=len(rows),
        client_ids=sorted({row["client_id"] for row in rows}),
        delivery_ids=[str(row["delivery_id"]) for row in rows],
    )
    return Answer(OutboxList(messages=[_message(row) for row in rows], next_cursor=cursor))


class _Kept(msgspec.Struct):
    subject: str | None = None
    text: str | None = None


def _message(row: asyncpg.Record) -> OutboxMessage:
    kept = _Kept() if row["content"] is None else msgspec.json.decode(row["content"], type=_Kept)
    return OutboxMessage(
        delivery_id=str(row["delivery_id"]),
        client_id=row["client_id"],
        project_id=row["project_id"] and str(row["project_id"]),
        kind=row["kind"],
        channel=row["channel"],
        recipient=row["recipient_shown"],
        about_id=str(row["about_id"]),
        state=row["state"],
        attempts=row["attempts"],
        failure=row["failure"],
        sent_by=row["sent_by"],
        subject=kept.subject or None,
        text=kept.text,
        created_at=row["created_at"],
        next_attempt_at=row["next_attempt_at"],
        sent_at=row["sent_at"],
    )
