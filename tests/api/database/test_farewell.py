"""A server that says goodbye: its last words arrive a moment before the connection ends."""

# ruff: noqa: PT012 - what is tried is a whole transaction

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

import pytest

from aidial_api.kernel.db import NOTHING, Database, DatabaseUnavailable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from aidial.postgres import PostgresUrls

_FIELDS = b"SFATAL\0VFATAL\0C57P01\0Mterminating connection due to administrator command\0\0"
LAST_WORDS = b"E" + (len(_FIELDS) + 4).to_bytes(4, "big") + _FIELDS


class Between:
    """Stands between client and server, and can speak in the server's place."""

    def __init__(self, host: str, port: int) -> None:
        self._server = (host, port)
        self._clients: list[asyncio.StreamWriter] = []

    async def connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass everything on, both ways."""
        self._clients.append(writer)
        from_server, to_server = await asyncio.open_connection(*self._server)
        await asyncio.gather(_pass_on(reader, to_server), _pass_on(from_server, writer))

    async def say(self, words: bytes) -> None:
        """Send `words` to every client that still listens."""
        for client in self._clients:
            if not client.is_closing():
                client.write(words)
                await client.drain()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    except (ConnectionError, asyncio.CancelledError):
        return
    finally:
        writer.close()


@asynccontextmanager
async def between(url: str) -> AsyncIterator[tuple[Between, str]]:
    """The one in between, and the URL that leads through it."""
    parts = urlsplit(url)
    assert parts.hostname
    assert parts.port
    middle = Between(parts.hostname, parts.port)
    server = await asyncio.start_server(middle.connect, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    login = parts.netloc.rpartition("@")[0]
    async with server:
        yield middle, urlunsplit(parts._replace(netloc=f"{login}@127.0.0.1:{port}"))


async def test_last_words_are_a_lost_database_and_the_connection_is_not_used_again(
    database_urls: PostgresUrls,
) -> None:
    """Without a connection lost yet, the driver complains of its own state: nobody's bug, and no 500."""
    async with between(database_urls.app_url) as (middle, url):
        database = await Database.connect(
            url, min_size=1, max_size=1, acquire_timeout_s=2, command_timeout_s=3
        )
        try:
            with pytest.raises(DatabaseUnavailable):
                async with database.transaction(NOTHING) as tx:
                    await tx.fetchval("SELECT 1")
                    await middle.say(LAST_WORDS)
                    await asyncio.sleep(0.05)  # the words must have been read; nothing tells when
                    await tx.fetchval("SELECT 2")
            async with database.transaction(NOTHING) as tx:
                assert await tx.fetchval("SELECT 3") == 3
            await middle.say(LAST_WORDS)
            await asyncio.sleep(0.05)
            with pytest.raises(DatabaseUnavailable):
                await database.lookup("lookup_session", "01a2047e-5e7d-72bc-b359-18a96afef022")
            async with database.transaction(NOTHING) as tx:
                assert await tx.fetchval("SELECT 4") == 4
        finally:
            await database.close()
