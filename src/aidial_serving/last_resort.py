"""Around a whole app: whatever happens inside, the caller gets an answer of their family, and no stack.

The one thing a newcomer would get wrong: an answer that has begun is never finished by somebody else. The
connection is cut instead, so that nobody takes half an answer for a whole one.
"""

from __future__ import annotations

import asyncio
import sys
import traceback
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from aidial_contract import errors
from aidial_contract.fault import Fault
from aidial_contract.headers import JSON_SECURITY, REQUEST_ID, acceptable_request_id
from aidial_contract.ids import new_id

if TYPE_CHECKING:
    from starlette.types import Message, Receive, Scope, Send

App = Callable[[Any, Any, Any], Awaitable[None]]
Written = tuple[bytes, bytes]
"""Content type and body."""
_MINIMAL: Written = (b"text/plain; charset=utf-8", b"internal_error\n")


class LastResort:
    """An ASGI app that answers when `app` could not. `write` makes the body of a fault for a request."""

    def __init__(self, app: App, write: Callable[[Scope, Fault, str], Written]) -> None:
        self._app = app
        self._write = write

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything through, and catch what falls out."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        sending = _Sending(send)
        try:
            await self._app(scope, receive, sending)
        except asyncio.CancelledError:
            # The server's stop ran out of time.
            if not sending.begun:
                await self._answer(scope, Fault(errors.DEPENDENCY_UNAVAILABLE), sending)
            raise
        except Exception as error:
            cry(error)
            if sending.begun and not sending.ended:
                raise
            if not sending.begun:
                await self._answer(scope, Fault(errors.INTERNAL_ERROR), sending)

    async def _answer(self, scope: Scope, fault: Fault, send: Send) -> None:
        request_id = _request_id(scope)
        try:
            content_type, body = self._write(scope, fault, request_id)
        except Exception as error:  # noqa: BLE001 - what writes may be what is broken
            cry(error)
            content_type, body = _MINIMAL
        headers = [
            (b"content-type", content_type),
            (b"content-length", str(len(body)).encode()),
            (b"cache-control", b"no-store"),
            (b"connection", b"close"),
            (REQUEST_ID.encode(), request_id.encode()),
            *((name.encode(), value.encode()) for name, value in JSON_SECURITY.items()),
        ]
        if fault.retry_after_seconds is not None:
            headers.append((b"retry-after", str(fault.retry_after_seconds).encode()))
        await send({"type": "http.response.start", "status": fault.row.status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})


class _Sending:
    """Remembers how far the answer got."""

    __slots__ = ("_send", "begun", "ended")

    def __init__(self, send: Send) -> None:
        self._send = send
        self.begun = False
        self.ended = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.begun = True
        elif not message.get("more_body", False):
            self.ended = True
        await self._send(message)


def _request_id(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == REQUEST_ID.encode():
            told = value.decode("latin-1")
            if acceptable_request_id(told):
                return str(told)
    return new_id()


def cry(error: BaseException) -> None:
    """Say on standard error what happened; the log itself may be what is broken."""
    with suppress(Exception):
        frames = traceback.extract_tb(error.__traceback__)[-3:]
        where = " < ".join(
            f"{frame.filename.rpartition('/')[2]}:{frame.lineno}" for frame in reversed(frames)
        )
        sys.stderr.write(f'{{"event":"last_resort","error":"{type(error).__name__}","where":"{where}"}}\n')
