"""A value that is fetched, kept for a while, and served stale when fetching fails.

What a newcomer gets wrong: however many requests wait for it, one fetch runs; and after a failure the stale
value is served at once for a while, so that a dead issuer does not cost every request a time-out.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from aidial_portal.kernel.oidc.fault import OpenIdError

T = TypeVar("T")

FAILURE_PAUSE_S = 15.0


class Kept(Generic[T]):
    """One kept value; `fetch` raises OpenIdError."""

    def __init__(
        self, fetch: Callable[[], Awaitable[T]], fresh_s: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._fetch = fetch
        self._fresh_s = fresh_s
        self._clock = clock
        self._held: tuple[T] | None = None
        self._due_s = float("-inf")
        self._fetching: asyncio.Task[T] | None = None

    @property
    def held(self) -> T | None:
        """The value as it was last fetched, however old; None when there never was one."""
        return None if self._held is None else self._held[0]

    async def get(self, *, anew: bool = False) -> T:
        """Return the value, fetched when due or `anew`; raises OpenIdError when there never was one."""
        if self._held is not None and not anew and self._clock() < self._due_s:
            return self._held[0]
        if self._fetching is None:
            self._fetching = asyncio.create_task(self._refresh())
            self._fetching.add_done_callback(self._finished)
        try:
            return await asyncio.shield(self._fetching)
        except OpenIdError:
            if self._held is None:
                raise
            return self._held[0]

    async def _refresh(self) -> T:
        try:
            value = await self._fetch()
        except OpenIdError:
            self._due_s = self._clock() + FAILURE_PAUSE_S
            raise
        self._held = (value,)
        self._due_s = self._clock() + self._fresh_s
        return value

    def _finished(self, task: asyncio.Task[T]) -> None:
        self._fetching = None
        if not task.cancelled():
            task.exception()  # whoever waited has gone; nobody else is to be told
