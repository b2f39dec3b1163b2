"""A mail server that takes connections and says nothing stops no other work, and not the worker's end."""

from __future__ import annotations

import asyncio
import os
import sys
from asyncio.subprocess import DEVNULL
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from aidial_api.kernel.jobs import enqueue
from aidial_api.kernel.outgoing.recipients import ANNOUNCE_JOB
from aidial_api.kernel.reach import Reach
from tests.people import FRONT_DESK, HARBOUR
from tests.support.api import World
from tests.support.deliveries import by_smtp, delivered_call, queue
from tests.support.smtp import mail_server

LIMIT_S = 50
PLACES = 2
"""Of a worker, for messages."""


async def until(is_so: Callable[[], Awaitable[bool]]) -> None:
    """Wait for it."""
    async with asyncio.timeout(LIMIT_S):
        while not await is_so():  # noqa: ASYNC110 - another process does it
            await asyncio.sleep(0.05)


async def test_other_work_goes_on_while_a_mail_server_says_nothing(world: World) -> None:
    call_id = await delivered_call(world)
    for number in range(8):
        await queue(world, call_id, f"desk-{number}@harbour.example")
    with mail_server() as mailbox:
        mailbox.is_silent = True
        mail = by_smtp(mailbox.port) | {"AIDIAL_SMTP_TIMEOUT_MS": "60000"}
        worker = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "aidial", "worker"),
            env={**os.environ, **world.environ, **mail},
            stdout=DEVNULL,
            stderr=DEVNULL,
        )

        async def messages_hang() -> bool:
            assert worker.returncode is None
            return mailbox.connections >= PLACES

        async def other_work_is_done() -> bool:
            left = await world.sql(
                "SELECT 1 FROM jobs.procrastinate_jobs WHERE task_name = $1 AND args ->> 'call_id' = $2",
                ANNOUNCE_JOB,
                call_id,
            )
            return not left

        try:
            await until(messages_hang)
            services = world.api.app.services
            assert services is not None
            async with services.db.transaction(Reach((HARBOUR,))) as tx:
                about = {"client_id": HARBOUR, "project_id": FRONT_DESK, "call_id": call_id}
                await enqueue(tx, ANNOUNCE_JOB, about, at=datetime.now(UTC))
            await until(other_work_is_done)
            assert mailbox.connections == PLACES
            worker.terminate()
            assert await asyncio.wait_for(worker.wait(), LIMIT_S) == 0
        finally:
            if worker.returncode is None:
                worker.kill()
                await worker.wait()
    # What the worker held is rescued one day, and finds nothing to do.
    await world.sql("UPDATE deliveries SET state = 'gave_up' WHERE about_id = $1", call_id)
