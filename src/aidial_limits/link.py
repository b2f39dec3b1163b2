"""One connection to a Valkey or Redis: commands are written at once, answers come back in their order.

The one thing a newcomer would get wrong: a pool of connections, each awaited step by step, gives up on a
store that has answered long ago whenever this process is busy. Here what arrived is read before anybody
gives up.
"""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from typing import TYPE_CHECKING, Any, Final, cast

from libvalkey import ProtocolError, Reader, ReplyError, pack_command
from valkey.asyncio.connection import SSLConnection, parse_url

if TYPE_CHECKING:
    from collections.abc import Callable

CONNECT_S: Final = 1.0
GRACE_S: Final = 0.002


class Link(asyncio.Protocol):
    """A connection. Errors: `OSError` when it is gone, `TimeoutError`, `ReplyError` of the store."""

    def __init__(self, lost: Callable[[], None]) -> None:
        self._lost = lost
        self._reader = Reader()
        self._waiting: deque[asyncio.Future[Any]] = deque()
        self._transport: asyncio.Transport | None = None

    @classmethod
    async def open(cls, url: str, lost: Callable[[], None]) -> Link:
        """Connect and log in, within a second; `lost` is called once when it is gone later."""
        where = parse_url(url)
        link = cls(lost)
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(CONNECT_S):
                if "path" in where:
                    await loop.create_unix_connection(lambda: link, where["path"])
                else:
                    host, port = where.get("host", "localhost"), where.get("port", 6379)
                    await loop.create_connection(lambda: link, host, port, ssl=_tls(where))
                await link._log_in(where)
        except BaseException:
            link.close()
            raise
        return link

    async def _log_in(self, where: Any) -> None:
        password, user = where.get("password"), where.get("username")
        if password:
            await self.ask("AUTH", *([user] if user else []), password, within_s=CONNECT_S)
        if where.get("db"):
            await self.ask("SELECT", where["db"], within_s=CONNECT_S)

    @property
    def is_open(self) -> bool:
        """Whether commands can be written."""
        return self._transport is not None and not self._transport.is_closing()

    async def ask(self, *words: str | int, within_s: float) -> Any:
        """The answer to one command."""
        if self._transport is None or self._transport.is_closing():
            raise ConnectionError("not connected")
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Any] = loop.create_future()
        self._waiting.append(answer)
        self._transport.write(pack_command(words))
        # Looked at twice: what arrived while this process was busy is read between the two.
        timer = loop.call_later(within_s, loop.call_later, GRACE_S, _give_up, answer)
        try:
            return await answer
        finally:
            timer.cancel()

    def close(self) -> None:
        """End it without a word."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Asyncio's: it is there."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's own is no subclass

    def data_received(self, data: bytes) -> None:
        """Asyncio's: hand each answer to who waits for it; nobody waits for what came too late."""
        try:
            self._reader.feed(data)
            while (answer := self._reader.gets()) is not False:
                waiting = self._waiting.popleft()
                if waiting.done():
                    continue
                if isinstance(answer, ReplyError):
                    waiting.set_exception(answer)
                else:
                    waiting.set_result(answer)
        except (ProtocolError, IndexError):
            self.close()

    def connection_lost(self, _error: Exception | None) -> None:
        """Asyncio's: it is gone, and with it what was asked."""
        self._transport = None
        while self._waiting:
            waiting = self._waiting.popleft()
            if not waiting.done():
                waiting.set_exception(ConnectionError("the store went away"))
        self._lost()


def _give_up(answer: asyncio.Future[Any]) -> None:
    if not answer.done():
        answer.set_exception(TimeoutError())


def _tls(where: Any) -> ssl.SSLContext | None:
    if where.get("connection_class") is not SSLConnection:
        return None
    return ssl.create_default_context(cafile=where.get("ssl_ca_certs"))
