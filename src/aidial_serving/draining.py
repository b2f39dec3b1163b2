"""What is left of a body when its answer is out: taken and thrown away, so that the answer is read.

A socket that is closed while bytes arrive is reset, and a client that sends everything before it reads loses
the answer that lay ready for it. The one thing a newcomer would get wrong: the whole answer goes out at once.
Only its end, with which the connection closes or takes its next request, waits for the body's.

The bounds are those of a body that the API takes: whoever is refused holds a connection for a minute more at
most, which costs no place in a room and no memory.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from aidial_serving.leaving import leaving_of

if TYPE_CHECKING:
    from starlette.types import Message, Receive, Scope, Send

LONGEST_S: Final = 60.0
"""What the API gives a JSON body to arrive: whoever can send 10 MiB in time can be told 11 are too many."""
IDLE_S: Final = 5.0
"""How long nothing may come: a weak link has sent again by then what was lost on it."""
MOST_BYTES: Final = 256 * 1024 * 1024
"""More than any row takes unless it is configured to: a recording of 200 MiB."""
LEAVING_S: Final = 5.0
"""What is left of that once the server stops, well within the time a stop may take."""

App = Callable[[Any, Any, Any], Awaitable[None]]


class Draining:
    """An ASGI app around `app`: an answer to a body that is still coming ends when the body does."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything through; then take what the app left of the body."""
        if scope["type"] != "http" or not _has_body(scope):
            await self._app(scope, receive, send)
            return
        exchange = _Exchange(receive, send)
        try:
            await self._app(scope, exchange.receive, exchange.send)
            if exchange.owes_end:
                await exchange.drain(leaving_of(scope))
        finally:
            if exchange.owes_end:
                await send({"type": "http.response.body", "body": b""})


def _has_body(scope: Scope) -> bool:
    return any(name in {b"content-length", b"transfer-encoding"} for name, _ in scope["headers"])


class _Exchange:
    """Knows whether the body has ended, and keeps the answer's end back until then."""

    __slots__ = ("_has_ended", "_receive", "_send", "owes_end")

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._has_ended = False
        self.owes_end = False

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.disconnect" or not message.get("more_body", False):
            self._has_ended = True
        return message

    async def send(self, message: Message) -> None:
        is_end = message["type"] == "http.response.body" and not message.get("more_body", False)
        if is_end and not self._has_ended:
            self.owes_end = True
            message = {**message, "more_body": True}
        await self._send(message)

    async def drain(self, leaving: asyncio.Event) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(LONGEST_S) as time:
                hurrying = asyncio.create_task(_hurry(time, leaving))
                try:
                    await self._take()
                finally:
                    hurrying.cancel()

    async def _take(self) -> None:
        taken = 0
        while not self._has_ended and taken < MOST_BYTES:
            async with asyncio.timeout(IDLE_S):
                taken += len((await self.receive()).get("body", b""))


async def _hurry(time: asyncio.Timeout, leaving: asyncio.Event) -> None:
    await leaving.wait()
    until = asyncio.get_running_loop().time() + LEAVING_S
    time.reschedule(min(until, time.when() or until))
