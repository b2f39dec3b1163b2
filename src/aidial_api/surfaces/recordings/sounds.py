"""What a file says it is: told by its first bytes, never by its name or by what its sender calls it.

The one thing a newcomer would get wrong: this is a look at the beginning only, so that something that is no
sound is refused before it is kept. Whether it can be played is found out by the job that measures it.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

HEAD_BYTES: Final = 4096
"""How much of a file is looked at."""
SUFFIXES: Final = {"audio/wav": "wav", "audio/mpeg": "mp3", "audio/ogg": "ogg"}
CLAIMS: Final = {
    "audio/wav": "audio/wav",
    "audio/x-wav": "audio/wav",
    "audio/wave": "audio/wav",
    "audio/vnd.wave": "audio/wav",
    "audio/mpeg": "audio/mpeg",
    "audio/mp3": "audio/mpeg",
    "audio/ogg": "audio/ogg",
    "audio/opus": "audio/ogg",
    "application/ogg": "audio/ogg",
    "application/octet-stream": None,
    "multipart/form-data": None,
    "": None,
}
"""Media types an upload may be sent as, and what each claims; None claims nothing."""
_OGG_CODECS: Final = (b"OpusHead", b"\x01vorbis")
_FRAME_HEADER_BYTES, _SYNC, _RESERVED_VERSION, _RESERVED_RATE = 4, 0xFF, 1, 3
LONGEST_S: Final = 7 * 86_400


@dataclass(frozen=True, slots=True)
class Wave:
    """What the head of a WAV says: bytes a second, and where its sound begins."""

    bytes_a_second: int
    begins_at: int

    def duration_ms(self, size_bytes: int) -> int | None:
        """How long a file of that size plays, by its real size: streamed ones do not know theirs."""
        seconds = (size_bytes - self.begins_at) / self.bytes_a_second
        return round(seconds * 1_000) if 0 <= seconds < LONGEST_S else None


def media_type_of(head: bytes) -> str | None:
    """`audio/wav`, `audio/mpeg`, `audio/ogg` (Vorbis or Opus), or None for anything else."""
    if head[:4] in {b"RIFF", b"RF64"} and head[8:12] == b"WAVE":
        return "audio/wav" if wave_of(head) is not None else None
    if head.startswith(b"OggS"):
        return "audio/ogg" if any(codec in head[:512] for codec in _OGG_CODECS) else None
    return "audio/mpeg" if head.startswith(b"ID3") or _is_mpeg_frame(head) else None


def wave_of(head: bytes) -> Wave | None:
    """The format of a WAV whose head this is, or None when it has none."""
    at, rate = 12, 0
    while at + 8 <= len(head):
        name, size = head[at : at + 4], int.from_bytes(head[at + 4 : at + 8], "little")
        if name == b"fmt " and at + 24 <= len(head):
            (rate,) = struct.unpack_from("<I", head, at + 16)
        if name == b"data":
            return Wave(rate, at + 8) if rate else None
        at += 8 + size + size % 2
    # A long list of notes may stand before the sound: then the length is measured later.
    return Wave(rate, len(head)) if rate else None


def _is_mpeg_frame(head: bytes) -> bool:
    """The header of an MPEG frame: sync, a version, layer III, a bit rate and a sample rate that are ones."""
    if len(head) < _FRAME_HEADER_BYTES or head[0] != _SYNC or head[1] >> 5 != _SYNC >> 5:
        return False
    version, layer = head[1] >> 3 & 3, head[1] >> 1 & 3
    bits, rate = head[2] >> 4, head[2] >> 2 & 3
    return version != _RESERVED_VERSION and layer == 1 and bits not in {0, 15} and rate != _RESERVED_RATE
