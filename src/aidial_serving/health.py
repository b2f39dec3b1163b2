"""Health that tells the truth within two seconds: each dependency asked, the answers reused for one.

The one thing a newcomer would get wrong: `warn` is still 200. Only a required dependency that fails makes
the service `fail`, and an answer never says more than pass, warn or fail.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Final, Literal

from aidial_contract.shapes.common import Health, HealthCheck

REUSED_S: Final = 1.0
"""Counted from when the dependencies were asked, so that a slow answer does not live longer."""
CHECK_TIMEOUT_S: Final = 0.8
"""With `REUSED_S` less than two seconds, which is how old the truth may be."""
Status = Literal["pass", "warn", "fail"]


@dataclass(frozen=True, slots=True)
class Probe:
    """One dependency: `ask` returns whether it works; a required one that does not fails the service.

    Whatever it raises is a no, and so is an answer that takes longer than `timeout_s`.
    """

    name: str
    required: bool
    ask: Callable[[], Awaitable[bool]]
    timeout_s: float = CHECK_TIMEOUT_S


@dataclass(slots=True)
class HealthChecks:
    """Every probe of a service, asked side by side and at most once a second."""

    service: str
    version: str
    probes: tuple[Probe, ...]
    _answer: Health | None = None
    _asked_at: float = float("-inf")
    _asking: asyncio.Task[Health] | None = field(default=None, repr=False)

    async def answer(self, *, anew: bool = False, within_s: float = CHECK_TIMEOUT_S) -> Health:
        """The state now: at most a second old, or asked `anew` for whoever keeps it for a second.

        What has not answered `within_s` does not work, as far as whoever asks can wait.
        """
        fresh = time.monotonic() - self._asked_at < REUSED_S
        if self._answer is not None and fresh and not anew:
            return self._answer
        if self._asking is None:
            # A task of its own: whoever asked first may stop waiting, and the others still want to know.
            self._asking = asyncio.create_task(self._ask(within_s))
            self._asking.add_done_callback(self._asked)
        return await asyncio.shield(self._asking)

    def _asked(self, _: asyncio.Task[Health]) -> None:
        self._asking = None

    async def _ask(self, within_s: float) -> Health:
        asked_at = time.monotonic()
        results = await asyncio.gather(*(_checked(probe, within_s) for probe in self.probes))
        checks = dict(zip((probe.name for probe in self.probes), results, strict=True))
        self._answer = Health(
            status=_worst(check.status for check in results),
            service=self.service,
            version=self.version,
            checks=checks,
        )
        self._asked_at = asked_at
        return self._answer


def _worst(statuses: Iterable[Status]) -> Status:
    found = set(statuses)
    return "fail" if "fail" in found else "warn" if "warn" in found else "pass"


async def _checked(probe: Probe, within_s: float) -> HealthCheck:
    started = time.perf_counter()
    try:
        async with asyncio.timeout(min(probe.timeout_s, within_s)):
            works = await probe.ask()
    except Exception:  # noqa: BLE001 - whatever a dependency does, health answers
        works = False
    status: Status = "pass" if works else "fail" if probe.required else "warn"
    return HealthCheck(status=status, latency_ms=round((time.perf_counter() - started) * 1_000, 1))
