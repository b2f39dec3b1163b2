"""A file on its way in: its bytes as they come, plain or as the one part of a form, counted and in time.

The one thing a newcomer would get wrong: nothing here holds more than a piece. The limit is counted as bytes
come, because a sender need not say how many there will be.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from email.message import Message
from typing import TYPE_CHECKING, Any, Final

from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser

from aidial_api.kernel.hygiene import CLOSE
from aidial_contract import errors
from aidial_contract.fault import Fault, FieldError
from aidial_contract.media import plain_type

if TYPE_CHECKING:
    from aidial_api.kernel.ask import Ask

FORM_DATA: Final = "multipart/form-data"
IDLE_S: Final = 15.0
"""How long a sender may send nothing."""
LONGEST_S: Final = 15 * 60.0
"""How long a whole file may take."""
FORM_OVERHEAD_BYTES: Final = 16 * 1024
"""What a form may add to its file: boundaries and headers."""
_LONGEST_BOUNDARY: Final = 70


def is_form(headers: Mapping[str, str]) -> bool:
    """Whether the file comes as a part of a form."""
    return plain_type(headers) == FORM_DATA


def around_bytes(headers: Mapping[str, str]) -> int:
    """How much longer a body may be than the file in it."""
    return FORM_OVERHEAD_BYTES if is_form(headers) else 0


async def file_pieces(ask: Ask, limit_bytes: int) -> AsyncGenerator[bytes, None]:
    """The file's bytes, whichever way it is sent.

    413 `file_too_large`, 400 `malformed_request` for a form that is none or a sender who stops, 422 for a
    form without its one part `file`.
    """
    pieces = _received(ask, limit_bytes)
    if is_form(ask.headers):
        pieces = _form_file(pieces, ask.headers["content-type"])
    size = 0
    async for piece in pieces:
        size += len(piece)
        if size > limit_bytes:
            raise _too_large(limit_bytes)
        yield piece


async def _received(ask: Ask, limit_bytes: int) -> AsyncGenerator[bytes, None]:
    loop = asyncio.get_running_loop()
    end, size, most = loop.time() + LONGEST_S, 0, limit_bytes + around_bytes(ask.headers)
    while True:
        try:
            async with asyncio.timeout_at(min(end, loop.time() + IDLE_S)):
                message = await ask.receive()
        except TimeoutError:
            raise Fault(errors.MALFORMED_REQUEST, headers=CLOSE, reason="the file stopped coming") from None
        if message["type"] == "http.disconnect":
            raise ConnectionResetError("the sender went away")
        piece: bytes = message.get("body", b"")
        size += len(piece)
        if size > most:
            raise _too_large(limit_bytes)
        if piece:
            yield piece
        if not message.get("more_body", False):
            return


async def _form_file(body: AsyncGenerator[bytes, None], content_type: str) -> AsyncGenerator[bytes, None]:
    """What the part `file` of a form holds; another part or a second one is refused."""
    part = _Part()
    parser = MultipartParser(_boundary(content_type), part.callbacks())
    try:
        async for piece in body:
            parser.write(piece)
            for found in part.taken():
                yield found
        parser.finalize()
    except MultipartParseError:
        raise Fault(errors.MALFORMED_REQUEST, reason="not a form") from None
    if not part.has_ended:
        raise Fault(errors.MALFORMED_REQUEST, reason="the form has no end")
    if not part.seen:
        raise Fault(errors.VALIDATION_FAILED, field_errors=[FieldError("/file", "required")])


def _boundary(content_type: str) -> bytes:
    message = Message()
    message["content-type"] = content_type
    boundary = message.get_param("boundary")
    if not isinstance(boundary, str) or not boundary.isascii() or not 0 < len(boundary) <= _LONGEST_BOUNDARY:
        raise Fault(errors.MALFORMED_REQUEST, reason="no boundary")
    return boundary.encode()


class _Part:
    """What the parser tells of a form's parts."""

    def __init__(self) -> None:
        self.seen = False
        self.has_ended = False
        self._data: list[bytes] = []
        self._name, self._value = bytearray(), bytearray()
        self._part = ""

    def callbacks(self) -> Any:
        return {
            "on_part_begin": self._begins,
            "on_header_field": lambda data, start, end: self._name.extend(data[start:end]),
            "on_header_value": lambda data, start, end: self._value.extend(data[start:end]),
            "on_header_end": self._header,
            "on_headers_finished": self._opens,
            "on_part_data": lambda data, start, end: self._data.append(data[start:end]),
            "on_end": self._ends,
        }

    def taken(self) -> list[bytes]:
        """What came since the last asking."""
        data, self._data = self._data, []
        return data

    def _begins(self) -> None:
        self._part = ""

    def _header(self) -> None:
        if self._name.lower() == b"content-disposition":
            message = Message()
            message["content-disposition"] = self._value.decode("latin-1")
            self._part = str(message.get_param("name", "", "content-disposition"))
        self._name.clear()
        self._value.clear()

    def _opens(self) -> None:
        if self._part != "file" or self.seen:
            raise Fault(errors.VALIDATION_FAILED, field_errors=[FieldError("/file", "unknown")])
        self.seen = True

    def _ends(self) -> None:
        self.has_ended = True


def _too_large(limit_bytes: int) -> Fault:
    details = {"limit_bytes": limit_bytes}
    return Fault(errors.FILE_TOO_LARGE, details=details, headers=CLOSE, reason="counted size")
