"""Rates: buckets as rows, counted per process in memory (a shared store comes with its surface).

Source: `contract.md` section 7. The one thing a newcomer would get wrong: "N in any 6 s" is a second
window over the same requests, not a token bucket; the short one is asked first.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from limits import RateLimitItem, RateLimitItemPerMinute, RateLimitItemPerSecond
from limits.strategies import SlidingWindowCounterRateLimiter

from aidial_api.kernel.rate_memory import SweptMemoryStorage
from aidial_contract import errors
from aidial_contract.fault import Fault

BURST_S = 6
MAX_FAILING = 100_000


@dataclass(frozen=True, slots=True)
class Bucket:
    """One rate: so many a minute, and at most `per_burst` in any six seconds (0: no second window)."""

    name: str
    about: str
    per_minute: int
    per_burst: int = 0


BUCKETS: dict[str, Bucket] = {
    bucket.name: bucket
    for bucket in (
        Bucket("none", "public rows: not counted", 0),
        Bucket("reads", "reads of one key", 600, 60),
        Bucket("person", "requests of one person through the portal", 1_200),
        Bucket("reads_of_tenant", "reads of one tenant, all credentials", 3_000),
        Bucket("deliveries", "call delivery of one key", 12_000, 1_200),
        Bucket("deliveries_of_tenant", "call delivery of one tenant", 30_000),
        Bucket("failed_credentials", "refused credentials of one address", 60),
        Bucket("session", "session life-cycle of one person", 120),
    )
}


class Limits:
    """Counts hits; `scale` multiplies every rate (`AIDIAL_LIMITS_SCALE`)."""

    def __init__(self, scale: float) -> None:
        self._limiter = SlidingWindowCounterRateLimiter(SweptMemoryStorage())
        # Asking about somebody who never failed would cost as much as counting.
        self._failing: set[tuple[str, str]] = set()
        self._windows: dict[str, list[RateLimitItem]] = {}
        for bucket in BUCKETS.values():
            windows: list[RateLimitItem] = []
            if bucket.per_burst:
                windows.append(
                    RateLimitItemPerSecond(
                        max(1, int(bucket.per_burst * scale)), BURST_S, namespace=bucket.name + "_burst"
                    )
                )
            if bucket.per_minute:
                windows.append(
                    RateLimitItemPerMinute(max(1, int(bucket.per_minute * scale)), namespace=bucket.name)
                )
            self._windows[bucket.name] = windows

    def hit(self, bucket: str, who: str) -> None:
        """Count one request; 429 `rate_limited` with the time to wait when a window is full."""
        for window in self._windows[bucket]:
            if not self._limiter.hit(window, who):
                self._refuse(window, bucket, who)

    def full(self, bucket: str, who: str) -> None:
        """429 when a window is full already; counts nothing."""
        if (bucket, who) not in self._failing:
            return
        for window in self._windows[bucket]:
            if not self._limiter.test(window, who):
                self._refuse(window, bucket, who)

    def remember(self, bucket: str, who: str) -> None:
        """Count a failure, to be asked about by `full`; never refuses by itself."""
        if len(self._failing) >= MAX_FAILING:
            self._failing.clear()
        self._failing.add((bucket, who))
        for window in self._windows[bucket]:
            self._limiter.hit(window, who)

    def _refuse(self, window: RateLimitItem, bucket: str, who: str) -> None:
        reset_at = self._limiter.get_window_stats(window, who).reset_time
        wait_ms = max(1, int((reset_at - time.time()) * 1_000))
        raise Fault(errors.RATE_LIMITED, retry_after_ms=wait_ms, reason=f"bucket {bucket}")
