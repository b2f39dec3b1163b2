"""Work for later: put into the queue in the transaction of what it is about, or not at all.

The one thing a newcomer would get wrong: the queue (schema `jobs`, procrastinate's) knows no tenants and its
rows are read by the worker before any reach is set. So a job carries ids only, never text; what it does, it
does in a transaction of the tenant that its arguments name, under row-level security like a request.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from aidial_api.kernel.transaction import Tx

QUEUE = "aidial"
DELIVERIES = "aidial-deliveries"
"""What waits for servers of others has a queue of its own, so that no other work waits behind it."""
MEASURING = "aidial-measuring"
"""What holds a whole recording in memory is done one at a time, and others shall not wait for that either."""

_ENQUEUE = """
SELECT jobs.procrastinate_defer_jobs_v1(ARRAY[ROW(
    $1::varchar, $2::varchar, 0, NULL, NULL, $3::text::jsonb, $4::timestamptz
)::jobs.procrastinate_job_to_defer_v1])
"""

# Two ends of one index, whatever waits: the first that was to run at once, and the first whose time has come.
_OLDEST_DUE = """
SELECT extract(epoch FROM now() - least(
    (SELECT min(e.at) FROM jobs.procrastinate_events e WHERE e.job_id = (
        SELECT j.id FROM jobs.procrastinate_jobs j
        WHERE j.status = 'todo' AND j.scheduled_at IS NULL{of} ORDER BY j.scheduled_at, j.id LIMIT 1)),
    (SELECT j.scheduled_at FROM jobs.procrastinate_jobs j
     WHERE j.status = 'todo' AND j.scheduled_at <= now(){of} ORDER BY j.scheduled_at LIMIT 1)
))::integer
"""
OLDEST_DUE: Final = _OLDEST_DUE.format(of="")
"""How many seconds the oldest job that is due has waited; null when none is."""
OLDEST_DUE_TO_SEND: Final = _OLDEST_DUE.format(of=f" AND j.queue_name <> '{MEASURING}'")
"""The same without recordings that wait to be measured: nothing that is sent waits behind them."""


@dataclass(frozen=True, slots=True)
class Job:
    """A kind of job: its stable name, and what runs it with the enqueued arguments.

    A job may run twice (a worker was killed half-way): it must find out for itself what is left to do.
    `cron`: when it runs without being enqueued, once for all workers; such a job takes only the database.
    `queue`: what it is put into. `with_files`: it also takes `Files`, after the database; `with_post`: the
    `Post`. `given_up`: what is done, with the same arguments, when it failed for the last time.
    """

    name: str
    run: Callable[..., Awaitable[None]]
    cron: str | None = None
    with_files: bool = False
    with_post: bool = False
    queue: str = QUEUE
    given_up: Callable[..., Awaitable[None]] | None = None


async def enqueue(tx: Tx, name: str, arguments: dict[str, str], *, at: datetime, queue: str = QUEUE) -> None:
    """Have the worker run job `name` at `at` (aware), provided that this transaction commits.

    `arguments` are ids: keyword arguments of the job's `run` after the database.
    """
    await tx.execute(_ENQUEUE, queue, name, msgspec.json.encode(arguments).decode(), at)
