"""uvicorn's HTTP/1.1 protocol with the bounds it lacks: the size of a head, and the time for anything.

By itself uvicorn gathers headers without end, waits for ever for the first byte, for the rest of a head and
for a reader who does not read. The one thing a newcomer would get wrong: what is refused here never reached
an app, so it has no envelope; the connection just ends.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from aidial_serving.leaving import Leaving

if TYPE_CHECKING:
    import asyncio

    from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

MAX_HEAD_BYTES: Final = 128 * 1024
"""Where the connection is dropped; between the apps' 32 KiB and this the answer is 431."""
HEAD_TIME_S: Final = 10.0
"""From the connection, or a head's first byte, to the head's last."""
READ_STALL_S: Final = 60.0
"""How long a full send buffer may stay full: whoever reads nothing in that time has gone."""


class BoundedProtocol(HttpToolsProtocol):
    """One connection of a server; made by uvicorn."""

    head_time_s = HEAD_TIME_S
    read_stall_s = READ_STALL_S
    _head_bytes = 0
    _in_head = False
    _head_timer: asyncio.TimerHandle | None = None
    _stall_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Somebody connected, and has so long to say what they want."""
        super().connection_made(transport)
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        self._stop(self._head_timer)
        self._stop(self._stall_timer)
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """A new request's head starts."""
        self._head_bytes = 0
        self._in_head = True
        self._expect_head()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """The head is over; what follows is the body, which hygiene counts and times."""
        self._in_head = False
        self._stop(self._head_timer)
        self._head_timer = None
        super().on_headers_complete()
        if self.is_leaving:
            self.say_last()

    def data_received(self, data: bytes) -> None:
        """Count what arrives while a head is open, and drop the connection above the cap."""
        super().data_received(data)
        if self._in_head:
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEAD_BYTES and not self.transport.is_closing():
                self.send_400_response("The request's head is too large.")
        elif self.is_idle and self._head_timer is None and not self.transport.is_closing():
            self._expect_head()  # empty lines before a head stopped the keep-alive timer

    def pause_writing(self) -> None:
        """The send buffer is full."""
        super().pause_writing()
        self._stop(self._stall_timer)
        self._stall_timer = self.loop.call_later(self.read_stall_s, self.transport.abort)

    def resume_writing(self) -> None:
        """Somebody reads."""
        self._stop(self._stall_timer)
        self._stall_timer = None
        super().resume_writing()

    @property
    def is_idle(self) -> bool:
        """Whether no request is under way."""
        cycle: RequestResponseCycle | None = self.cycle  # uvicorn's type leaves None out
        return cycle is None or cycle.response_complete

    @property
    def is_leaving(self) -> bool:
        """Whether the server is about to stop: answers from now on are the last of their connection."""
        return isinstance(self.server_state, Leaving) and self.server_state.is_leaving

    def say_last(self) -> None:
        """Let the answer under way be the connection's last."""
        if not self.is_idle:
            self.cycle.keep_alive = False

    def _expect_head(self) -> None:
        self._stop(self._head_timer)
        self._head_timer = self.loop.call_later(self.head_time_s, self._too_slow)

    def _too_slow(self) -> None:
        if not self.transport.is_closing():
            self.transport.close()

    @staticmethod
    def _stop(timer: asyncio.TimerHandle | None) -> None:
        if timer is not None:
            timer.cancel()
