"""Recordings for tests: small sounds made here, and a call that has one.

The one thing a newcomer would get wrong: staff play only where their organisation says so, and nobody without
the caller's consent; `consented_call` is a call with consent, `let_staff_play` says so.
"""

from __future__ import annotations

import io
import wave
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import soundfile

from aidial_contract.ids import new_id, parse_uuid
from tests.people import FRONT_DESK, HARBOUR
from tests.support.world_calls import new_call

if TYPE_CHECKING:
    from tests.support.api import World
    from tests.support.askers import Asker

RATE = 8_000
OBTAINED = {"state": "obtained", "method": "verbal"}


class Sql(Protocol):
    """A world or a town."""

    calls: dict[str, str]

    async def sql(self, statement: str, *values: object) -> Any:
        """One statement past every policy."""


def wav(seconds: float = 2.0, *, falls: bool = False) -> bytes:
    """A tone that swells, or falls: 16 bit, one channel, 8 kHz."""
    count = round(RATE * seconds)
    at = np.arange(count)
    loud = (count - at if falls else at) / count
    samples = np.rint(20_000 * np.sin(at * 2 * np.pi * 440 / RATE) * loud)
    held = io.BytesIO()
    with wave.open(held, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.astype("<i2").tobytes())
    return held.getvalue()


def sound(form: str, codec: str, seconds: float = 2.0) -> bytes:
    """The same as `MP3`, `OGG` or a WAV of another codec."""
    samples, rate = soundfile.read(io.BytesIO(wav(seconds)))
    held = io.BytesIO()
    soundfile.write(held, samples, rate, format=form, subtype=codec)
    return held.getvalue()


def form_of(content: bytes, name: str = "file") -> tuple[bytes, str]:
    """A form with one part, and its content type."""
    head = f'--edge\r\nContent-Disposition: form-data; name="{name}"; filename="a.wav"\r\n\r\n'
    return head.encode() + content + b"\r\n--edge--\r\n", "multipart/form-data; boundary=edge"


async def consented_call(world: World, **changes: Any) -> str:
    """A call of the front desk whose caller agreed to be recorded; its id."""
    call = new_call(FRONT_DESK, f"recorded-{new_id()}", **{"consent": OBTAINED, **changes})
    answer = await world.harbour_manage.post("/v1/calls", call)
    assert answer.status == 201, answer
    return str(answer.json["call_id"])


async def recorded_call(world: World, content: bytes | None = None, **changes: Any) -> str:
    """A call with a recording; its id."""
    call_id = await consented_call(world, **changes)
    answer = await world.harbour_manage.put(
        f"/v1/calls/{call_id}/recording", content or wav(), content_type="audio/wav"
    )
    assert answer.status == 201, answer
    return call_id


async def let_staff_play(place: Sql, client_id: str = HARBOUR, *, allowed: bool = True) -> None:
    """The organisation's setting, past its form."""
    value = f'{{"staff_may_play_recordings": {str(allowed).lower()}}}'
    await place.sql(
        "INSERT INTO client_settings (client_id, section, value, version)"
        ' VALUES ($1, \'tenant-settings\', \'{"timezone": "Australia/Sydney",'
        ' "regional_format": "en-AU"}\'::jsonb || $2::jsonb, 2)'
        " ON CONFLICT (client_id, section) DO UPDATE"
        " SET value = client_settings.value || $2::jsonb, version = client_settings.version + 1",
        client_id,
        value,
    )


async def withdraw_downloads(place: Sql, client_id: str = HARBOUR, *, allowed: bool = False) -> None:
    """The plan without, or with, recording downloads."""
    await place.sql(
        "INSERT INTO client_settings (client_id, section, value, version) VALUES ($1, 'entitlements',"
        " jsonb_build_object('recording_download', $2::bool), 2)"
        " ON CONFLICT (client_id, section) DO UPDATE"
        " SET value = jsonb_build_object('recording_download', $2::bool)",
        client_id,
        allowed,
    )


async def ready_call(place: Sql, key: Asker, external_id: str = "front-1") -> str:
    """One of the world's own calls with consent and a recording, which staff may play; its id."""
    call_id = place.calls[external_id]
    await let_staff_play(place)
    rows = await place.sql("SELECT recording FROM calls WHERE call_id = $1", call_id)
    if rows[0]["recording"] is None:
        await place.sql('UPDATE calls SET consent = \'{"state": "obtained"}\' WHERE call_id = $1', call_id)
        path = f"/v1/calls/{call_id}/recording"
        answer = await key.put(path, wav(0.1), content_type="audio/wav")
        assert answer.status == 201, answer
    return call_id


async def given_address(place: Sql, call_id: str, session_id: str, purpose: str) -> str:
    """The id of an address that was given to a session, past every rule."""
    grant_id = new_id()
    if parse_uuid(call_id) is None:
        return grant_id
    await place.sql(
        "INSERT INTO recording_grants (client_id, grant_id, call_id, project_id, recording_id, session_id,"
        " purpose, ends_at) SELECT client_id, $1, call_id, project_id, recording_id, $3, $4,"
        " now() + interval '1 hour' FROM recordings WHERE call_id = $2 AND state = 'stored'",
        grant_id,
        call_id,
        session_id,
        purpose,
    )
    return grant_id
