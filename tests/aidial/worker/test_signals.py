"""What ends a worker and what does not: asked to stop, told to read its settings again, left by its queue."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from aidial.stops import Exit
from aidial.worker import AT_ONCE
from tests.support.api import World

LIMIT_S = 50
_WORKERS = "SELECT id FROM jobs.procrastinate_workers"
_CUT = (
    # Of this database only: tests of other processes have workers at the same server.
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE application_name = 'aidial worker' AND datname = current_database()"
)


@asynccontextmanager
async def started(world: World, folder: Path) -> AsyncIterator[tuple[Process, Path]]:
    """A worker at every queue, and the file its master key is read from."""
    key = folder / "master-key"
    environ = {**os.environ, **world.environ, "AIDIAL_MASTER_KEY_FILE": str(key)}
    key.write_text(environ.pop("AIDIAL_MASTER_KEY"))
    known = await workers(world)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "aidial", "worker"), env=environ, stderr=PIPE
    )
    try:
        await until_workers(world, lambda ids: len(ids - known) == len(AT_ONCE))
        yield process, key
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def workers(world: World) -> set[int]:
    return {row["id"] for row in await world.sql(_WORKERS)}


async def until_workers(world: World, are_so: Callable[[set[int]], bool]) -> set[int]:
    async with asyncio.timeout(LIMIT_S):
        while not are_so(ids := await workers(world)):  # noqa: ASYNC110 - another process does it
            await asyncio.sleep(0.05)
    return ids


async def said(process: Process) -> str:
    """Everything it said until its end."""
    assert process.stderr
    return (await asyncio.wait_for(process.stderr.read(), LIMIT_S)).decode()


async def test_a_hang_up_begins_anew_and_a_bad_setting_leaves_what_there_is(
    world: World, tmp_path: Path
) -> None:
    async with started(world, tmp_path) as (process, key):
        key.write_text("no key at all")
        before = await workers(world)
        process.send_signal(signal.SIGHUP)
        await until_workers(world, lambda ids: len(ids - before) == len(AT_ONCE))
        process.terminate()
        told = await said(process)
        assert await asyncio.wait_for(process.wait(), LIMIT_S) == Exit.DONE
    assert '"configuration_invalid"' in told
    assert "AIDIAL_MASTER_KEY" in told
    assert "no key at all" not in told


async def test_whoever_is_told_to_end_while_beginning_anew_ends(world: World, tmp_path: Path) -> None:
    async with started(world, tmp_path) as (process, _):
        process.send_signal(signal.SIGHUP)
        process.send_signal(signal.SIGTERM)
        await said(process)
        assert await asyncio.wait_for(process.wait(), LIMIT_S) == Exit.DONE


async def _cut_again_and_again(world: World) -> None:
    while True:
        await world.sql(_CUT)
        await asyncio.sleep(2)


async def test_a_worker_whose_queue_is_cut_off_ends_as_one_that_is_to_be_started_again(
    world: World, tmp_path: Path
) -> None:
    async with started(world, tmp_path) as (process, _):
        # As PostgreSQL's own restart does: every connection ends, and the next ones are taken at once. More
        # than once, because it is not known when the queue has begun to listen.
        cutting = asyncio.create_task(_cut_again_and_again(world))
        told = await said(process)
        assert await asyncio.wait_for(process.wait(), LIMIT_S) == Exit.UNAVAILABLE
        cutting.cancel()
    assert "the job queue is gone" in told
