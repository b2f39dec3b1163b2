"""A server that is away is left alone for a while: messages fail at once instead of waiting for it.

The one thing a newcomer would get wrong: a try that is refused here is a try. Messages come again by their
own waits, so that a server that stays away is given up after the same time, and none waits in a worker.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from aidial_api.kernel.outgoing.port import NotSent

if TYPE_CHECKING:
    from collections.abc import Callable

    from aidial_api.kernel.outgoing.port import Courier, Message

FAILURES: Final = 2
"""One after the other, then the server counts as away."""
REST_S: Final = 60.0


class Circuit:
    """A courier that asks another only while that one's server answers; after a rest one message tries it."""

    def __init__(self, courier: Courier, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.name = courier.name
        self.keeps_text = courier.keeps_text
        self._courier = courier
        self._clock = clock
        self._failures = 0
        self._rests_until = 0.0
        self._reason = ""

    async def send(self, message: Message) -> None:
        """Hand the message over, or raise `NotSent`; at once, with the last reason, while it rests."""
        if self._failures >= FAILURES:
            if self._clock() < self._rests_until:
                raise NotSent(self._reason, is_away=True)
            # This one looks whether it is back; the others need not wait for what it finds.
            self._rests_until = self._clock() + REST_S
        try:
            await self._courier.send(message)
        except NotSent as problem:
            if problem.is_away:
                self._failures += 1
                self._reason = problem.reason
                self._rests_until = self._clock() + REST_S
            else:
                self._failures = 0
            raise
        self._failures = 0
