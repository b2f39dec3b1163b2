"""Requests as bytes on a socket, for what an HTTP client would never send."""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

from tests.support.api import RunningApi
from tests.support.askers import Answer


async def exchange(api: RunningApi, request: bytes, *, timeout_s: float = 10) -> tuple[Answer, bool]:
    """Send bytes, read one answer; also whether the server closed the connection after it."""
    where = urlsplit(api.url)
    reader, writer = await asyncio.open_connection(where.hostname, where.port)
    try:
        async with asyncio.timeout(timeout_s):
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            first, *lines = head.decode("latin-1").split("\r\n")
            pairs = (line.partition(": ") for line in lines if line)
            headers = {name.lower(): value for name, _, value in pairs}
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            closed = headers.get("connection") == "close" and await reader.read(1) == b""
            return Answer(int(first.split()[1]), headers, body), closed
    finally:
        writer.close()


def get(path: str, *lines: str, host: str = "localhost") -> bytes:
    """A GET with header lines as given."""
    return "\r\n".join([f"GET {path} HTTP/1.1", f"host: {host}", *lines, "", ""]).encode("latin-1")
