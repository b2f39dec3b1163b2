"""Sending what is queued: taken by one worker at a time, tried again after longer and longer waits.

The one thing a newcomer would get wrong: nobody can know whether a message left when a worker died while it
was handing it over. It is sent again, with the same Message-ID; that is rare, and better than never.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import msgspec
import structlog

from aidial_api.kernel.jobs import DELIVERIES, Job
from aidial_api.kernel.outgoing.port import Attachment, Message, NotSent
from aidial_api.kernel.outgoing.queue import PURPOSE, SEND_JOB, send_at
from aidial_api.kernel.reach import Reach

if TYPE_CHECKING:
    import asyncpg

    from aidial_api.kernel.crypto import TenantKey
    from aidial_api.kernel.db import Database
    from aidial_api.kernel.outgoing.port import Courier, Post
    from aidial_api.kernel.storage import Files
    from aidial_api.kernel.transaction import Tx

LEASE: Final = timedelta(minutes=5)
"""Longer than any exchange takes (the settings see to it); after it another worker may take the message."""
WAITS: Final = (
    timedelta(seconds=30),
    timedelta(minutes=2),
    timedelta(minutes=10),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=6),
    timedelta(hours=12),
)
"""Between one try and the next; after the last it is given up."""
TRIES: Final = len(WAITS) + 1
KEPT_CHARACTERS: Final = 8_000
"""Of a text, where the embedded outbox keeps it."""
_log = structlog.get_logger("aidial_worker")

_TAKE: Final = """
UPDATE deliveries SET attempts = attempts + 1, taken_until = now() + $3::interval
WHERE client_id = $1 AND delivery_id = $2 AND state IN ('queued', 'failed')
    AND (taken_until IS NULL OR taken_until <= now())
    AND (next_attempt_at IS NULL OR next_attempt_at <= now())
RETURNING client_id, delivery_id, project_id, kind, channel, about_id, mask, recipient, attempts
"""
_TAKEN: Final = """
SELECT taken_until FROM deliveries
WHERE client_id = $1 AND delivery_id = $2 AND state IN ('queued', 'failed') AND taken_until > now()
"""
_SENT: Final = """
UPDATE deliveries SET state = CASE WHEN $5 THEN 'kept' ELSE 'sent' END, taken_until = NULL,
    sent_at = CASE WHEN $5 THEN NULL ELSE now() END, next_attempt_at = NULL,
    failure = NULL, sent_by = $3, content = CASE WHEN EXISTS (
        SELECT FROM calls c WHERE c.client_id = $1 AND c.call_id = deliveries.about_id
        AND c.transcript_state IN ('hidden', 'retention_expired')) THEN NULL ELSE $4::jsonb END
WHERE client_id = $1 AND delivery_id = $2 AND state IN ('queued', 'failed')
"""
_FAILED: Final = """
UPDATE deliveries SET state = CASE WHEN $4::interval IS NULL THEN 'gave_up' ELSE 'failed' END, failure = $3,
    taken_until = NULL, next_attempt_at = now() + $4::interval
WHERE client_id = $1 AND delivery_id = $2 AND state IN ('queued', 'failed')
RETURNING next_attempt_at
"""


@dataclass(frozen=True, slots=True)
class Content:
    """What a message says."""

    subject: str
    text: str
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True)
class Occasion:
    """What a writer has to write from. `mask`: without the caller's number and names."""

    tx: Tx
    key: TenantKey
    files: Files
    about_id: str
    mask: bool


Writer = Callable[[Occasion], Awaitable[Content | None]]
"""Writes a kind of message; None when there is nothing left to write about."""
Sent = Callable[["Tx", str, str, str], Awaitable[None]]
"""Notes, in its transaction, that a message left: client, what about, delivery. Not of what is kept."""


def send_job(writers: Mapping[str, Writer], noted: Mapping[str, Sent]) -> Job:
    """The job that sends one message; `writers` by kind, and what is `noted` once one left."""

    async def send(db: Database, post: Post, *, client_id: str, delivery_id: str) -> None:
        row = await _taken(db, client_id, delivery_id)
        if row is not None:
            await _send(db, post, writers.get(row["kind"]), noted.get(row["kind"]), row)

    return Job(SEND_JOB, send, with_post=True, queue=DELIVERIES)


async def _taken(db: Database, client_id: str, delivery_id: str) -> asyncpg.Record | None:
    """The message, for this worker alone for a while; None when it is not to be sent now."""
    async with db.transaction(Reach((client_id,))) as tx:
        row = await tx.fetchrow(_TAKE, client_id, delivery_id, LEASE)
        if row is None:
            await _look_again(tx, client_id, delivery_id)
    return row


async def _send(
    db: Database, post: Post, writer: Writer | None, noted: Sent | None, row: asyncpg.Record
) -> None:
    client_id, delivery_id = row["client_id"], str(row["delivery_id"])
    courier = post.courier(row["channel"])
    try:
        kept = await _handed_over(db, post, courier, writer, row)
    except NotSent as problem:
        _log.warning("delivery.failed", delivery_id=delivery_id, reason=problem.reason)
        await _note_failure(db, row, problem)
        return
    async with db.transaction(Reach((client_id,))) as tx:
        done = await tx.execute(_SENT, client_id, delivery_id, courier.name, kept, courier.keeps_text)
        if noted is not None and done == "UPDATE 1" and not courier.keeps_text:
            await noted(tx, client_id, str(row["about_id"]), delivery_id)


async def _look_again(tx: Tx, client_id: str, delivery_id: str) -> None:
    """When another worker has it: that one may have died, so it is looked after once its time is over."""
    until = await tx.fetchval(_TAKEN, client_id, delivery_id)
    if until is not None:
        await send_at(tx, client_id, delivery_id, until)


async def _handed_over(
    db: Database, post: Post, courier: Courier, writer: Writer | None, row: asyncpg.Record
) -> str | None:
    """Write and hand over; gives back what the embedded outbox keeps, as JSON. `NotSent` when it failed."""
    delivery_id = str(row["delivery_id"])
    if row["attempts"] > TRIES:
        raise NotSent("kept_failing", for_good=True)
    async with db.transaction(Reach((row["client_id"],)), read_only=True) as tx:
        key = await post.files.keys.get(tx, row["client_id"])
        # What is kept for AiDial's own people to read never says whom it is about.
        occasion = Occasion(tx, key, post.files, str(row["about_id"]), row["mask"] or courier.keeps_text)
        content = None if writer is None else await writer(occasion)
    if content is None:
        raise NotSent("nothing_to_send", for_good=True)
    to = key.decrypt(row["recipient"], purpose=PURPOSE, record=delivery_id).decode()
    await courier.send(Message(delivery_id, to, content.subject, content.text, content.attachments))
    if not courier.keeps_text:
        return None
    kept = {"subject": content.subject, "text": content.text[:KEPT_CHARACTERS]}
    return msgspec.json.encode(kept).decode()


async def _note_failure(db: Database, row: asyncpg.Record, problem: NotSent) -> None:
    client_id, delivery_id, attempts = row["client_id"], str(row["delivery_id"]), row["attempts"]
    wait = None if problem.for_good or attempts >= TRIES else WAITS[attempts - 1]
    async with db.transaction(Reach((client_id,))) as tx:
        at = await tx.fetchval(_FAILED, client_id, delivery_id, problem.reason, wait)
        if at is not None:
            await send_at(tx, client_id, delivery_id, at)
