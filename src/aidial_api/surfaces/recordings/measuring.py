"""How long a recording is, and how loud where: measured once, by a job, in a process of its own.

The one thing a newcomer would get wrong: the sound comes from outside and its decoder is C, so it is read in
a child without our environment, with bounded time and memory; and it is handed over in memory, so that no
open recording ever lies on a disk. Each holds a whole recording, so the worker takes one at a time from their
queue.
"""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec
import structlog

from aidial_api.kernel.jobs import MEASURING, Job
from aidial_api.kernel.reach import Reach
from aidial_api.kernel.recordings import MEASURE_JOB, file_name
from aidial_api.surfaces.recordings import store
from aidial_api.surfaces.recordings.reading import opened
from aidial_api.surfaces.recordings.sounds import LONGEST_S
from aidial_contract import errors
from aidial_contract.fault import Fault

if TYPE_CHECKING:
    from aidial_api.kernel.crypto import TenantKey
    from aidial_api.kernel.db import Database
    from aidial_api.kernel.storage import Files

SECONDS: Final = 120.0
UNREADABLE: Final = 3
"""What the reader ends with for what is no sound."""
_READER: Final = Path(__file__).with_name("sound_reader.py")
_log = structlog.get_logger("aidial_worker")


class NotMeasured(Exception):  # noqa: N818
    """The reader was killed, ran out of time or of memory: that says nothing about the file."""


class Measured(msgspec.Struct):
    """What the reader says."""

    duration_ms: int
    channels: int
    peaks: bytes


async def measure(db: Database, files: Files, *, client_id: str, recording_id: str) -> None:
    """Measure a stored recording that was not measured yet, and tell its call."""
    async with db.transaction(Reach((client_id,))) as tx:
        found = await store.one(tx, client_id, recording_id)
        key = await files.keys.get(tx, client_id)
    if found is None or found["state"] != "stored" or found["measure"] != "waiting":
        return
    try:
        said = await _read(files, key, client_id, recording_id, found["size_bytes"])
    except NotMeasured as reason:
        _log.warning("recording.not_measured", recording_id=recording_id, reason=str(reason))
        return  # it may well be played
    if said is not None and not 0 < said.duration_ms < LONGEST_S * 1_000:
        said = None  # no sound in it, or a header that claims weeks
    # What its head claimed is nothing to go by then.
    columns: dict[str, Any] = {"measure": "unreadable", "duration_ms": None}
    if said is not None:
        columns = {"measure": "done", **msgspec.structs.asdict(said)}
    async with db.transaction(Reach((client_id,))) as tx:
        # The call before its recording, as uploads and retention do: nobody waits for somebody who waits.
        await store.lock_call(tx, client_id, found["call_id"])
        await store.write_measure(tx, client_id, recording_id, columns)
        await store.tell_call(tx, client_id, found["call_id"])


async def _read(
    files: Files, key: TenantKey, client_id: str, recording_id: str, size: int
) -> Measured | None:
    """What there is to hear, None when it cannot be read. A store that is away is tried again later."""
    name = file_name(client_id, recording_id)
    held = os.memfd_create("recording")
    try:
        async for piece in opened(files.storage, key.of_file(name), name, size, (0, size)):
            os.write(held, piece)
        os.lseek(held, 0, os.SEEK_SET)
        return await _measured(held)
    except Fault as fault:
        if fault.row is not errors.RECORDING_UNAVAILABLE:
            raise
        _log.warning("recording.lost", recording_id=recording_id, reason=fault.reason)
        return None
    finally:
        os.close(held)


async def _measured(held: int) -> Measured | None:
    reader = await asyncio.create_subprocess_exec(
        sys.executable,
        "-I",
        str(_READER),
        str(held),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={"OPENBLAS_NUM_THREADS": "1"},
        pass_fds=(held,),
    )
    try:
        async with asyncio.timeout(SECONDS):
            said, _ = await reader.communicate()
    except TimeoutError:
        raise NotMeasured("it took too long") from None
    finally:
        if reader.returncode is None:
            with suppress(ProcessLookupError):
                reader.kill()
            await asyncio.shield(reader.wait())
    if reader.returncode == UNREADABLE:
        return None
    if reader.returncode != 0:
        raise NotMeasured(f"the reader ended with {reader.returncode}")
    return msgspec.json.decode(said, type=Measured)


MEASURE: Final = Job(MEASURE_JOB, measure, with_files=True, queue=MEASURING)
