"""Rates of the portal: the buckets rows name, whose requests they count, and their refusals.

The one thing a newcomer would get wrong: the amounts are the contract's defaults. What counts in a running
portal is configured and scaled, and in the shared store it counts for every portal process together.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from aidial_contract import errors, limits
from aidial_contract.fault import Fault
from aidial_limits.metrics import REFUSED

if TYPE_CHECKING:
    from aidial_contract.limits import Numbers, Rate
    from aidial_limits import Counting


class Per(StrEnum):
    """Whose requests a bucket counts together."""

    SESSION = "session"
    USER = "user"
    ADDRESS = "address"


@dataclass(frozen=True, slots=True)
class Bucket:
    """A rate, counted per session, user or client address."""

    rate: Rate
    per: Per

    @property
    def name(self) -> str:
        """The rate's."""
        return self.rate.name


COARSE: Final = Bucket(limits.PORTAL_SESSION, Per.SESSION)
SETTINGS_CHANGES: Final = Bucket(limits.PORTAL_SETTINGS, Per.USER)
BILLING: Final = Bucket(limits.PORTAL_BILLING, Per.USER)
COMMENTS: Final = Bucket(limits.PORTAL_COMMENTS, Per.USER)
CALL_EXPORTS: Final = Bucket(limits.PORTAL_CALL_EXPORTS, Per.USER)
DOWNLOADS: Final = Bucket(limits.PORTAL_DOWNLOADS, Per.USER)
SESSION_LIFECYCLE: Final = Bucket(limits.PORTAL_SESSION_LIFECYCLE, Per.SESSION)
SIGN_IN_STARTS: Final = Bucket(limits.PORTAL_SIGN_IN_STARTS, Per.ADDRESS)
SMS_ENROLMENTS: Final = Bucket(limits.PORTAL_SMS_ENROLMENTS, Per.USER)

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
"""Every bucket, for the docs and the tests."""


class Limiter:
    """Counts hits of a bucket by whose they are, by the numbers that are configured here."""

    def __init__(self, numbers: Numbers, counting: Counting) -> None:
        self.counting = counting
        self._rates = {bucket.name: numbers.rate(bucket.rate) for bucket in BUCKETS}

    async def hit(self, bucket: Bucket, whose: str) -> None:
        """Count one request; `Fault(rate_limited)` with the time until the next may pass."""
        taken = await self.counting.take(((self._rates[bucket.name], whose),))
        if taken.full is None:
            return
        REFUSED.labels("portal", bucket.name).inc()
        wait_ms = max(1, math.ceil(taken.wait_s * 1_000))
        raise Fault(errors.RATE_LIMITED, retry_after_ms=wait_ms, reason=f"rate {bucket.name}")
