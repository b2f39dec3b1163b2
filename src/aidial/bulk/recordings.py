"""Recordings of made-up calls: half a second of a fading tone each, sealed and stored as an upload would be.

The one thing a newcomer would get wrong: a file is there before the row that names it. Broken off between the
two, the same command writes the same names again; told another end of the time, all but a few of them.
"""

from __future__ import annotations

import asyncio
import hashlib
import io
import wave
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from functools import cache
from math import exp, pi, sin
from typing import Final
from uuid import UUID

from aidial.bulk.binary import encoded, field, moment_field, uuid_field
from aidial_api.kernel.crypto import TenantKey
from aidial_api.kernel.recordings import file_name
from aidial_api.kernel.sealed import seal
from aidial_api.kernel.storage import Storage
from aidial_api.surfaces.recordings.sound_reader import joined
from aidial_contract.fault import Fault

COLUMNS: Final = (
    "client_id", "recording_id", "call_id", "project_id", "side", "state", "media_type", "size_bytes",
    "fingerprint", "duration_ms", "channels", "peaks", "measure", "stored_at",
)  # fmt: skip
CONSENTING: Final = ("obtained", "not_required")
TOLD: Final = '{"availability": "available", "sides": ["mixed"], "duration_seconds": 1}'
"""What a call says of it, as `store.tell_call` would."""
RATE_HZ: Final = 8_000
DURATION_MS: Final = 500
"""With its head and seal it fills one block of 4 KiB."""
_HEAD_BYTES: Final = 44
_STRETCH: Final = RATE_HZ // 20
_PITCH_HZ: Final = 220.0
_AT_ONCE: Final = 32
_WAITS_S: Final = (1.0, 4.0, 10.0)
"""Before trying again: a load of hours does not end with one answer of a store that is busy."""


@dataclass(frozen=True, slots=True)
class Recording:
    """A row of `recordings`, and what its file is sealed by."""

    client_id: str
    recording_id: str
    key: TenantKey
    row: bytes


@cache
def sound() -> bytes:
    """The file, as WAV of one channel and eight bits."""
    frames = RATE_HZ * DURATION_MS // 1_000
    levels = [exp(-4 * at / frames) * sin(2 * pi * _PITCH_HZ * at / RATE_HZ) for at in range(frames)]
    whole = io.BytesIO()
    with wave.open(whole, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(1)
        file.setframerate(RATE_HZ)
        file.writeframes(bytes(128 + round(100 * level) for level in levels))
    return whole.getvalue()


def recording(
    head: bytes, client_id: str, key: TenantKey, call: tuple[bytes, bytes, bytes], ended: int
) -> Recording:
    """One of a call, stored when it ended; `head` begins its row.

    `call` is its id and its project's, as bytes, and its external id. That one is the same whenever the call
    is made again, and the tenant's key is that of this database alone.
    """
    call_id, project_id, external_id = call
    made_id = UUID(bytes=key.fingerprint(b"recording of " + external_id)[:16], version=4)
    row = b"".join(
        (
            head,
            uuid_field(made_id.bytes),
            uuid_field(call_id),
            uuid_field(project_id),
            field(b"mixed"),
            field(b"stored"),
            field(b"audio/wav"),
            field(len(sound()).to_bytes(8, "big")),
            field(key.fingerprint(_digest())),
            encoded("int4", DURATION_MS),
            encoded("int4", 1),
            field(_peaks()),
            field(b"done"),
            moment_field(ended),
        )
    )
    return Recording(client_id, str(made_id), key, row)


@cache
def _digest() -> bytes:
    return hashlib.sha256(sound()).digest()


@cache
def _peaks() -> bytes:
    """What the job that measures recordings would find."""
    levels = [abs(level - 128) / 128 for level in sound()[_HEAD_BYTES:]]
    return joined([max(levels[at : at + _STRETCH]) for at in range(0, len(levels), _STRETCH)])


async def write_files(storage: Storage, recordings: Sequence[Recording]) -> None:
    """Have every file in the store, some at a time; 503 `storage_unavailable` when it stays away."""
    for start in range(0, len(recordings), _AT_ONCE):
        some = recordings[start : start + _AT_ONCE]
        ends = await asyncio.gather(*(_write(storage, one) for one in some), return_exceptions=True)
        for end in ends:
            if end is not None:
                raise end


async def _write(storage: Storage, one: Recording) -> None:
    name = file_name(one.client_id, one.recording_id)
    for wait_s in (*_WAITS_S, None):
        try:
            await storage.write(name, seal(one.key.of_file(name), _pieces()))
        except Fault:
            if wait_s is None:
                raise
            await asyncio.sleep(wait_s)
        else:
            return


async def _pieces() -> AsyncIterator[bytes]:
    yield sound()
