"""Hears the database's notifications on a connection of its own, and finds its way back after a loss.

A newcomer would trust silence. While the connection was away anything may have been said, so after
every reconnection the callback gets None: "drop everything you hold".
"""

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import asyncpg
import structlog

if TYPE_CHECKING:
    from collections.abc import Callable

_log = structlog.get_logger()

_BEAT_S = 10.0
_FIRST_PAUSE_S = 0.1
_LONGEST_PAUSE_S = 2.0


class Listener:
    """One LISTEN, kept up until `close`."""

    def __init__(
        self,
        url: str,
        settings: dict[str, str],
        channel: str,
        callback: "Callable[[str | None], None]",
    ) -> None:
        self._url = url
        self._settings = settings
        self._channel = channel
        self._callback = callback
        self._timeout_s = 5.0
        self._task: asyncio.Task[None] | None = None

    async def start(self, *, timeout_s: float) -> None:
        """Return once the first LISTEN is up; what the driver raises goes on when it cannot be."""
        self._timeout_s = timeout_s
        connection, lost = await self._connected()
        self._task = asyncio.create_task(self._stay(connection, lost), name=f"listen {self._channel}")

    async def close(self) -> None:
        """Stop listening."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _connected(self) -> tuple["asyncpg.Connection[Any]", asyncio.Event]:
        lost = asyncio.Event()
        connection: asyncpg.Connection[Any] = await asyncpg.connect(
            self._url,
            timeout=self._timeout_s,
            command_timeout=self._timeout_s,
            server_settings=self._settings,
        )
        connection.add_termination_listener(lambda _: lost.set())
        try:
            await connection.add_listener(self._channel, self._heard)
        except BaseException:
            connection.terminate()  # nobody else knows of it yet
            raise
        return connection, lost

    def _heard(self, _connection: object, _pid: int, _channel: str, payload: object) -> None:
        self._callback(str(payload))

    async def _stay(self, connection: "asyncpg.Connection[Any]", lost: asyncio.Event) -> None:
        while True:
            try:
                await self._until_lost(connection, lost)
            finally:
                connection.terminate()
            _log.warning("database.listener_lost", channel=self._channel)
            connection, lost = await self._reconnected()
            self._callback(None)

    async def _until_lost(self, connection: "asyncpg.Connection[Any]", lost: asyncio.Event) -> None:
        """Wait for the end of the connection; a beat finds one that broke without a word."""
        while not lost.is_set():
            try:
                async with asyncio.timeout(_BEAT_S):
                    await lost.wait()
            except TimeoutError:
                try:
                    await connection.execute("SELECT 1")
                except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
                    return

    async def _reconnected(self) -> tuple["asyncpg.Connection[Any]", asyncio.Event]:
        pause_s = _FIRST_PAUSE_S
        while True:
            try:
                return await self._connected()
            except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
                _log.warning("database.listener_waits", channel=self._channel, reason=type(error).__name__)
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)
