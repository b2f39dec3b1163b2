"""The worker: runs the jobs of `aidial_api.jobs` from the database's queue.

The one thing a newcomer would get wrong: it has no eyes of its own. Each job runs as the application role in
a transaction of the one tenant (or person) its arguments name; the worker never lists tenants. Beside the
jobs it seals the activity log, and there sees whose events wait. Messages to people wait for others'
servers, and measuring recordings takes long: each has a queue and places of its own. Source:
`docs/decisions/0010-jobs-carry-their-tenant.md`, `docs/decisions/0041-the-chain-of-the-activity-log.md`.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import procrastinate
import psycopg
import structlog
from procrastinate import exceptions
from psycopg.conninfo import make_conninfo

from aidial.stops import CommandStopped, Exit
from aidial_api.jobs import JOBS
from aidial_api.kernel import logs
from aidial_api.kernel.audit_chain.checkpointer import Checkpointer, CheckpointSettings
from aidial_api.kernel.audit_chain.outside import Outside
from aidial_api.kernel.audit_chain.sealer import Sealer
from aidial_api.kernel.clock import utc_now
from aidial_api.kernel.connections import CONNECT_TIMEOUT_S
from aidial_api.kernel.crypto import MasterKey, TenantKeys
from aidial_api.kernel.db import NOTHING, Database, DatabaseRefused, DatabaseUnavailable
from aidial_api.kernel.installation import require_master_key
from aidial_api.kernel.jobs import DELIVERIES, MEASURING, QUEUE, Job, enqueue
from aidial_api.kernel.outgoing.port import EmbeddedOutbox, Post
from aidial_api.kernel.outgoing.settings import mail_courier
from aidial_api.kernel.roles import choose_role
from aidial_api.kernel.storage import Files, Storage
from aidial_api.settings import read_settings
from aidial_contract.settings import EXIT_CODE, ConfigurationError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from aidial_api.settings import Settings

AT_ONCE = {QUEUE: 4, DELIVERIES: 2, MEASURING: 1}
"""Every queue, and how many of its jobs a worker runs at a time."""
CONNECTIONS = 7
"""To the queues: each is listened to, and the rest is for taking jobs and finishing them."""
STOP_S = 5.0
ROUND_S = 25.0
"""Of the last jobs of a single round, which nobody asked to stop. Less than `LOST_AFTER_S`: their worker's
heart beats no more."""
HEARTBEAT_S, LOST_AFTER_S = 10.0, 30.0
RETRIES = 8
_log = structlog.get_logger("aidial_worker")


class _ReadAgain(Exception):  # noqa: N818 - it is an end, not an error
    """SIGHUP: begin anew with the configuration as it is now."""


class QueueLost(Exception):  # noqa: N818 - it is an end, not an error
    """The queue came to an end that nobody asked for."""


def run_worker() -> None:
    """Work until SIGTERM or Ctrl-C; exits with 78 for a bad configuration, 69 without a database.

    SIGHUP reads the configuration again; one that is bad is logged, and the worker goes on with what it has.
    """
    try:
        settings = read_settings()
    except ConfigurationError as error:
        for name, reason in error.problems.items():
            print(f"aidial worker: {name}: {reason}", file=sys.stderr)  # noqa: T201 - before logs exist
        sys.exit(EXIT_CODE)
    logs.set_up()
    while True:
        # Until the worker hears them itself a hang-up would end it.
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        try:
            _work_with(settings)
        except _ReadAgain:
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
            settings = _settings_again(settings)
        else:
            return


def _settings_again(known: Settings) -> Settings:
    try:
        return read_settings()
    except ConfigurationError as error:
        _log.error("configuration_invalid", problems=error.problems)
        return known


def _work_with(settings: Settings) -> None:
    try:
        asyncio.run(
            work(
                settings.database_url,
                post=post_of(settings),
                checkpoints=settings.checkpoints,
                master=MasterKey(settings.master_key),
            )
        )
    except DatabaseRefused as refused:
        raise CommandStopped(str(refused), Exit.CONFIGURATION) from None
    except DatabaseUnavailable as gone:
        raise CommandStopped(f"the database does not answer: {gone.reason}", Exit.UNAVAILABLE) from None
    except (exceptions.ConnectorException, psycopg.Error, OSError, QueueLost) as gone:
        raise CommandStopped(f"the job queue is gone: {type(gone).__name__}", Exit.UNAVAILABLE) from None


def files_of(settings: Settings) -> Files:
    """What jobs about files need."""
    storage = Storage(settings.storage, timeout_s=settings.storage_timeout_ms / 1_000)
    return Files(storage, TenantKeys(MasterKey(settings.master_key)))


def post_of(settings: Settings) -> Post:
    """What jobs that send need, files among it."""
    return Post(mail=mail_courier(settings.smtp), sms=EmbeddedOutbox(), files=files_of(settings))


async def work(
    database_url: str,
    *,
    wait: bool = True,
    files: Files | None = None,
    post: Post | None = None,
    checkpoints: CheckpointSettings | None = None,
    master: MasterKey | None = None,
) -> None:
    """Run jobs as they come due, and seal the activity log; with `wait` False, only the jobs due now.

    Jobs about files need `files`, jobs that send a `post`, which has files. `checkpoints` None: none are
    written. Raises `DatabaseRefused` for a `master` key that is not this database's.
    """
    role = await choose_role(database_url, timeout_s=CONNECT_TIMEOUT_S)
    db = await Database.connect(database_url, min_size=1, max_size=sum(AT_ONCE.values()) + 2)
    try:
        if master is not None:
            async with db.transaction(NOTHING) as tx:
                await require_master_key(tx, master)
        app = _app(database_url, role, db, _Tools(files or (post.files if post else None), post))
        async with app.open_async(), _sealing(db, checkpoints, wait=wait):
            if wait:
                await _all(app)
            else:
                for queue in AT_ONCE:
                    await _run(app, queue, wait=False)
    finally:
        await db.close()


async def _all(app: procrastinate.App) -> None:
    """Work at every queue until a signal; where one ends all end.

    Raises `QueueLost` when one ended and nobody asked for it: a queue that lost its database ends without a
    word once the database is back, and a worker that ended well is not started again.
    """
    loop = asyncio.get_running_loop()
    heard: set[int] = set()
    asked = asyncio.Event()

    def hear(number: int) -> None:
        heard.add(number)
        asked.set()

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, hear, number)
    queues = [asyncio.create_task(_run(app, queue)) for queue in AT_ONCE]
    tasks = [asyncio.create_task(asked.wait()), *queues]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
    for end in ends:
        if isinstance(end, Exception):
            raise end
    if not heard:
        raise QueueLost
    # Told to end while it ends to begin anew, it ends.
    if heard == {signal.SIGHUP}:
        raise _ReadAgain


async def _run(app: procrastinate.App, queue: str, *, wait: bool = True) -> None:
    await app.run_worker_async(
        queues=[queue],
        wait=wait,
        concurrency=AT_ONCE[queue],
        delete_jobs="successful",
        shutdown_graceful_timeout=STOP_S if wait else ROUND_S,
        install_signal_handlers=False,
        update_heartbeat_interval=HEARTBEAT_S,
        stalled_worker_timeout=LOST_AFTER_S,
    )


@asynccontextmanager
async def _sealing(
    db: Database, checkpoints: CheckpointSettings | None, *, wait: bool
) -> AsyncIterator[None]:
    """Seal beside the jobs, and vouch beside the sealing."""
    if not wait:
        yield
        return
    runs = [Sealer(db).run()]
    if checkpoints is not None:
        runs.append(Checkpointer(db, checkpoints, Outside(checkpoints.place)).run())
    tasks = [asyncio.create_task(run) for run in runs]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@dataclass(frozen=True, slots=True)
class _Tools:
    """What some jobs take after the database."""

    files: Files | None
    post: Post | None

    def of(self, job: Job) -> tuple[Files | Post | None, ...]:
        if job.with_post:
            return (self.post,)
        return (self.files,) if job.with_files else ()


def _app(database_url: str, role: str | None, db: Database, tools: _Tools) -> procrastinate.App:
    options = "-c search_path=jobs" + (f" -c role={role}" if role else "")
    connector = procrastinate.PsycopgConnector(
        conninfo=make_conninfo(database_url, options=options, application_name="aidial worker"),
        min_size=1,
        max_size=CONNECTIONS,
        timeout=CONNECT_TIMEOUT_S,
    )
    app = procrastinate.App(connector=connector)
    retry = procrastinate.RetryStrategy(max_attempts=RETRIES, exponential_wait=3)
    for job in JOBS:
        if job.cron is None:
            task = app.task(name=job.name, queue=job.queue, retry=retry, pass_context=True)
            task(_runner(job, db, tools))
        else:
            regular = app.task(name=job.name, queue=QUEUE, queueing_lock=job.name)(_regular(job, db))
            app.periodic(cron=job.cron)(regular)

    @app.periodic(cron="* * * * *")
    @app.task(name="jobs.rescue", queue=QUEUE, queueing_lock="jobs.rescue")
    async def rescue(timestamp: int) -> None:  # noqa: ARG001 - procrastinate gives it
        """Run again what a killed worker left half-way."""
        for lost in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=LOST_AFTER_S):
            _log.warning("job.rescued", job=lost.task_name, job_id=lost.id)
            await app.job_manager.retry_job(lost)

    return app


def _runner(job: Job, db: Database, tools: _Tools) -> Callable[..., Awaitable[None]]:
    async def run(context: procrastinate.JobContext, **arguments: Any) -> None:
        if context.job.queue != job.queue:
            # Put in by a version that knew no queue for it: in this one more at a time would run than may.
            async with db.transaction(NOTHING) as tx:
                await enqueue(tx, job.name, arguments, at=utc_now(), queue=job.queue)
            return
        try:
            await job.run(db, *tools.of(job), **arguments)
        except Exception:
            # From here on it is a dead letter; what it was about shall say so.
            if job.given_up is not None and context.job.attempts >= RETRIES:
                await job.given_up(db, **arguments)
            raise
        _log.info("job.done", job=job.name, **arguments)

    return run


def _regular(job: Job, db: Database) -> Callable[[int], Awaitable[None]]:
    async def run(timestamp: int) -> None:  # noqa: ARG001 - procrastinate gives it
        await job.run(db)
        _log.info("job.done", job=job.name)

    return run
