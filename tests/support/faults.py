"""A TCP proxy that goes wrong on purpose: `async with faulty(host, port) as way:` and `way.fail("silence")`.

The one thing a newcomer would get wrong: a fault meets the connections that are open already as well as new
ones, as a cable that is pulled does; and `heal` lets only new ones through.
"""

from __future__ import annotations

import asyncio
import random
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final
from urllib.parse import urlsplit, urlunsplit

FAILURES: Final = ("refuse", "blackhole", "silence", "latency", "lag", "trickle", "cut", "reset", "garbage")
LATENCY_S: Final = 0.02
LAG_S: Final = 2.0
TRICKLE_BYTES_A_S: Final = 1_000
CUT_AFTER_BYTES: Final = 90
_CHUNK: Final = 65_536


class FaultyWay:
    """One way to a server; `port` stays the same whatever happens on it. `met` counts who came."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._failure = ""
        self._server: asyncio.Server | None = None
        self._hole: list[socket.socket] = []
        self._open: set[asyncio.WriteTransport] = set()
        self._ever: set[asyncio.WriteTransport] = set()
        self._pumps: set[asyncio.Task[None]] = set()
        self._random = random.Random(20261125)  # noqa: S311 - the same garbage every time
        self.port = 0
        self.met = 0

    @property
    def open_now(self) -> int:
        """How many connections lead to the server at this moment."""
        return len(self._open) // 2

    async def open(self) -> None:
        """Let everything through."""
        self._server = await asyncio.start_server(self._come, "127.0.0.1", self.port, backlog=512)
        self.port = self._server.sockets[0].getsockname()[1]

    async def fail(self, failure: str) -> None:
        """Go wrong from now on."""
        assert failure in FAILURES, failure
        self._failure = failure
        if failure in {"refuse", "reset"}:
            self._cut_all()
        if failure in {"refuse", "blackhole"}:
            await self._close_door()
            # Bound and not listening, the port refuses; with a full queue nobody answers at all.
            self._hole = [_bound(self.port)]
            if failure == "blackhole":
                self._hole += _filled(self._hole[0], self.port)

    async def heal(self) -> None:
        """Let everything through again; what was open meanwhile is gone."""
        self._failure = ""
        self._cut_all()
        for one in self._hole:
            one.close()
        self._hole = []
        if self._server is None:
            await self.open()

    async def close(self) -> None:
        """End it."""
        self._cut_all()
        for one in self._hole:
            one.close()
        await self._close_door()
        for pump in list(self._pumps):
            pump.cancel()
        await asyncio.gather(*self._pumps, return_exceptions=True)
        for transport in self._ever:
            transport.abort()  # one that still has something for somebody who no longer reads
        await asyncio.sleep(0)

    async def _close_door(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    def _cut_all(self) -> None:
        for transport in list(self._open):
            _reset(transport)
        self._open.clear()

    def _come(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.met += 1
        self._ever.add(writer.transport)
        pump = asyncio.create_task(self._serve(reader, writer))
        self._pumps.add(pump)
        pump.add_done_callback(self._pumps.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        transports = [writer.transport]
        self._open.add(writer.transport)
        try:
            there, back = await asyncio.open_connection(*self._target)
            transports.append(back.transport)
            self._open.add(back.transport)
            self._ever.add(back.transport)
            async with asyncio.TaskGroup() as both:
                both.create_task(self._pump(reader, back, answering=False))
                both.create_task(self._pump(there, writer, answering=True))
        except* (OSError, EOFError):
            pass
        finally:
            for transport in transports:
                self._open.discard(transport)
                transport.close()

    async def _pump(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, answering: bool
    ) -> None:
        passed = 0
        while data := await source.read(_CHUNK):
            if self._failure and answering:
                passed += len(data)
                await self._wrongly(data, passed, sink)
            elif self._failure in {"silence", "blackhole"}:
                continue
            elif self._failure == "reset":
                self._cut_all()
                raise EOFError
            else:
                sink.write(data)
            await sink.drain()
        raise EOFError

    async def _wrongly(self, data: bytes, passed: int, sink: asyncio.StreamWriter) -> None:
        """Pass an answer on as the failure has it."""
        match self._failure:
            case "latency" | "lag":
                await asyncio.sleep(LATENCY_S if self._failure == "latency" else LAG_S)
                sink.write(data)
            case "trickle":
                for start in range(0, len(data), 50):
                    sink.write(data[start : start + 50])
                    await asyncio.sleep(50 / TRICKLE_BYTES_A_S)
            case "cut":
                sink.write(data[: max(0, CUT_AFTER_BYTES - (passed - len(data)))])
                if passed >= CUT_AFTER_BYTES:
                    raise EOFError
            case "garbage":
                sink.write(b"no words\r\n\r\n" + self._random.randbytes(len(data)))


def _reset(transport: asyncio.WriteTransport) -> None:
    """End a connection with a reset instead of a goodbye."""
    own = transport.get_extra_info("socket")
    with suppress(OSError):
        own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


def _bound(port: int) -> socket.socket:
    one = socket.socket()
    one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    one.bind(("127.0.0.1", port))
    return one


def _filled(listener: socket.socket, port: int) -> list[socket.socket]:
    """Listen with the shortest queue and fill it: the kernel drops whoever comes after."""
    listener.listen(0)
    found = []
    for _ in range(8):
        one = socket.socket()
        one.setblocking(False)
        one.connect_ex(("127.0.0.1", port))
        found.append(one)
    return found


@asynccontextmanager
async def faulty(host: str, port: int) -> AsyncIterator[FaultyWay]:
    """A way to a server that works until it is told to fail."""
    way = FaultyWay(host, port)
    await way.open()
    try:
        yield way
    finally:
        await way.close()


@asynccontextmanager
async def faulty_url(url: str) -> AsyncIterator[tuple[FaultyWay, str]]:
    """A faulty way to where a URL leads, and the URL that goes that way."""
    parts = urlsplit(url)
    assert parts.hostname
    assert parts.port
    async with faulty(parts.hostname, parts.port) as way:
        login = parts.netloc.rpartition("@")[0]
        place = f"127.0.0.1:{way.port}"
        yield way, urlunsplit(parts._replace(netloc=f"{login}@{place}" if login else place))
