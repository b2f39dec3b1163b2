"""Files sealed on their way into the store, piece by piece, so that any range of one can be opened alone.

A file is cut into segments of 64 KiB, each sealed by AES-GCM under the file's own key (`TenantKey.of_file`).
The one thing a newcomer would get wrong: a segment's nonce says its place and whether it is the last, so
segments cannot be swapped, and a file that was cut short does not open at its end.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import InvalidTag

from aidial_api.kernel.crypto import CannotDecrypt

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

SEGMENT_BYTES: Final = 64 * 1024
TAG_BYTES: Final = 16
SEALED_BYTES: Final = SEGMENT_BYTES + TAG_BYTES


async def seal(key: AESGCM, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Sealed segments of what comes; an empty file has one, which is empty."""
    held = bytearray()
    index = 0
    async for piece in pieces:
        held += piece
        # One segment is held back, because only the end tells which is the last.
        while len(held) > SEGMENT_BYTES:
            yield key.encrypt(_nonce(index, is_last=False), bytes(held[:SEGMENT_BYTES]), None)
            del held[:SEGMENT_BYTES]
            index += 1
    yield key.encrypt(_nonce(index, is_last=True), bytes(held), None)


def sealed_range(size: int, start: int, end: int) -> tuple[int, int]:
    """Where in the sealed file (of `size` bytes when open) the segments of a range lie: start, end."""
    first, last = start // SEGMENT_BYTES, max(start, end - 1) // SEGMENT_BYTES
    final = _last_index(size)
    sealed_end = size + (final + 1) * TAG_BYTES if last == final else (last + 1) * SEALED_BYTES
    return first * SEALED_BYTES, sealed_end


async def unseal(
    key: AESGCM, sealed: AsyncIterator[bytes], size: int, start: int, end: int
) -> AsyncGenerator[bytes, None]:
    """The bytes from `start` to before `end` of a file of `size`, from its sealed range.

    Raises `CannotDecrypt` for what was changed, swapped or cut short.
    """
    index, final = start // SEGMENT_BYTES, _last_index(size)
    held = bytearray()
    at = index * SEGMENT_BYTES
    async for piece in sealed:
        held += piece
        while at < end and len(held) >= (needed := _sealed_length(size, index, final)):
            opened = _opened(key, bytes(held[:needed]), index, is_last=index == final)
            del held[:needed]
            yield opened[max(0, start - at) : end - at]
            at += len(opened)
            index += 1
    if at < end:
        raise CannotDecrypt


def _sealed_length(size: int, index: int, final: int) -> int:
    return size - final * SEGMENT_BYTES + TAG_BYTES if index == final else SEALED_BYTES


def _last_index(size: int) -> int:
    return max(0, size - 1) // SEGMENT_BYTES


def _opened(key: AESGCM, sealed: bytes, index: int, *, is_last: bool) -> bytes:
    try:
        return key.decrypt(_nonce(index, is_last=is_last), sealed, None)
    except InvalidTag:
        raise CannotDecrypt from None


def _nonce(index: int, *, is_last: bool) -> bytes:
    return index.to_bytes(11, "big") + bytes([is_last])
