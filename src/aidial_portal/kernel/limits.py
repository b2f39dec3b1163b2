"""Rate limits of the portal: the buckets rows name, and the limiter that counts them.

Counts live in this process. The one thing a newcomer would get wrong: `AIDIAL_LIMITS_SCALE` multiplies
every amount, never a window and never a size.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from limits import RateLimitItemPerSecond
from limits.strategies import MovingWindowRateLimiter, RateLimiter, SlidingWindowCounterRateLimiter

from aidial_contract import errors
from aidial_contract.fault import Fault
from aidial_portal.kernel.rate_memory import SweptMemoryStorage


class Per(StrEnum):
    """Whose requests a bucket counts together."""

    SESSION = "session"
    USER = "user"
    ADDRESS = "address"


@dataclass(frozen=True, slots=True)
class Bucket:
    """`amount` requests in any `window_seconds`, counted per session, user or client address."""

    name: str
    amount: int
    window_seconds: int
    per: Per


COARSE: Final = Bucket("portal.session", 600, 60, Per.SESSION)
SETTINGS_CHANGES: Final = Bucket("portal.settings", 30, 60, Per.USER)
BILLING: Final = Bucket("portal.billing", 60, 60, Per.USER)
COMMENTS: Final = Bucket("portal.comments", 20, 60, Per.USER)
CALL_EXPORTS: Final = Bucket("portal.call_exports", 10, 3_600, Per.USER)
DOWNLOADS: Final = Bucket("portal.downloads", 60, 3_600, Per.USER)
SESSION_LIFECYCLE: Final = Bucket("portal.session_lifecycle", 120, 60, Per.SESSION)
SIGN_IN_STARTS: Final = Bucket("portal.sign_in_starts", 60, 60, Per.ADDRESS)
SMS_ENROLMENTS: Final = Bucket("portal.sms_enrolments", 5, 3_600, Per.USER)

BUCKETS: Final = (
    COARSE,
    SETTINGS_CHANGES,
    BILLING,
    COMMENTS,
    CALL_EXPORTS,
    DOWNLOADS,
    SESSION_LIFECYCLE,
    SIGN_IN_STARTS,
    SMS_ENROLMENTS,
)
"""Every bucket, for `aidial limits` and the docs."""


EXACT_UP_TO: Final = 200
"""Small amounts are counted exactly; a large one is weighed over two windows, in constant memory."""


class Limiter:
    """Counts hits of a bucket by whose they are. `scale` multiplies every amount."""

    def __init__(self, scale: float = 1.0) -> None:
        storage = SweptMemoryStorage()
        exact, weighed = MovingWindowRateLimiter(storage), SlidingWindowCounterRateLimiter(storage)
        self._rules: dict[Bucket, tuple[RateLimiter, RateLimitItemPerSecond]] = {}
        for bucket in BUCKETS:
            amount = max(1, round(bucket.amount * scale))
            item = RateLimitItemPerSecond(amount, bucket.window_seconds)
            self._rules[bucket] = (exact if amount <= EXACT_UP_TO else weighed, item)

    def hit(self, bucket: Bucket, whose: str) -> None:
        """Count one request; `Fault(rate_limited)` with the time until the next may pass."""
        strategy, item = self._rules[bucket]
        if strategy.hit(item, bucket.name, whose):
            return
        reset_at, _ = strategy.get_window_stats(item, bucket.name, whose)
        wait_ms = min(bucket.window_seconds * 1_000, max(1_000, round((reset_at - time.time()) * 1_000)))
        raise Fault(errors.RATE_LIMITED, retry_after_ms=wait_ms, reason=f"bucket {bucket.name} is full")
