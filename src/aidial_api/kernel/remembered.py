"""A small cache with an age: what is known of a credential for at most a second.

The one thing a newcomer would get wrong: the age is the outer wall, the database's notification the inner
one. `forget` is called by it, and `forget_all` when notifications may have been missed.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

V = TypeVar("V")
MAX_AGE_S = 1.0
MAX_ENTRIES = 10_000


class Remembered(Generic[V]):
    """Values by key, each for `max_age_s`; concurrent askers of one key share one look-up."""

    def __init__(self, max_age_s: float = MAX_AGE_S) -> None:
        self._max_age_s = max_age_s
        self._values: dict[str, tuple[float, V]] = {}
        self._running: dict[str, asyncio.Task[V]] = {}
        self._generation = 0

    def held(self, key: str) -> V | None:
        """The value of `key` when it is known and not too old."""
        entry = self._values.get(key)
        return entry[1] if entry is not None and time.monotonic() - entry[0] < self._max_age_s else None

    async def get(self, key: str, load: Callable[[], Awaitable[V]]) -> V:
        """The value of `key`, loaded when it is not known or too old."""
        entry = self._values.get(key)
        if entry is not None and time.monotonic() - entry[0] < self._max_age_s:
            return entry[1]
        task = self._running.get(key)
        if task is None:
            task = asyncio.ensure_future(self._load(key, load))
            self._running[key] = task
            task.add_done_callback(lambda done: self._finished(key, done))
        return await asyncio.shield(task)

    def forget(self, key: str) -> None:
        """Drop one key, and make a look-up under way not be kept."""
        self._generation += 1
        self._values.pop(key, None)
        self._running.pop(key, None)

    def forget_all(self) -> None:
        """Drop everything."""
        self._generation += 1
        self._values.clear()
        self._running.clear()

    async def _load(self, key: str, load: Callable[[], Awaitable[V]]) -> V:
        generation, asked_at = self._generation, time.monotonic()
        value = await load()
        if generation == self._generation:
            if len(self._values) >= MAX_ENTRIES:
                self._values.clear()
            # Aged from the moment of asking: a slow look-up must not stretch the second.
            self._values[key] = (asked_at, value)
        return value

    def _finished(self, key: str, done: asyncio.Task[V]) -> None:
        if self._running.get(key) is done:
            del self._running[key]
        if not done.cancelled():
            done.exception()
