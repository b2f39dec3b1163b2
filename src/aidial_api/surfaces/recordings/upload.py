"""A recording on its way in: allowed, streamed, sealed, stored, and only then told.

The one thing a newcomer would get wrong: three steps. A short transaction decides and notes that a file is
coming; then it streams into the store without any; then a second transaction makes it the call's recording.
Whatever breaks off between them leaves a file that nobody can reach, and `COLLECT` takes it away.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import asyncpg

from aidial_api.kernel.audit import Event, record
from aidial_api.kernel.clock import utc_now
from aidial_api.kernel.guard import still_allowed
from aidial_api.kernel.holds import is_held, lock_holds
from aidial_api.kernel.jobs import MEASURING, enqueue
from aidial_api.kernel.preconditions import etag, read_if_match, require_match
from aidial_api.kernel.recordings import MEASURE_JOB, enqueue_deletion, file_name
from aidial_api.kernel.route import Answer
from aidial_api.kernel.scoping import database_reach
from aidial_api.kernel.sealed import seal
from aidial_api.kernel.uploads import file_pieces
from aidial_api.surfaces.recordings import present, store
from aidial_api.surfaces.recordings.reading import while_allowed
from aidial_api.surfaces.recordings.rules import may_not_be_kept
from aidial_api.surfaces.recordings.sounds import CLAIMS, HEAD_BYTES, media_type_of, wave_of
from aidial_contract import errors
from aidial_contract.fault import Fault
from aidial_contract.ids import new_id
from aidial_contract.media import plain_type

if TYPE_CHECKING:
    from aidial_api.kernel.ask import Ask
    from aidial_api.kernel.crypto import TenantKey

COLLECT_JOB: Final = "recordings.collect"
COLLECTED_AFTER: Final = timedelta(hours=1)
"""Longer than any upload may take."""


@dataclass(slots=True)
class Arriving:
    """An upload between its two transactions."""

    recording_id: str
    side: str
    key: TenantKey
    if_match: tuple[str, ...]


async def begin(ask: Ask) -> Answer:
    """Decide whether the file may come; nothing of it is read yet."""
    call: asyncpg.Record = ask.found
    tags = read_if_match(ask.headers["if-match"]) if "if-match" in ask.headers else ("*",)
    require_match(tags, call_tag(ask, call))
    if may_not_be_kept(call):
        raise _never_stored()
    recording_id, side = new_id(), ask.query["side"] or "mixed"
    await store.add_arriving(ask.tx, call, recording_id, side)
    arguments = {"client_id": call["client_id"], "recording_id": recording_id}
    await enqueue(ask.tx, COLLECT_JOB, arguments, at=utc_now() + COLLECTED_AFTER)
    key = await ask.services.tenant_keys.get(ask.tx, call["client_id"])
    ask.body = Arriving(recording_id, side, key, tags)
    return Answer()


async def receive(ask: Ask) -> Answer:
    """Stream the file into the store; 201 for a first, 200 for the same or another in its place."""
    arriving: Arriving = ask.body
    client_id: str = ask.found["client_id"]
    name = file_name(client_id, arriving.recording_id)
    sound = _Sound(while_allowed(ask, file_pieces(ask, _limit(ask))), _claim(ask))
    await ask.services.storage.write(name, seal(arriving.key.of_file(name), sound.pieces()))
    await still_allowed(ask)
    async with ask.services.db.transaction(database_reach(ask)) as tx:
        ask.tx_or_none = tx
        outcome = await _keep(ask, arriving, sound)
    if isinstance(outcome, Fault):
        raise outcome
    return outcome


async def _keep(ask: Ask, arriving: Arriving, sound: _Sound) -> Answer | Fault:
    """Make what was stored the call's recording, in place of what it had.

    A refusal that is given back, not raised, has the file deleted at once, before it would be collected.
    """
    client_id: str = ask.found["client_id"]
    await lock_holds(ask.tx, client_id)
    # Held first and read then: whoever waits for turns that come in must see what they made of the call.
    await store.lock_call(ask.tx, client_id, ask.found["call_id"])
    call = await store.find_call(ask.tx, ask.reach, ask.found["call_id"], for_change=True)
    if call is None:
        raise Fault(errors.NOT_FOUND, reason="the call went away meanwhile")
    if may_not_be_kept(call):
        await _let_go(ask, client_id, arriving.recording_id)
        return _never_stored()
    had = {one["side"]: one for one in await store.sides(ask.tx, client_id, call["call_id"])}
    before = had.get(arriving.side)
    fingerprint = arriving.key.fingerprint(sound.digest())
    if before is not None and before["fingerprint"] == fingerprint:
        await _let_go(ask, client_id, arriving.recording_id)
        return await _answer(ask, call, call["version"], 200)
    require_match(arriving.if_match, call_tag(ask, call))
    if before is not None:
        if await is_held(ask.tx, client_id, call["call_id"]):
            raise Fault(errors.STATE_CONFLICT, reason="a legal hold keeps the recording this would replace")
        await _let_go(ask, client_id, before["recording_id"])
    await store.mark_stored(ask.tx, client_id, arriving.recording_id, sound.columns(fingerprint))
    version = await store.tell_call(ask.tx, client_id, call["call_id"])
    if version is None:
        version = await store.touch_call(ask.tx, client_id, call["call_id"])
    arguments = {"client_id": client_id, "recording_id": arriving.recording_id}
    await enqueue(ask.tx, MEASURE_JOB, arguments, at=utc_now(), queue=MEASURING)
    await record(ask, _event(call, arriving.side, is_first=before is None))
    return await _answer(ask, call, version, 201 if before is None else 200)


def _never_stored() -> Fault:
    return Fault(
        errors.RECORDING_UNAVAILABLE,
        details={"reason": "compliance"},
        reason="a card's security code was said in this call, or may have been; it is never stored",
    )


async def _let_go(ask: Ask, client_id: str, recording_id: str) -> None:
    await store.mark_deleting(ask.tx, client_id, recording_id)
    await enqueue_deletion(ask.tx, client_id, recording_id)


async def _answer(ask: Ask, call: asyncpg.Record, version: int, status: int) -> Answer:
    rows = await store.sides(ask.tx, call["client_id"], call["call_id"])
    tag = etag(ask.services.etag_key, call["client_id"], call["call_id"], version)
    return Answer(present.recording(ask, call, rows), status=status, headers={"etag": tag})


def call_tag(ask: Ask, call: asyncpg.Record) -> str:
    """The call's ETag as it is."""
    return etag(ask.services.etag_key, call["client_id"], call["call_id"], call["version"])


def _event(call: asyncpg.Record, side: str, *, is_first: bool) -> Event:
    return Event(
        action="recordings.recording.uploaded" if is_first else "recordings.recording.replaced",
        target_kind="call",
        target_id=call["call_id"],
        client_id=call["client_id"],
        project_id=call["project_id"],
        technical={"side": side},
    )


def _limit(ask: Ask) -> int:
    route = ask.route
    return route.body_limit_bytes if route is not None else 0


def _claim(ask: Ask) -> str | None:
    return CLAIMS[plain_type(ask.headers)]


class _Sound:
    """The file as it passes: what it is, how long it is, its digest."""

    def __init__(self, source: AsyncGenerator[bytes, None], claim: str | None) -> None:
        self._source = source
        self._claim = claim
        self._sha256 = hashlib.sha256()
        self._size = 0
        self._head = b""
        self._media_type = ""

    async def pieces(self) -> AsyncIterator[bytes]:
        """The bytes, once the first of them are those of a recording; 415 otherwise."""
        held = b""
        async for piece in self._source:
            self._sha256.update(piece)
            self._size += len(piece)
            if self._media_type:
                yield piece
                continue
            held += piece
            if len(held) >= HEAD_BYTES:
                self._look(held)
                yield held
                held = b""
        if not self._media_type:
            self._look(held)
            yield held

    def _look(self, held: bytes) -> None:
        self._head = held[:HEAD_BYTES]
        found = media_type_of(self._head)
        if found is None or self._claim not in {None, found}:
            raise Fault(errors.UNSUPPORTED_MEDIA_TYPE, reason="content is not a recording, or not as claimed")
        self._media_type = found

    def digest(self) -> bytes:
        """SHA-256 of the whole."""
        return self._sha256.digest()

    def columns(self, fingerprint: bytes) -> dict[str, Any]:
        """What is known of it before it is measured."""
        wave = wave_of(self._head) if self._media_type == "audio/wav" else None
        return {
            "media_type": self._media_type,
            "size_bytes": self._size,
            "fingerprint": fingerprint,
            "duration_ms": None if wave is None else wave.duration_ms(self._size),
        }
