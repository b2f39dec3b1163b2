"""One connection, one request after the other: latency seen by the caller, CPU burnt by the server.

The one thing a newcomer would get wrong: rounds of all subjects are interleaved and the least round counts,
so that a noisy neighbour hurts every subject or none.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import aiohttp

from bench.processes import cpu_us

OK = frozenset({200, 201})


@dataclass(slots=True)
class Subject:
    """What is measured: a request and the process that answers it, and `behind` it those it asks.

    With `bodies` each is sent once, in order.
    """

    name: str
    pid: int
    url: str
    headers: dict[str, str] = field(default_factory=dict, repr=False)
    bodies: Sequence[bytes] = ()
    method: str = "POST"
    behind: Sequence[int] = ()
    cpu_rounds_us: list[float] = field(default_factory=list)
    latencies_ms: list[float] = field(default_factory=list)
    at: int = 0

    @property
    def cpu(self) -> float:
        """The least round's CPU a request, microseconds."""
        return min(self.cpu_rounds_us)

    @property
    def p50(self) -> float:
        """Median latency, milliseconds."""
        return statistics.median(self.latencies_ms)

    @property
    def p99(self) -> float:
        """99th percentile latency, milliseconds."""
        return statistics.quantiles(self.latencies_ms, n=100)[98]


async def measure(subjects: Sequence[Subject], *, rounds: int, requests: int) -> None:
    """Ask every subject in turn, `rounds` times `requests` requests; fills in the figures."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        for subject in subjects:
            await _ask(http, subject, requests // 4)
        for _ in range(rounds):
            for subject in subjects:
                before = _burnt_us(subject)
                subject.latencies_ms += await _ask(http, subject, requests)
                subject.cpu_rounds_us.append((_burnt_us(subject) - before) / requests)


def _burnt_us(subject: Subject) -> float:
    return sum(cpu_us(pid) for pid in (subject.pid, *subject.behind))


async def _ask(http: aiohttp.ClientSession, subject: Subject, requests: int) -> list[float]:
    latencies = []
    for _ in range(requests):
        method, body = "GET", None
        if subject.bodies:
            method, body = subject.method, subject.bodies[subject.at]
            subject.at += 1
        started = time.perf_counter()
        async with http.request(method, subject.url, headers=subject.headers, data=body) as answer:
            await answer.read()
        latencies.append((time.perf_counter() - started) * 1_000)
        if answer.status not in OK:
            raise RuntimeError(f"{subject.name} answered {answer.status}")
    return latencies
