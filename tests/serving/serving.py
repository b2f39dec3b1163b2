"""A server of the kind both apps run under, around a small app of a test's own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any

from aidial_serving.protocol import BoundedProtocol
from aidial_serving.server import Server, http_server


class Quiet(Server):
    """Leaves Ctrl-C to pytest."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@dataclass
class Running:
    """A server on a port; `stop` ends it and waits."""

    server: Server
    port: int
    task: asyncio.Task[None]

    async def stop(self) -> None:
        self.server.should_exit = True
        await self.task


@asynccontextmanager
async def running(
    app: Any, *, stop_timeout_s: float = 5, linger_s: float = 0, http: type[BoundedProtocol] = BoundedProtocol
) -> AsyncIterator[Running]:
    made = http_server(
        app, "127.0.0.1", 0, stop_timeout_s=stop_timeout_s, loop="asyncio", lifespan="off", http=http
    )
    server = Quiet(made.config, stop_timeout_s=stop_timeout_s, linger_s=linger_s)
    task = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn tells nobody
        await asyncio.sleep(0.005)
    try:
        yield Running(server, server.servers[0].sockets[0].getsockname()[1], task)
    finally:
        server.should_exit = True
        await task


async def answer(send: Any, body: bytes = b"whole") -> None:
    """200 and a body."""
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


class Line:
    """One connection, spoken by hand."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def say(self, text: str) -> None:
        self.writer.write(text.encode())
        await self.writer.drain()

    async def get(self, path: str = "/") -> None:
        await self.say(f"GET {path} HTTP/1.1\r\nHost: here\r\n\r\n")

    async def heard(self) -> tuple[int, dict[str, str], bytes]:
        """The next answer."""
        async with asyncio.timeout(10):
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
            body = await self.reader.readexactly(int(headers.get("content-length", "0")))
        return int(head[0].split(" ")[1]), headers, body

    async def ended(self) -> bool:
        """Wait until the other side has closed; nothing more may come before that."""
        async with asyncio.timeout(10):
            return await self.reader.read() == b""


@asynccontextmanager
async def line(port: int) -> AsyncIterator[Line]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield Line(reader, writer)
    finally:
        writer.close()
