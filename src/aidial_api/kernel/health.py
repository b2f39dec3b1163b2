"""Health that tells the truth: each dependency asked, the answer reused for a second.

The one thing a newcomer would get wrong: `warn` is still 200. Only a required dependency that fails makes
the service `fail`, and a message never says more than pass, warn or fail.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Literal

from aidial_contract.shapes.common import Health, HealthCheck

REUSED_S = 1.0
CHECK_TIMEOUT_S = 1.5
Status = Literal["pass", "warn", "fail"]


@dataclass(frozen=True, slots=True)
class Probe:
    """One dependency: `ask` returns whether it works; a required one that does not fails the service."""

    name: str
    required: bool
    ask: Callable[[], Awaitable[bool]]


@dataclass(slots=True)
class HealthChecks:
    """Every probe of a service."""

    service: str
    version: str
    probes: tuple[Probe, ...]
    _answer: Health | None = None
    _asked_at: float = float("-inf")
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def answer(self) -> Health:
        """The state now, at most a second old."""
        async with self._lock:
            if self._answer is None or time.monotonic() - self._asked_at >= REUSED_S:
                results = await asyncio.gather(*(_checked(probe) for probe in self.probes))
                checks = dict(zip((probe.name for probe in self.probes), results, strict=True))
                self._answer = Health(
                    status=_worst(check.status for check in checks.values()),
                    service=self.service,
                    version=self.version,
                    checks=checks,
                )
                self._asked_at = time.monotonic()
            return self._answer


def _worst(statuses: object) -> Status:
    found = set(statuses)  # type: ignore[call-overload]
    return "fail" if "fail" in found else "warn" if "warn" in found else "pass"


async def _checked(probe: Probe) -> HealthCheck:
    started = time.perf_counter()
    try:
        async with asyncio.timeout(CHECK_TIMEOUT_S):
            works = await probe.ask()
    except Exception:  # noqa: BLE001 - whatever a dependency does, health answers
        works = False
    status: Status = "pass" if works else "fail" if probe.required else "warn"
    return HealthCheck(status=status, latency_ms=round((time.perf_counter() - started) * 1_000, 1))
