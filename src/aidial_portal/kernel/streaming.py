"""Streams: an answer of `/v1` passed on while it arrives, never in memory as a whole.

The one thing a newcomer would get wrong: the budget of a call ends with the FIRST byte. From then on only the
time between two bytes counts, and a stream that breaks breaks our own connection: it is never ended as if it
were whole.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Final

import aiohttp
from starlette.responses import StreamingResponse

from aidial_contract import errors
from aidial_contract.fault import Fault
from aidial_contract.transport import violation
from aidial_serving.leaving import leaving_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    from starlette.types import Receive, Scope, Send

    from aidial_portal.kernel.request import PortalRequest
    from aidial_portal.kernel.upstream import Call, Upstream

STREAMS_AT_ONCE: Final = 64
"""How many a process passes on at a time; the next one waits within its budget."""
OF_ONE_SESSION: Final = 8
"""How many of them one session may have, so that a slow reader leaves places for others."""
ASK_AGAIN_MS: Final = 5_000
SLOWEST_READER_S: Final = 60.0
"""How long a browser may take nothing at all before its connection is given up."""


class BrokenStreamError(Exception):
    """What arrived is not the whole; `str` says why, for the log."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a row passes on: this media type (or one of `others`), at most `cap_bytes` of it.

    `parts`: a range of a file will do, where one was asked for. `named`: the API must say that it is a file,
    where the media type alone does not tell one from any other answer.
    """

    media_type: str
    cap_bytes: int
    others: tuple[str, ...] = ()
    parts: bool = False
    named: bool = False


@dataclass(slots=True)
class Stream:
    """A 2xx whose first bytes are here. `close` it whatever happens; that also tells the API to stop."""

    wanted: Wanted
    first: bytes
    idle_s: float
    answer: aiohttp.ClientResponse
    give_back: Callable[[], None]
    _open: bool = field(default=True)

    async def pieces(self) -> AsyncIterator[bytes]:
        """Bytes as they come. Raises `BrokenStreamError` when they stop before the end, or do not stop."""
        size = len(self.first)
        piece = self.first
        while piece:
            yield piece
            try:
                async with asyncio.timeout(self.idle_s):
                    piece = await self.answer.content.readany()
            except TimeoutError:
                raise BrokenStreamError(f"the API sent nothing for {self.idle_s:g} s") from None
            except aiohttp.ClientError as error:
                raise BrokenStreamError(f"the API's answer was cut: {type(error).__name__}") from None
            size += len(piece)
            if size > self.wanted.cap_bytes:
                raise BrokenStreamError("the API's answer is too large")

    def close(self) -> None:
        """Give the connection up (a finished one goes back to the pool), and the place."""
        if self._open:
            self._open = False
            self.answer.close()
            self.give_back()


class Streams:
    """Opens streams through the one transport. `idle_ms` is `AIDIAL_STREAM_IDLE_MS`."""

    def __init__(
        self,
        upstream: Upstream,
        idle_ms: float,
        *,
        at_once: int = STREAMS_AT_ONCE,
        of_one_session: int = OF_ONE_SESSION,
    ) -> None:
        self._upstream = upstream
        self._of_one_session = of_one_session
        self._idle_s = idle_ms / 1_000
        self._places = asyncio.Semaphore(at_once)
        self._of_sessions: Counter[str] = Counter()

    async def open(self, call: Call, wanted: Wanted) -> Stream:
        """The API's answer from its first bytes on; every `Fault` of `Upstream.exchange` until then.

        429 `rate_limited` for a session that has as many as it may.
        """
        whose = call.session_id or ""
        await self._take_place(call, whose)
        give_back = partial(self._give_back, whose)

        async def begun(answer: aiohttp.ClientResponse, _: Call) -> Stream:
            first = await _first(answer, call, wanted)
            return Stream(wanted, first, self._idle_s, answer, give_back)

        try:
            return await self._upstream.ask(call, begun)
        except BaseException:
            give_back()
            raise

    async def _take_place(self, call: Call, whose: str) -> None:
        if self._of_sessions[whose] >= self._of_one_session:
            raise Fault(errors.RATE_LIMITED, retry_after_ms=ASK_AGAIN_MS, reason="streams of one session")
        self._of_sessions[whose] += 1
        try:
            async with asyncio.timeout_at(call.deadline):
                await self._places.acquire()
        except BaseException as error:
            self._forget(whose)
            if not isinstance(error, TimeoutError):
                raise
            raise Fault(errors.DEPENDENCY_TIMEOUT, reason="too many streams at once") from None

    def _give_back(self, whose: str) -> None:
        self._places.release()
        self._forget(whose)

    def _forget(self, whose: str) -> None:
        self._of_sessions[whose] -= 1
        if not self._of_sessions[whose]:
            del self._of_sessions[whose]


async def _first(answer: aiohttp.ClientResponse, call: Call, wanted: Wanted) -> bytes:
    """The first bytes of an answer that is what was wanted."""
    if answer.status != 200 and not (wanted.parts and answer.status == 206):  # noqa: PLR2004 - HTTP
        raise violation("a stream is answered with 200, or 206 where a part was asked for")
    if answer.content_type not in (wanted.others or (wanted.media_type,)):
        raise violation(f"the stream is not {wanted.media_type}")
    if wanted.named and not answer.headers.get("content-disposition", "").startswith("attachment"):
        raise violation("the stream is not said to be a file")
    if answer.headers.get("content-encoding", "identity").lower() != "identity":
        raise violation("the API's answer is encoded, though identity was asked for")
    if (answer.content_length or 0) > wanted.cap_bytes:
        raise violation("the API's answer is too large")
    if call.method == "HEAD":
        return b""
    first = await answer.content.readany()
    if not first:
        raise violation("the stream is empty")
    if len(first) > wanted.cap_bytes:
        raise violation("the API's answer is too large")
    return first


class StreamedFile(StreamingResponse):
    """A file for the browser. Type and name are ours; of the API's headers only `more` is passed on.

    `name` holds letters, digits, dots and dashes only. When the stream breaks or the browser leaves, the
    answer is left without its end and the server cuts the connection.
    """

    def __init__(
        self,
        request: PortalRequest,
        stream: Stream,
        media_type: str,
        name: str,
        *,
        inline: bool = False,
        status: int = 200,
        more: Mapping[str, str] | None = None,
    ) -> None:
        shown = "inline" if inline else "attachment"
        super().__init__(
            stream.pieces(),
            status_code=status,
            media_type=media_type,
            headers={"content-disposition": f'{shown}; filename="{name}"', **(more or {})},
        )
        self._request = request
        self._stream = stream

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send head and pieces; both ends are let go whatever happens."""
        passing = asyncio.create_task(self._pass_on(scope, send))
        leaving = asyncio.create_task(_left(receive))
        try:
            done, _ = await asyncio.wait({passing, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if passing not in done:
                self._request.reason = "broken off: the browser left"
        finally:
            leaving.cancel()
            passing.cancel()
            self._stream.close()
            with suppress(asyncio.CancelledError):
                await passing

    async def _pass_on(self, scope: Scope, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        if scope["method"] != "HEAD":
            try:
                async for piece in self.body_iterator:
                    async with asyncio.timeout(SLOWEST_READER_S):
                        await send({"type": "http.response.body", "body": piece, "more_body": True})
            except BrokenStreamError as broken:
                self._request.reason = f"broken off: {broken}"
                return
            except TimeoutError:
                self._request.reason = "broken off: the browser takes nothing"
                return
        await send({"type": "http.response.body", "body": b""})


class StreamedEvents(StreamedFile):
    """Server-sent events for the browser. They have no end of their own: a portal that stops ends them."""

    def __init__(self, request: PortalRequest, stream: Stream) -> None:
        super().__init__(request, stream, f"{stream.wanted.media_type}; charset=utf-8", "")
        del self.headers["content-disposition"]
        self.headers["x-accel-buffering"] = "no"

    async def _pass_on(self, scope: Scope, send: Send) -> None:
        passing = asyncio.create_task(super()._pass_on(scope, send))
        stopping = asyncio.create_task(leaving_of(scope).wait())
        try:
            await asyncio.wait({passing, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if not passing.done():
                passing.cancel()
                await asyncio.wait({passing})
                await send({"type": "http.response.body", "body": b""})
        finally:
            stopping.cancel()
            passing.cancel()
            with suppress(asyncio.CancelledError):
                await passing


async def _left(receive: Receive) -> None:
    """Return when the browser has closed the connection."""
    while (await receive())["type"] != "http.disconnect":
        pass
