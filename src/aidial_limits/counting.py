"""Where a request is counted: in memory, or in the shared store with memory behind it.

The one thing a newcomer would get wrong: no request waits for a store that is known to be away. A lost
connection or three failures in a row open the circuit; a task asks until the store answers again.
"""

from __future__ import annotations

import asyncio
import random
from typing import Final

import structlog

from aidial_limits.metrics import FALLBACKS, STORE_UP
from aidial_limits.shared import SharedWindows, StoreAwayError
from aidial_limits.windows import Taken, Wanted, Windows

FAILURES: Final = 3
FIRST_PAUSE_S: Final = 0.5
LONGEST_PAUSE_S: Final = 5.0
_log = structlog.get_logger("aidial_limits")


class Counting:
    """Counts requests of one process of `service`; `shared` is None where no store is configured.

    `open` it in the loop that uses it; `close` it.
    """

    def __init__(self, service: str, memory: Windows, shared: SharedWindows | None = None) -> None:
        self.memory = memory
        self.shared = shared
        self._fallbacks = FALLBACKS.labels(service)
        self._service = service
        self._failures = 0
        self._asking: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Connect to the store; when it is away counting begins in memory."""
        if self.shared is None:
            return
        self.shared.lost = lambda: self._away("the connection was lost")
        if await self.shared.open():
            self._show_up(1)
        else:
            self._away("no connection")

    @property
    def is_shared(self) -> bool:
        """Whether the shared store counts at present."""
        return self.shared is not None and self._asking is None

    async def take(self, wanted: Wanted, *, count: bool = True) -> Taken:
        """Count a request in every window or in none; never fails, and waits for the store 50 ms at most."""
        shared = self.shared
        if shared is None:
            return self.memory.take(wanted, count=count)
        if self._asking is None:
            try:
                taken = await shared.take(wanted, count=count)
            except StoreAwayError as away:
                self._failures += 1
                if self._failures >= FAILURES:
                    self._away(str(away))
            else:
                self._failures = 0
                return taken
        self._fallbacks.inc()
        return self.memory.take(wanted, count=count)

    async def store_answers(self) -> bool:
        """For health: whether the shared store counts, asked anew."""
        return self.shared is not None and self._asking is None and await self.shared.answers()

    async def close(self) -> None:
        """Stop asking and end the connection."""
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.gather(self._asking, return_exceptions=True)
        if self.shared is not None:
            self.shared.close()

    def _show_up(self, value: int) -> None:
        """The gauge begins with its first value: where no store is configured it would say 0 for ever."""
        STORE_UP.labels(self._service).set(value)

    def _away(self, reason: str) -> None:
        if self._asking is not None or self.shared is None:
            return
        self._show_up(0)
        _log.warning("limits.store_away", reason=reason, counting="in this process's memory")
        self._asking = asyncio.get_running_loop().create_task(self._ask_until_it_answers(self.shared))

    async def _ask_until_it_answers(self, shared: SharedWindows) -> None:
        pause_s = FIRST_PAUSE_S
        while True:
            await asyncio.sleep(pause_s * random.uniform(0.75, 1.25))  # noqa: S311 - spreads processes
            if await shared.open():
                break
            pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
        self._failures = 0
        self._asking = None
        self._show_up(1)
        _log.info("limits.store_back")
