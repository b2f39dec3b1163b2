"""Kept HTTP/1.1 connections to one origin: a whole request out, a whole answer in.

Most of what a request costs the portal is this hop, and most of that was a general client's; decision 52 has
the figures. Parsing is httptools'. The one thing a newcomer would get wrong: a line on which anything else
happened than exactly one answer to one question is closed, never kept; and nothing here is ever repeated.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast
from urllib.parse import urlsplit

import httptools
from aiohappyeyeballs import start_connection

if TYPE_CHECKING:
    from collections.abc import Mapping

NEXT_ADDRESS_S: Final = 0.1
"""How long an address of the origin may keep silent before the next one is tried beside it."""
MAX_HEAD_BYTES: Final = 64 * 1024
_FIRST_FINAL: Final = 200
_BODILESS: Final = frozenset({204, 304})


class LostError(Exception):
    """No whole answer came: refused, cut, closed, or nobody there in time to connect."""


class NotHttpError(Exception):
    """What came is no answer."""


class TooLargeError(Exception):
    """The answer's body is, or says it is, above the cap."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, headers (lower-case names; of repeated ones the first) and the whole body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Lines:
    """Connections to the origin of `base_url`, opened when all others are in use; `close` them at the end.

    `connect_s`: how long opening one may take. `idle_s`: how long one may have been idle and still be used;
    less than the server's own limit, so that a request never meets a connection that is being closed.
    """

    def __init__(self, base_url: str, *, connect_s: float, idle_s: float) -> None:
        origin = urlsplit(base_url)
        self._prefix = origin.path.rstrip("/")
        self._host = origin.hostname or ""
        self._tls = ssl.create_default_context() if origin.scheme == "https" else None
        self._port = origin.port or (443 if self._tls else 80)
        self._authority = origin.netloc.rpartition("@")[2]
        self._connect_s, self._idle_s = connect_s, idle_s
        self._idle: deque[_Line] = deque()
        self._lines: set[_Line] = set()

    async def ask(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes | None, cap_bytes: int
    ) -> Answer:
        """The answer to one request; that to HEAD has no body. `path` is encoded, its query with it.

        Raises `LostError`, `NotHttpError`, `TooLargeError`; ValueError for what would not be one request.
        Whoever is cancelled while waiting leaves nothing behind: the line is closed.
        """
        request = self._request(method, path, headers, body)
        line = self._kept() or await self._opened()
        try:
            answer = await line.ask(request, cap_bytes, has_body=method != "HEAD")
        except BaseException:
            line.close()
            raise
        if line.is_clean:
            line.idle_since = asyncio.get_running_loop().time()
            self._idle.append(line)
        else:
            line.close()
        return answer

    def close(self) -> None:
        """Close every connection, those in use too."""
        for line in tuple(self._lines):
            line.close()

    def _request(self, method: str, path: str, headers: Mapping[str, str], body: bytes | None) -> bytes:
        lines = [f"{method} {self._prefix}{path} HTTP/1.1", f"host: {self._authority}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        if body is not None or method not in {"GET", "HEAD", "DELETE"}:
            lines.append(f"content-length: {len(body or b'')}")
        head = "\r\n".join(lines)
        ends = len(lines) - 1
        if head.count("\n") != ends or head.count("\r") != ends or "\0" in head or " " in path:
            raise ValueError("a line break in a request's head")
        return b"%b\r\n\r\n%b" % (head.encode(), body or b"")

    def _kept(self) -> _Line | None:
        """The line used last: the others grow old, and are closed as soon as one of them would be used."""
        since = asyncio.get_running_loop().time() - self._idle_s
        while self._idle:
            line = self._idle.pop()
            if line.is_clean and line.idle_since >= since:
                return line
            line.close()
        return None

    async def _opened(self) -> _Line:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._connect_s):
                _, line = await loop.create_connection(
                    lambda: _Line(self._lines),
                    sock=await self._reached(loop),
                    ssl=self._tls,
                    server_hostname=self._host if self._tls else None,
                )
        except (OSError, ssl.CertificateError) as error:  # TimeoutError is an OSError
            raise LostError(type(error).__name__) from None
        return line

    async def _reached(self, loop: asyncio.AbstractEventLoop) -> socket.socket:
        """A connection to the first address that answers: one that is dead must not use up the time."""
        found = await loop.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM)
        return await start_connection(found, happy_eyeballs_delay=NEXT_ADDRESS_S, interleave=1, loop=loop)


class _Line(asyncio.Protocol):
    """One connection. `is_clean`: it is open, and nothing waits to be read or said."""

    def __init__(self, lines: set[_Line]) -> None:
        self._lines = lines
        self._waiter: asyncio.Future[Answer] | None = None
        self.is_clean = False
        self.idle_since = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Not checked: uvloop's own is one in all but its bases.
        self._transport = cast("asyncio.Transport", transport)
        self._lines.add(self)
        self.is_clean = True

    async def ask(self, request: bytes, cap_bytes: int, *, has_body: bool) -> Answer:
        """Send a request and wait for its answer."""
        self._has_body = has_body
        self.is_clean = False
        self._parser = httptools.HttpResponseParser(self)
        self._headers: dict[str, str] = {}
        self._body: list[bytes] = []
        self._cap_bytes, self._size, self._head_size = cap_bytes, 0, 0
        self._is_in_body = self._is_whole = self._is_spoiled = False
        self._waiter = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._waiter

    def close(self) -> None:
        """Let go of it, at once."""
        self.is_clean = False
        self._transport.abort()

    def data_received(self, data: bytes) -> None:
        if self._waiter is None:
            self.close()  # an answer to nothing
            return
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self._is_spoiled = True
            if not self._is_whole:
                self._fail(NotHttpError(type(error).__name__))
        if self._is_whole:
            self._finish()
        elif self._size > self._cap_bytes:
            self._fail(TooLargeError())
        elif not self._is_in_body:
            self._head_size += len(data)
            if self._head_size > MAX_HEAD_BYTES:
                self._fail(NotHttpError("a head without end"))

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_clean = False
        self._lines.discard(self)
        self._is_spoiled = True
        if self._waiter is None:
            return
        if exc is None and self._is_in_body and self._ends_with_the_line():
            self._finish()
        else:
            self._fail(LostError("closed" if exc is None else type(exc).__name__))

    def on_message_begin(self) -> None:
        """A second answer to one question."""
        self._is_spoiled = self._is_spoiled or self._is_whole

    def on_header(self, name: bytes, value: bytes) -> None:
        """One field of the head, or of a trailer, which nobody asked for."""
        if not self._is_in_body:
            self._headers.setdefault(name.decode("latin-1").lower(), value.decode("latin-1").strip())

    def on_headers_complete(self) -> None:
        """The head is over; that of an interim answer counts for nothing."""
        if self._parser.get_status_code() < _FIRST_FINAL:
            self._headers.clear()
            return
        self._is_in_body = True
        if not self._has_body:
            # The parser does not know what was asked, and would wait for the body whose length is said.
            self.on_message_complete()
            return
        # The parser took it for a number.
        self._size = int(self._headers.get("content-length") or 0)
        if self._size <= self._cap_bytes:
            self._size = 0

    def on_body(self, body: bytes) -> None:
        """A piece; above the cap only counted."""
        if self._is_whole:
            self._is_spoiled = True
            return
        self._size += len(body)
        if self._size <= self._cap_bytes:
            self._body.append(body)

    def on_message_complete(self) -> None:
        """The end of an answer, or of an interim one."""
        self._is_whole = self._is_in_body
        # Asked here: afterwards the parser has forgotten.
        self._is_spoiled = self._is_spoiled or not self._parser.should_keep_alive()

    def _ends_with_the_line(self) -> bool:
        framed = "content-length" in self._headers or "transfer-encoding" in self._headers
        return not framed and self._parser.get_status_code() not in _BODILESS

    def _finish(self) -> None:
        if self._size > self._cap_bytes:
            self._fail(TooLargeError())
            return
        waiter, self._waiter = self._waiter, None
        self.is_clean = not self._is_spoiled
        if waiter is not None and not waiter.done():
            body = self._body[0] if len(self._body) == 1 else b"".join(self._body)
            waiter.set_result(Answer(self._parser.get_status_code(), self._headers, body))

    def _fail(self, error: Exception) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_exception(error)
        self._transport.abort()
