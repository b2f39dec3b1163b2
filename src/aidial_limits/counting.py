"""Where a request is counted: in memory, or in the shared store with memory behind it.

The one thing a newcomer would get wrong: no request waits for a store that is known to be away. Three
failures in a row open the circuit; a task asks until the store answers, and requests see only the result.
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
    """Counts requests of one process of `service`; `shared` is None where no store is configured."""

    def __init__(self, service: str, memory: Windows, shared: SharedWindows | None = None) -> None:
        self.memory = memory
        self.shared = shared
        self._fallbacks = FALLBACKS.labels(service)
        self._up = STORE_UP.labels(service) if shared is not None else None
        self._failures = 0
        self._asking: asyncio.Task[None] | None = None
        if self._up is not None:
            self._up.set(1)

    @property
    def is_shared(self) -> bool:
        """Whether the shared store counts at present."""
        return self.shared is not None and self._asking is None

    async def take(self, wanted: Wanted, *, count: bool = True) -> Taken:
        """Count a request in every window or in none; never fails and never waits longer than 50 ms."""
        shared = self.shared
        if shared is None:
            return self.memory.take(wanted, count=count)
        if self._asking is None:
            try:
                taken = await shared.take(wanted, count=count)
            except StoreAwayError as away:
                self._failed(shared, str(away))
            else:
                self._failures = 0
                return taken
        self._fallbacks.inc()
        return self.memory.take(wanted, count=count)

    async def store_answers(self) -> bool:
        """For health: whether the shared store counts, asked anew."""
        return self.shared is not None and self._asking is None and await self.shared.answers()

    async def close(self) -> None:
        """Stop asking and close every connection."""
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.gather(self._asking, return_exceptions=True)
        if self.shared is not None:
            await self.shared.close()

    def _failed(self, shared: SharedWindows, reason: str) -> None:
        self._failures += 1
        if self._failures < FAILURES or self._asking is not None:
            return
        _log.warning("limits.store_away", reason=reason, counting="in this process's memory")
        if self._up is not None:
            self._up.set(0)
        self._asking = asyncio.create_task(self._ask_until_it_answers(shared))

    async def _ask_until_it_answers(self, shared: SharedWindows) -> None:
        pause_s = FIRST_PAUSE_S
        while True:
            await asyncio.sleep(pause_s * random.uniform(0.75, 1.25))  # noqa: S311 - spreads processes
            if await shared.answers():
                break
            pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
        self._failures = 0
        self._asking = None
        if self._up is not None:
            self._up.set(1)
        _log.info("limits.store_back")
