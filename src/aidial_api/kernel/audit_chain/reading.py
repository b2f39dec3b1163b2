"""Reads a chain as fast as it can be hashed: PostgreSQL's binary COPY, row by row out of its stream.

The one thing a newcomer would get wrong: pieces of the stream do not end where rows do; what is left of one
is read with the next. And writing an event's bytes costs PostgreSQL more than hashing them costs us, so
several connections write slices of the chain side by side, and only hashing goes in order.
"""

from __future__ import annotations

import asyncio
import struct
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from aidial_api.kernel.audit_chain.chain import HEAD_BYTES, SEALED_BYTES

if TYPE_CHECKING:
    import asyncpg

_SIGNATURE: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_COUNT: Final = struct.Struct(">h")
_LENGTH: Final = struct.Struct(">i")
# seq, sealed_at, the event's id and time, the hash and the event, each after its length: the usual row.
_ROW: Final = struct.Struct(">h i8s i8s i16s i8s i32s i")
_USUAL: Final = (6, 8, 8, 16, 8, 32)
READ_TIMEOUT: Final = timedelta(hours=6)
SLICE_SEALS: Final = 20_000
MOST_SLICES: Final = 5_000
MOST_KEPT_BYTES: Final = 32 * 1024 * 1024
"""Of a slice that came before its turn."""

ROWS: Final = f"""
SELECT s.seq, s.sealed_at, s.event_id, e.at, s.hash,
       CASE WHEN e.event_id IS NULL THEN NULL ELSE {SEALED_BYTES} END
FROM audit_seals s LEFT JOIN audit_events e ON e.event_id = s.event_id WHERE {{whose}} ORDER BY s.seq
"""


Take = Callable[[bytes, bytes, bytes, bytes, bytes | None], None]
"""Takes `place` (`seq` and `sealed_at` as they are hashed), the event's id and time, the hash, the event."""


class Rows:
    """Give it the stream's pieces; it calls `take` with what a row holds."""

    def __init__(self, take: Take) -> None:
        self._take = take
        self._rest = b""
        self._begun = False

    def read(self, piece: bytes) -> None:
        """One piece of the stream. ValueError when it is not what PostgreSQL writes."""
        data = self._rest + piece
        at = 0
        if not self._begun:
            if len(data) < len(_SIGNATURE):
                self._rest = data
                return
            if not data.startswith(_SIGNATURE):
                raise ValueError("not PostgreSQL's binary format")
            self._begun, at = True, len(_SIGNATURE)
        at = self._rows(data, at)
        self._rest = data[at:]

    def _rows(self, data: bytes, at: int) -> int:
        """Every whole row from a place on; gives back where the next begins."""
        take, unpack, size, end = self._take, _ROW.unpack_from, _ROW.size, len(data)
        while at + size <= end:
            n, seq_n, seq, time_n, time, id_n, event_id, at_n, happened, hash_n, held, event_n = unpack(
                data, at
            )
            if (n, seq_n, time_n, id_n, at_n, hash_n) != _USUAL:
                break
            event_at = at + size
            after = event_at + max(event_n, 0)
            if after > end:
                return at
            event = data[event_at + HEAD_BYTES : after] if event_n > 0 else None
            take(seq + time, event_id, happened, held, event)
            at = after
        return self._unusual(data, at)

    def _unusual(self, data: bytes, at: int) -> int:
        """One row whose columns have other lengths (an event is gone), or the end of the stream."""
        if at + _COUNT.size > len(data) or _COUNT.unpack_from(data, at)[0] == -1:
            return at
        fields, after = [], at + _COUNT.size
        for _ in range(_USUAL[0]):
            if after + _LENGTH.size > len(data):
                return at
            (length,) = _LENGTH.unpack_from(data, after)
            begin = after + _LENGTH.size
            after = begin + max(length, 0)
            if after > len(data):
                return at
            fields.append(data[begin:after])
        seq, time, event_id, happened, held, event = fields
        self._take(seq + time, event_id, happened, held, event[HEAD_BYTES:] or None)
        return self._rows(data, after)


@dataclass(slots=True)
class _Slice:
    """Some seals of a chain on their way: the pieces that have come and are not read yet."""

    first: int | None
    last: int | None
    pieces: deque[bytes] = field(default_factory=deque)
    size: int = 0
    is_whole: bool = False


class _InOrder:
    """Slices that come side by side and are read one after the other.

    Nobody waits for the slice that is being read; those after it wait for room once they have brought enough.
    """

    def __init__(self, slices: Sequence[_Slice]) -> None:
        self._slices = slices
        self._moved = asyncio.Condition()

    async def bring(self, one: _Slice, piece: bytes | bytearray) -> None:
        """Keep a piece until its turn comes."""
        async with self._moved:
            await self._moved.wait_for(lambda: one.size < MOST_KEPT_BYTES)
            one.pieces.append(bytes(piece))
            one.size += len(piece)
            self._moved.notify_all()

    async def end(self, one: _Slice) -> None:
        """Nothing more comes of this slice."""
        async with self._moved:
            one.is_whole = True
            self._moved.notify_all()

    async def read(self, take: Take) -> None:
        """Every slice, in order. What goes wrong is raised once all have come, or a driver waits for ever."""
        trouble: Exception | None = None
        for one in self._slices:
            rows = Rows(take)
            while pieces := await self._next_of(one):
                for piece in pieces:
                    if trouble is None:
                        try:
                            rows.read(piece)
                        except Exception as error:  # noqa: BLE001 - see above
                            trouble = error
                    await asyncio.sleep(0)  # the others' pieces are taken from the line meanwhile
        if trouble is not None:
            raise trouble

    async def _next_of(self, one: _Slice) -> list[bytes]:
        """What has come of a slice since; nothing when that was all."""
        async with self._moved:
            await self._moved.wait_for(lambda: one.pieces or one.is_whole)
            pieces = list(one.pieces)
            one.pieces.clear()
            one.size = 0
            self._moved.notify_all()
        return pieces


async def read_chain(
    connections: Sequence[asyncpg.Connection[asyncpg.Record]],
    client_id: str | None,
    last_seq: int,
    take: Take,
) -> None:
    """Call `take` for each seal of a chain, in order; `event` is None where it is gone.

    Every connection reads slices of it, side by side; all of them see the same moment. `last_seq`: how long
    the chain is thought to be; what lies beyond is read too.
    """
    slices = list(_slices(last_seq))
    waiting = deque(slices)
    order = _InOrder(slices)

    async def bring(connection: asyncpg.Connection[asyncpg.Record]) -> None:
        while waiting:
            one = waiting.popleft()
            await _copy(connection, client_id, one, order)
            await order.end(one)

    tasks = [asyncio.create_task(work) for work in (order.read(take), *map(bring, connections))]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _slices(last_seq: int) -> Iterator[_Slice]:
    """From before the first number to beyond the last."""
    # Whoever may write anything may also write that there are more seals than anybody could slice.
    size = max(SLICE_SEALS, last_seq // MOST_SLICES)
    ends = [*range(size, last_seq, size)]
    for first, last in zip([None, *ends], [*ends, None], strict=True):
        yield _Slice(first, last)


async def _copy(
    connection: asyncpg.Connection[asyncpg.Record], client_id: str | None, one: _Slice, order: _InOrder
) -> None:
    values: list[Any] = [] if client_id is None else [client_id]
    conditions = ["s.client_id IS NULL" if client_id is None else "s.client_id = $1"]
    for bound, compared in ((one.first, ">"), (one.last, "<=")):
        if bound is not None:
            values.append(bound)
            conditions.append(f"s.seq {compared} ${len(values)}")
    query: Any = ROWS.format(whose=" AND ".join(conditions))

    async def bring(piece: bytes | bytearray) -> None:
        await order.bring(one, piece)

    await connection.copy_from_query(
        query, *values, output=bring, format="binary", timeout=READ_TIMEOUT.total_seconds()
    )
