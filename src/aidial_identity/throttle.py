"""Slows down guessing: failed sign-ins are counted per account and per address.

The one thing a newcomer would get wrong: an account is counted whether it exists or not, so that being turned
away tells nothing.
"""

import math
import time

from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from aidial_identity.config import Throttle
from limits import RateLimitItemPerSecond


class Gate:
    """Counts failures in memory; a restart forgets them."""

    def __init__(self, throttle: Throttle) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._per_account = RateLimitItemPerSecond(
            throttle.failures_per_account, throttle.window_s, "account"
        )
        self._per_address = RateLimitItemPerSecond(
            throttle.failures_per_address, throttle.window_s, "address"
        )

    def wait_s(self, account: str, address: str) -> int:
        """Seconds to wait before another try; 0 when it may go ahead."""
        waits = [0]
        for item, key in ((self._per_account, account), (self._per_address, address)):
            if not self._limiter.test(item, key):
                reset_at = self._limiter.get_window_stats(item, key).reset_time
                waits.append(max(1, math.ceil(reset_at - time.time())))
        return max(waits)

    def failed(self, account: str, address: str) -> None:
        """Count one failed try."""
        self._limiter.hit(self._per_account, account)
        self._limiter.hit(self._per_address, address)

    def succeeded(self, account: str) -> None:
        """A finished sign-in clears the account's count, not the address's."""
        self._limiter.clear(self._per_account, account)
