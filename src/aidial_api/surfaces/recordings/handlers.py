"""The HTTP of recordings: what there is, an address to play or download it, and its bytes.

The one thing a newcomer would get wrong: the address is no secret. It holds for one session and one call, and
everything is asked again with every use of it: role, scope, consent, compliance, entitlement.
"""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Final

import asyncpg

from aidial_api.kernel.audit import Event, record
from aidial_api.kernel.preconditions import etag
from aidial_api.kernel.recordings import file_name
from aidial_api.kernel.route import Answer
from aidial_api.kernel.scoping import database_reach
from aidial_api.surfaces.recordings import present, store
from aidial_api.surfaces.recordings.ranges import asked_range
from aidial_api.surfaces.recordings.reading import opened, while_allowed
from aidial_api.surfaces.recordings.rules import Purpose, reason_against
from aidial_api.surfaces.recordings.sounds import SUFFIXES
from aidial_contract import errors
from aidial_contract.fault import Fault
from aidial_contract.ids import new_id, parse_uuid
from aidial_contract.shapes.recordings import RecordingAddress

if TYPE_CHECKING:
    from aidial_api.kernel.ask import Ask

FIRST_USE: Final = timedelta(minutes=5)
AFTER_ITS_LENGTH: Final = timedelta(minutes=10)
UNKNOWN_LENGTH: Final = timedelta(hours=2)
NO_ID: Final = "00000000-0000-0000-0000-000000000000"


async def find(ask: Ask) -> asyncpg.Record | None:
    """The call the path names, through the scope."""
    return await store.find_call(ask.tx, ask.reach, parse_uuid(ask.path["call_id"]) or NO_ID)


async def find_playable(ask: Ask) -> asyncpg.Record | None:
    """The same, for those whom the tenant lets play at all."""
    call = await find(ask)
    return call if call is None or present.staff_setting_allows(call, ask.level) else None


async def find_playback(ask: Ask) -> asyncpg.Record | None:
    """What an address to play leads to."""
    found = await _granted(ask, "playback")
    return found if found is None or present.staff_setting_allows(found, ask.level) else None


async def find_download(ask: Ask) -> asyncpg.Record | None:
    """What an address to download leads to."""
    return await _granted(ask, "download")


async def _granted(ask: Ask, purpose: Purpose) -> asyncpg.Record | None:
    call_id, grant_id = (parse_uuid(ask.path[name]) or NO_ID for name in ("call_id", "grant_id"))
    session_id = ask.session.session_id if ask.session is not None else NO_ID
    return await store.find_granted(ask.tx, ask.reach, call_id, grant_id, session_id, purpose)


async def show(ask: Ask) -> Answer:
    """What there is of a call's recordings, and what this reader may do with them."""
    call: asyncpg.Record = ask.found
    rows = await store.sides(ask.tx, call["client_id"], call["call_id"])
    return Answer(present.recording(ask, call, rows))


async def playback(ask: Ask) -> Answer:
    """An address to play from; 409 `recording_unavailable` with the reason."""
    return await _give(ask, "playback", "media", "recordings.playback.granted")


async def download(ask: Ask) -> Answer:
    """An address to download from; 409 `recording_unavailable` with the reason."""
    return await _give(ask, "download", "file", "recordings.download.granted")


async def _give(ask: Ask, purpose: Purpose, word: str, action: str) -> Answer:
    call: asyncpg.Record = ask.found
    rows = await store.sides(ask.tx, call["client_id"], call["call_id"])
    side = ask.query["side"]
    chosen = next((row for row in rows if side in (None, row["side"])), None)
    _require(call, purpose, has_media=chosen is not None)
    if chosen is None or ask.session is None:
        raise Fault(errors.NOT_FOUND, reason="no session to give an address to")
    grant = (new_id(), chosen["recording_id"], ask.session.session_id, purpose)
    ends_at = await store.add_grant(ask.tx, call, grant, FIRST_USE)
    await record(ask, _event(call, action, chosen["side"]))
    url = f"/v1/calls/{call['call_id']}/recording/{word}/{grant[0]}"
    return Answer(RecordingAddress(url=url, expires_at=ends_at))


def _require(call: asyncpg.Record, purpose: Purpose, *, has_media: bool) -> None:
    reason = reason_against(call, purpose, has_media=has_media)
    if reason is not None:
        raise Fault(errors.RECORDING_UNAVAILABLE, details={"reason": reason}, reason=reason)


def _event(call: asyncpg.Record, action: str, side: str) -> Event:
    return Event(
        action=action,
        target_kind="call",
        target_id=call["call_id"],
        client_id=call["client_id"],
        project_id=call["project_id"],
        technical={"side": side},
    )


async def play(ask: Ask) -> Answer:
    """The recording, or the range of it that is asked for."""
    return await _send(ask, "playback")


async def fetch(ask: Ask) -> Answer:
    """The recording as a file to keep."""
    return await _send(ask, "download")


async def _send(ask: Ask, purpose: Purpose) -> Answer:
    found: asyncpg.Record = ask.found
    _require(found, purpose, has_media=True)
    size: int = found["size_bytes"]
    tag = etag(ask.services.etag_key, found["client_id"], found["recording_id"], 1)
    is_head = ask.method == "HEAD"
    part = None if is_head else asked_range(ask.headers.get("range"), ask.headers.get("if-range"), tag, size)
    if not is_head and found["begun_at"] is None:
        await store.begin_grant(ask.tx, found["client_id"], found["grant_id"], _good_for(found))
    start, end = part or (0, size)
    key = await ask.services.tenant_keys.get(ask.tx, found["client_id"])
    name = file_name(found["client_id"], found["recording_id"])
    shown = "inline" if purpose == "playback" else "attachment"
    suffix = SUFFIXES[found["media_type"]]
    headers = {
        "accept-ranges": "bytes",
        "content-length": str(end - start),
        "content-disposition": f'{shown}; filename="recording-{found["call_id"]}.{suffix}"',
        "etag": tag,
    }
    if part is not None:
        headers["content-range"] = f"bytes {start}-{end - 1}/{size}"
    pieces = opened(ask.services.storage, key.of_file(name), name, size, (start, end), ask.deadline)
    return Answer(
        status=200 if part is None else 206,
        headers=headers,
        media_type=found["media_type"],
        stream=while_allowed(ask, pieces, partial(_ask_again, ask, purpose, found["call_id"])),
    )


async def _ask_again(ask: Ask, purpose: Purpose, call_id: str) -> None:
    """Whether the call may still be heard, in the middle of it."""
    async with ask.services.db.transaction(database_reach(ask), read_only=True) as tx:
        call = await store.find_call(tx, ask.reach, call_id)
    if call is None:
        raise Fault(errors.NOT_FOUND, reason="the call is out of reach now")
    _require(call, purpose, has_media=True)


def _good_for(found: asyncpg.Record) -> timedelta:
    """How long an address holds once it was used."""
    if found["duration_ms"] is not None:
        return timedelta(milliseconds=found["duration_ms"]) + AFTER_ITS_LENGTH
    seconds = found["duration_seconds"]
    return (UNKNOWN_LENGTH if seconds is None else timedelta(seconds=seconds)) + AFTER_ITS_LENGTH
