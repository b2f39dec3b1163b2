"""A question's body on its way out: JSON in one piece, or a file in small ones.

The one thing a newcomer would get wrong: a file may take minutes and is no reason for a time-out, a pause is.
So each piece the API took moves the limit on.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

PIECE_BYTES: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class FileBody:
    """A file as it was when it was looked at: no more than `size_bytes` are sent of it."""

    path: Path
    size_bytes: int
    media_type: str = "application/octet-stream"

    async def pieces(self, limit: asyncio.Timeout, patience_s: float) -> AsyncIterator[bytes]:
        """Its bytes; `limit` lies `patience_s` after the last piece that was asked for."""
        with await asyncio.to_thread(self.path.open, "rb") as file:
            left = self.size_bytes
            while left and (piece := await asyncio.to_thread(_read, file, min(left, PIECE_BYTES))):
                limit.reschedule(asyncio.get_running_loop().time() + patience_s)
                left -= len(piece)
                yield piece
        limit.reschedule(asyncio.get_running_loop().time() + patience_s)


async def look_at(path: Path) -> FileBody:
    """The file as a body. Raises OSError when it cannot be read."""

    def looked() -> int:
        with path.open("rb") as file:
            return file.seek(0, 2)

    return FileBody(path, await asyncio.to_thread(looked))


def _read(file: BinaryIO, size: int) -> bytes:
    return file.read(size)
