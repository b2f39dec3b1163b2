"""What a file says it is: told by its first bytes, never by its name or by what its sender calls it.

The one thing a newcomer would get wrong: this is a look at the beginning only, so that something that is no
sound is refused before it is kept. A name alone is not believed: the first piece of sound must be there, and
whole. Whether the rest can be played is found out by the job that measures it.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

HEAD_BYTES: Final = 64 * 1024
"""How much of a file is looked at: an MP3 may begin with a tag that holds a picture."""
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
LONGEST_S: Final = 7 * 86_400

_OGG_CODECS: Final = (b"OpusHead", b"\x01vorbis")
_OGG_PAGE: Final = struct.Struct("<4sBBqIIIB")
_OGG_BEGINS: Final = 2
_LARGEST_FIRST_BYTES: Final = 4 * 1024
"""Of a first page, which holds a codec's own head of less than a hundred."""
_CRC_AT, _CRC_POLYNOMIAL = 22, 0x1_04C1_1DB7

_WAVE_FORMAT: Final = struct.Struct("<HHIIHH")
_PLAIN: Final = frozenset({1, 3, 6, 7})
"""PCM, float, A-law, mu-law: samples of so many bytes one after another."""
_PACKED: Final = frozenset({0x02, 0x11, 0x31, 0x38, 0x40, 0x55})
"""Of several samples in a block: the ADPCMs, GSM 6.10, G.721, MP3. What measures recordings reads these."""
_EXTENSIBLE: Final = 0xFFFE
_SAMPLE_BYTES: Final = frozenset({1, 2, 3, 4, 8})
_SAMPLE_RATES: Final = range(1_000, 384_001)
_MAX_CHANNELS: Final = 32
_MOST_PACKED, _LEAST_PACKED = 32, 2
"""Samples in a byte of a packed format at most; and at least, as bytes a sample."""

_FRAME_HEADER_BYTES, _SYNC, _RESERVED_VERSION, _RESERVED_RATE, _MPEG_1, _LAYER_3 = 4, 0xFF, 1, 3, 3, 1
_KBITS_1: Final = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0)
_KBITS_2: Final = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0)
_RATES: Final = (44_100, 48_000, 32_000)
_LONGEST_FRAME_BYTES: Final = 1_441
_TAG_BYTES, _TAG_FOOTER, _TAG_VERSIONS = 10, 0x10, (2, 3, 4)


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
        return "audio/ogg" if _begins_ogg(head) else None
    return "audio/mpeg" if _begins_mpeg(head) else None


def wave_of(head: bytes) -> Wave | None:
    """The format of a WAV whose head this is, or None when it has none that could be played."""
    at, rate = 12, None
    while at + 8 <= len(head):
        name, size = head[at : at + 4], int.from_bytes(head[at + 4 : at + 8], "little")
        if name == b"fmt ":
            rate = _bytes_a_second(head[at + 8 : at + 8 + size])
        if name == b"data":
            return Wave(rate, at + 8) if rate else None
        at += 8 + size + size % 2
    # A long list of notes may stand before the sound: then the length is measured later.
    return Wave(rate, len(head)) if rate else None


def _bytes_a_second(form: bytes) -> int | None:
    """By the samples where they are plain, because what a head claims besides is often wrong or a lie."""
    if len(form) < _WAVE_FORMAT.size:
        return None
    tag, channels, rate, claimed, block, _ = _WAVE_FORMAT.unpack_from(form)
    if rate not in _SAMPLE_RATES or not 1 <= channels <= _MAX_CHANNELS:
        return None
    if tag == _EXTENSIBLE:
        tag = int.from_bytes(form[24:26], "little")
    if tag in _PLAIN:
        return rate * block if block % channels == 0 and block // channels in _SAMPLE_BYTES else None
    samples = rate * channels
    is_plausible = samples <= claimed * _MOST_PACKED and claimed <= samples * _LEAST_PACKED
    return claimed if tag in _PACKED and is_plausible else None


def _begins_ogg(head: bytes) -> bool:
    """Whether one of the streams that begin there is of a codec we know, on a page that is whole."""
    at = 0
    while at + _OGG_PAGE.size <= len(head):
        name, version, kind, *_, pieces = _OGG_PAGE.unpack_from(head, at)
        begins_at = at + _OGG_PAGE.size + pieces
        ends_at = begins_at + sum(head[at + _OGG_PAGE.size : begins_at])
        if name != b"OggS" or version != 0 or not kind & _OGG_BEGINS or ends_at > len(head):
            return False
        if head[begins_at:ends_at].startswith(_OGG_CODECS):
            # Summed bit by bit, in the way of every other request: what is too long for a head is none.
            return ends_at - at <= _LARGEST_FIRST_BYTES and _is_as_summed(head[at:ends_at])
        at = ends_at
    return False


def _is_as_summed(page: bytes) -> bool:
    """Whether an Ogg page's own checksum is right."""
    value = 0
    for byte in page[:_CRC_AT] + bytes(4) + page[_CRC_AT + 4 :]:
        value ^= byte << 24
        for _ in range(8):
            value = (value << 1) ^ _CRC_POLYNOMIAL if value >> 31 else value << 1
    return value == int.from_bytes(page[_CRC_AT : _CRC_AT + 4], "little")


def _begins_mpeg(head: bytes) -> bool:
    """Whether a whole frame stands after the tags, and another after it unless the file ends."""
    at: int | None = 0
    while at is not None and head[at : at + 3] == b"ID3":
        at = _after_tag(head, at)
    if at is None:
        return False
    if at:
        if at + _LONGEST_FRAME_BYTES > len(head) >= HEAD_BYTES:
            return True  # a tag with a picture in it: whoever measures it hears what comes after
        at = len(head) - len(head[at:].lstrip(b"\0"))  # a tag may be followed by room for more of it
    length = _frame_bytes(head[at : at + _FRAME_HEADER_BYTES])
    if length is None or at + length > len(head):
        return False
    after = head[at + length : at + length + _FRAME_HEADER_BYTES]
    return len(after) < _FRAME_HEADER_BYTES or _frame_bytes(after) is not None


def _after_tag(head: bytes, at: int) -> int | None:
    """Where an ID3 tag ends, None for what only begins like one."""
    tag = head[at : at + _TAG_BYTES]
    if len(tag) < _TAG_BYTES or tag[3] not in _TAG_VERSIONS or max(tag[6:]) >> 7:
        return None
    size = sum(byte << 7 * place for place, byte in enumerate(reversed(tag[6:])))
    return at + _TAG_BYTES + size + (_TAG_BYTES if tag[5] & _TAG_FOOTER else 0)


def _frame_bytes(header: bytes) -> int | None:
    """How long an MPEG frame of layer III is with its header; None for what is no such header."""
    if len(header) < _FRAME_HEADER_BYTES or header[0] != _SYNC or header[1] >> 5 != _SYNC >> 5:
        return None
    version, layer = header[1] >> 3 & 3, header[1] >> 1 & 3
    bits, rate, padding = header[2] >> 4, header[2] >> 2 & 3, header[2] >> 1 & 1
    if version == _RESERVED_VERSION or layer != _LAYER_3 or rate == _RESERVED_RATE:
        return None
    kbits = (_KBITS_1 if version == _MPEG_1 else _KBITS_2)[bits]
    if not kbits:
        return None
    # Versions 2 and 2.5 halve the rate, and 2.5 once more; a frame of theirs holds half the samples.
    halved = {3: 0, 2: 1, 0: 2}[version]
    return (144 if version == _MPEG_1 else 72) * kbits * 1_000 // (_RATES[rate] >> halved) + padding
