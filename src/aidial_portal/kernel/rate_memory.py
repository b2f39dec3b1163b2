"""Rate windows in this process's memory, swept without threads.

The one thing a newcomer would get wrong: the library's own memory store starts a timer thread at nearly every
hit, which a request then waits for (it was the dearest line of the list's profile). This one sweeps what has
expired itself, every few seconds, on the caller's time.
"""

from __future__ import annotations

import time

from limits.storage import MemoryStorage

SWEEP_EVERY_S = 10.0


class SweptMemoryStorage(MemoryStorage):
    """`MemoryStorage` without its timer. The mangled names are the library's; a test holds them in place."""

    _swept_at = float("-inf")

    def _MemoryStorage__schedule_expiry(self) -> None:  # noqa: N802 - the library's private name
        now = time.monotonic()
        if now - self._swept_at >= SWEEP_EVERY_S:
            self._swept_at = now
            self._MemoryStorage__expire_events()  # type: ignore[attr-defined]
