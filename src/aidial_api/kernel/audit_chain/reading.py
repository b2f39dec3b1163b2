"""Reads a chain as fast as it can be hashed: PostgreSQL's binary COPY, row by row out of its stream.

The one thing a newcomer would get wrong: pieces of the stream do not end where rows do; what is left of one
is read with the next.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
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
        self.error: Exception | None = None

    async def read(self, piece: bytes | bytearray) -> None:
        """One piece of the stream. Never raises, or the driver waits for ever: see `error` at the end."""
        if self.error is None:
            try:
                self._read(piece)
            except Exception as error:  # noqa: BLE001 - it is raised when the stream has ended
                self.error = error

    def _read(self, piece: bytes | bytearray) -> None:
        data = self._rest + bytes(piece)
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


async def read_chain(
    connection: asyncpg.Connection[asyncpg.Record],
    client_id: str | None,
    take: Take,
) -> None:
    """Call `take` for each seal of a chain, in order; `event` is None where it is gone."""
    whose, values = ("s.client_id IS NULL", []) if client_id is None else ("s.client_id = $1", [client_id])
    query: Any = ROWS.format(whose=whose)
    rows = Rows(take)
    await connection.copy_from_query(
        query, *values, output=rows.read, format="binary", timeout=READ_TIMEOUT.total_seconds()
    )
    if rows.error is not None:
        raise rows.error
