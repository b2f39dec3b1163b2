"""Load shedding: so many requests at once, a short queue, and 503 at once for whoever comes after.

Requests of different kinds stand in different rooms, so that a crowd in one leaves the others room. The one
thing a newcomer would get wrong: a place is held while a request works, never while its body arrives or its
answer is read, or slow senders and readers could fill the room for nothing.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Final

from aidial_contract import errors
from aidial_contract.fault import BUSY, Fault

if TYPE_CHECKING:
    from types import TracebackType

LONGEST_WAIT_S: Final = 1.0


class Room:
    """`places` requests at once and `queue` waiting, each for at most `longest_wait_s`."""

    def __init__(self, name: str, *, places: int, queue: int, longest_wait_s: float = LONGEST_WAIT_S) -> None:
        self.name = name
        self._free = places
        self._queue = queue
        self._longest_wait_s = longest_wait_s
        self._waiting: deque[asyncio.Future[None]] = deque()

    def check(self) -> None:
        """Raise 503 `dependency_unavailable` at once when even the queue is full."""
        if self._free <= 0 and len(self._waiting) >= self._queue:
            raise self._busy("queue full")

    def place(self, until: float) -> Place:
        """A place to work in: `async with room.place(deadline):`; the deadline is the loop's time."""
        return Place(self, until)

    async def enter(self, until: float) -> None:
        """Take a place, in the order of coming; 503 `dependency_unavailable` when it takes too long."""
        if self._free > 0:
            self._free -= 1
            return
        self.check()
        loop = asyncio.get_running_loop()
        turn: asyncio.Future[None] = loop.create_future()
        self._waiting.append(turn)
        try:
            async with asyncio.timeout_at(min(until, loop.time() + self._longest_wait_s)):
                await turn
        except TimeoutError:
            self._gone(turn)
            raise self._busy("waited too long") from None
        except BaseException:
            self._gone(turn)
            raise

    def leave(self) -> None:
        """Give the place to whoever waits longest."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1

    def _gone(self, turn: asyncio.Future[None]) -> None:
        """Whoever stops waiting passes on a place that was theirs already."""
        if turn.done() and not turn.cancelled():
            self.leave()
            return
        turn.cancel()
        if turn in self._waiting:
            self._waiting.remove(turn)

    def _busy(self, how: str) -> Fault:
        return Fault(errors.DEPENDENCY_UNAVAILABLE, details=BUSY, reason=f"{self.name}: {how}")


class Place:
    """One place in a room while the block runs."""

    __slots__ = ("_room", "_until")

    def __init__(self, room: Room, until: float) -> None:
        self._room = room
        self._until = until

    async def __aenter__(self) -> None:
        """Wait for the place."""
        await self._room.enter(self._until)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave it."""
        self._room.leave()
