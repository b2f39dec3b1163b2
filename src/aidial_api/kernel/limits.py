"""Rates of the API: buckets as rows, and what a request's windows say in its answer.

The one thing a newcomer would get wrong: a bucket may have several windows ("600 a minute and 60 in any
6 s"), and a key's request is counted in its tenant's too: in all of them, or in none when one is full.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aidial_contract import errors, limits
from aidial_contract.fault import Fault
from aidial_contract.limits import Numbers, Rate
from aidial_limits import Counting, Standing, Taken, Windows
from aidial_limits.metrics import REFUSED

if TYPE_CHECKING:
    from aidial_api.kernel.ask import Ask


@dataclass(frozen=True, slots=True)
class Bucket:
    """What a row or a step counts; `about` says whose requests together. Its numbers are the contract's."""

    name: str
    about: str
    rates: tuple[Rate, ...]


BUCKETS: dict[str, Bucket] = {
    bucket.name: bucket
    for bucket in (
        Bucket("none", "public rows: not counted", ()),
        Bucket("reads", "reads and changes of one key", (limits.READS, limits.READS_BURST)),
        Bucket("person", "requests of one person through the portal", (limits.PERSON,)),
        Bucket("reads_of_tenant", "reads and changes of one tenant's keys", (limits.READS_OF_TENANT,)),
        Bucket("deliveries", "call delivery of one key", (limits.DELIVERIES, limits.DELIVERIES_BURST)),
        Bucket("deliveries_of_tenant", "call delivery of one tenant", (limits.DELIVERIES_OF_TENANT,)),
        Bucket("failed_credentials", "refused credentials of one address", (limits.FAILED_CREDENTIALS,)),
        Bucket("session", "session life-cycle of one person", (limits.SESSION,)),
    )
}
COARSE = frozenset({"none", "reads", "deliveries"})
"""Buckets of rows that step 3 counts already, with the credential."""


class Limits:
    """Counts requests by the numbers that are configured here."""

    def __init__(self, numbers: Numbers, counting: Counting) -> None:
        self.counting = counting
        self._rates = {name: tuple(map(numbers.rate, bucket.rates)) for name, bucket in BUCKETS.items()}
        (self._failed,) = self._rates["failed_credentials"]
        self._failing = Windows()

    async def hit(self, ask: Ask, *buckets: tuple[str, str]) -> None:
        """Count a request in buckets, each with whose it is; 429 `rate_limited` when a window is full."""
        wanted = [(rate, whose) for name, whose in buckets for rate in self._rates[name]]
        taken = await self.counting.take(wanted)
        ask.standings += taken.standings
        _refuse_when_full(taken)

    async def refuse_failing(self, ask: Ask) -> None:
        """429 for an address with too many refused credentials, before the next one is looked at."""
        # Asked about addresses only that failed at this process lately: nobody else pays for it.
        if self._failing.holds(self._failed, ask.client_ip):
            wanted = ((self._failed, ask.client_ip),)
            taken = await self.counting.take(wanted, count=False)
            if taken.full is not None:
                ask.standings = taken.standings
                _refuse_when_full(taken)

    async def failed(self, ask: Ask) -> None:
        """Count a refused credential; 429 in place of its 401 when there were too many meanwhile."""
        wanted = ((self._failed, ask.client_ip),)
        self._failing.take(wanted)
        taken = await self.counting.take(wanted)
        if taken.full is not None:
            ask.standings = taken.standings
            _refuse_when_full(taken)


def _refuse_when_full(taken: Taken) -> None:
    if taken.full is None:
        return
    REFUSED.labels("api", taken.full.name).inc()
    wait_ms = max(1, math.ceil(taken.wait_s * 1_000))
    raise Fault(errors.RATE_LIMITED, retry_after_ms=wait_ms, reason=f"rate {taken.full.name}")


def rate_headers(standings: Sequence[Standing]) -> list[tuple[bytes, bytes]]:
    """`RateLimit-Policy` and `RateLimit`: what counts, what is left of it, and when one more comes back."""
    policy = ", ".join([rate.policy for rate, _, _ in standings])
    state = ", ".join(
        [f'"{rate.name}";r={left};t={math.ceil(more_in_s)}' for rate, left, more_in_s in standings]
    )
    return [(b"ratelimit-policy", policy.encode()), (b"ratelimit", state.encode())]
