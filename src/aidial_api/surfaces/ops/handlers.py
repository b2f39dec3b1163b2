"""The lists of operations: from an ask to an answer.

The one thing a newcomer would get wrong: a job's arguments are ids by the queue's rule; they are shown as
texts and nothing is looked up by them.
"""

from __future__ import annotations

from typing import TypeVar

import asyncpg
import msgspec

from aidial_api.kernel.ask import Ask
from aidial_api.kernel.audit import Event, record
from aidial_api.kernel.clock import utc_now
from aidial_api.kernel.paging import read_cursor
from aidial_api.kernel.route import Answer
from aidial_api.surfaces.ops import store
from aidial_contract.shapes.ops import (
    JOB_STATES,
    BackgroundJob,
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

T = TypeVar("T", str, int)


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
    jobs = [
        BackgroundJob(
            job_id=row["id"],
            name=row["task_name"],
            state=store.state_of(row["status"]),  # type: ignore[arg-type] # the states are the type's
            attempts=row["attempts"],
            due_at=row["scheduled_at"],
            failed_at=row["failed_at"],
            ids={name: str(value) for name, value in msgspec.json.decode(row["args"]).items()},
        )
        for row in rows
    ]
    queue = await store.queue(ask.tx)
    await _write_down(ask, "jobs", "jobs", jobs=len(jobs))
    return Answer(JobList(jobs=jobs, next_cursor=cursor, queue=JobQueue(**dict(queue))))


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
