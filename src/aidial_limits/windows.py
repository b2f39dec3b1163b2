"""Windows in this process's memory: the times of what passed, one queue for each rate and whom it counts.

The one thing a newcomer would get wrong: nothing is estimated. A window holds every time in it, so it costs
memory by what passed in it (32 bytes a request), not by how large the rate is.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from aidial_contract.limits import Rate

SWEEP_EVERY_S: Final = 10.0
SWEPT_AT_ONCE: Final = 2
Wanted = Sequence[tuple[Rate, str]]
"""Windows a request is counted in: each rate, and whose requests it counts together."""


class Standing(NamedTuple):
    """How a window stands after a request: `left` more may pass, another one in `more_in_s` seconds."""

    rate: Rate
    left: int
    more_in_s: float


class Taken(NamedTuple):
    """What came of a request: it passed when `full` is None; else that window makes it wait `wait_s`."""

    standings: tuple[Standing, ...]
    full: Rate | None = None
    wait_s: float = 0.0


class Windows:
    """Exact windows of one process. `clock` is seconds that never go back; tests turn it."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self._queues: dict[tuple[str, str], deque[float]] = {}
        self._spans: dict[str, int] = {}
        self._swept_at = clock()
        self._to_sweep: list[tuple[str, str]] = []

    def __len__(self) -> int:
        """How many windows hold something, or did until lately."""
        return len(self._queues)

    def take(self, wanted: Wanted, *, count: bool = True) -> Taken:
        """Count a request in every window, or in none when one is full; `count=False` only looks."""
        now = self.clock()
        if self._to_sweep or now - self._swept_at >= SWEEP_EVERY_S:
            self._sweep(now)
        found, full, wait_s = [], None, 0.0
        for rate, whose in wanted:
            queue = self._queue(rate, whose, now)
            over = len(queue) - rate.amount
            if over >= 0:
                left_s = queue[over] + rate.seconds - now
                if left_s > wait_s:
                    full, wait_s = rate, left_s
            found.append((rate, queue))
        standings = []
        for rate, queue in found:
            if count and full is None:
                queue.append(now)
            left = rate.amount - len(queue)
            more_in_s = queue[max(0, -left)] + rate.seconds - now if queue else 0.0
            standings.append(Standing(rate, max(0, left), more_in_s))
        return Taken(tuple(standings), full, wait_s)

    def holds(self, rate: Rate, whose: str) -> bool:
        """Whether anything of somebody's was counted lately; cheap, and may be a little out of date."""
        return (rate.name, whose) in self._queues

    def forget(self, rate: Rate, whose: str) -> None:
        """Count nothing of somebody's any more."""
        self._queues.pop((rate.name, whose), None)

    def _queue(self, rate: Rate, whose: str, now: float) -> deque[float]:
        key = (rate.name, whose)
        queue = self._queues.get(key)
        if queue is None:
            self._spans[rate.name] = rate.seconds
            queue = self._queues[key] = deque()
        else:
            over = now - rate.seconds
            while queue and queue[0] <= over:
                queue.popleft()
        return queue

    def _sweep(self, now: float) -> None:
        """Forget windows that are over, two at a request, so that no request waits for all of them."""
        if not self._to_sweep:
            self._swept_at = now
            self._to_sweep = list(self._queues)
        for _ in range(min(SWEPT_AT_ONCE, len(self._to_sweep))):
            key = self._to_sweep.pop()
            queue = self._queues.get(key)
            if queue is not None and (not queue or queue[-1] <= now - self._spans[key[0]]):
                del self._queues[key]
