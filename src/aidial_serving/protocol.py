"""uvicorn's HTTP/1.1 protocol with the bounds it lacks: the size of a head, and the time for anything.

By itself uvicorn gathers headers without end, waits for ever for the first byte, for the rest of a head and
for a reader who does not read. The one thing a newcomer would get wrong: what is refused here never reached
an app, so it has no envelope; the connection just ends.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from aidial_serving.leaving import LEAVING, Leaving

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Mapping

    from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

MAX_HEAD_BYTES: Final = 128 * 1024
"""Where the connection is dropped; between the apps' 32 KiB and this the answer is 431."""
HEAD_TIME_S: Final = 10.0
"""From the connection, or a head's first byte, to the head's last."""
READ_STALL_S: Final = 60.0
"""How long a full send buffer may stay full: whoever reads nothing in that time has gone."""


AUTHORITY: Final = "aidial.authority"


def authority_of(scope: Mapping[str, Any]) -> str | None:
    """The authority of a request line in absolute form (`GET http://host/path`), None in the usual form.

    uvicorn forgets it; HTTP says it counts more than `Host`.
    """
    told = (scope.get("extensions") or {}).get(AUTHORITY)
    return None if told is None else str(told["text"])


class BoundedProtocol(HttpToolsProtocol):
    """One connection of a server; made by uvicorn."""

    head_time_s = HEAD_TIME_S
    read_stall_s = READ_STALL_S
    _head_bytes = 0
    _in_head = False
    _is_deaf = False
    _before: RequestResponseCycle | None = None
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

    def on_header(self, name: bytes, value: bytes) -> None:
        """A field of the head. uvicorn would add those of a trailer, which no proxy has looked at."""
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The head is over; what follows is the body, which hygiene counts and times."""
        self._in_head = False
        self._stop(self._head_timer)
        self._head_timer = None
        self._before = None if self.is_idle else self.cycle
        super().on_headers_complete()
        if b"://" in self.url and not self.url.startswith(b"/"):
            authority = self.url.split(b"/", 3)[2].decode("latin-1")
            self.scope["extensions"] = {AUTHORITY: {"text": authority}}
        if isinstance(self.server_state, Leaving):
            self.scope.setdefault("extensions", {})[LEAVING] = {"event": self.server_state.leaves}
        if self.is_leaving:
            self.say_last()

    def data_received(self, data: bytes) -> None:
        """Count what arrives while a head is open, and drop the connection above the cap."""
        if self._is_deaf:
            return
        super().data_received(data)
        if self._in_head:
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEAD_BYTES and not self.transport.is_closing():
                self.send_400_response("The request's head is too large.")
        elif self.is_idle and self._head_timer is None and not self.transport.is_closing():
            self._expect_head()  # empty lines before a head stopped the keep-alive timer

    def send_400_response(self, msg: str) -> None:
        """Refuse what cannot be read, after the answers to whatever came before it."""
        self._is_deaf = True
        if self.is_idle:
            super().send_400_response(msg)
        elif not self.cycle.more_body:
            self.say_last()
        elif self._before is not None and not self._before.response_complete:
            # The request that broke waits behind another, which becomes the last.
            self.pipeline.popleft()
            self.cycle = self._before
            self.say_last()
        elif self.cycle.response_started:
            self.transport.close()
        else:
            super().send_400_response(msg)

    def _unsupported_upgrade_warning(self) -> None:
        """Another protocol is wanted: this one answers, and nothing that follows is read."""
        self._is_deaf = True
        self.say_last()

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
