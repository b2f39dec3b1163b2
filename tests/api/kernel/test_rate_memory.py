"""Counting rates starts no threads and forgets what has expired."""

from __future__ import annotations

import time

from limits import RateLimitItemPerSecond
from limits.strategies import SlidingWindowCounterRateLimiter

from aidial_api.kernel.rate_memory import SweptMemoryStorage
from aidial_portal.kernel.rate_memory import SweptMemoryStorage as PortalStorage


def test_a_thousand_requests_start_no_thread() -> None:
    for storage in (SweptMemoryStorage(), PortalStorage()):
        storage.timer.join()  # the library starts one, once, when the store is made
        first = storage.timer
        limiter = SlidingWindowCounterRateLimiter(storage)
        for number in range(1_000):
            limiter.hit(RateLimitItemPerSecond(5_000), str(number % 7))
        assert storage.timer is first


def test_windows_that_are_over_are_swept_away() -> None:
    for storage in (SweptMemoryStorage(), PortalStorage()):
        limiter = SlidingWindowCounterRateLimiter(storage)
        limiter.hit(RateLimitItemPerSecond(5), "somebody")
        assert storage.storage
        for key in list(storage.expirations):
            storage.expirations[key] = time.time() - 1
        storage._swept_at = float("-inf")
        limiter.hit(RateLimitItemPerSecond(5, 60), "somebody else")
        assert not any("somebody/" in key and "else" not in key for key in storage.storage)
