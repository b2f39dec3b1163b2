"""What a dashboard of 90 days asks of a whole tenant.

The one thing a newcomer would get wrong: a page asks its questions all at once, and is done with the last.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Sequence
from typing import Final

import aiohttp

from bench.scale.sides import FEW, GROWTH, Side

LIMIT_MS: Final = 25.0
DASHBOARD: Final = {
    "key figures": "analytics/summary?range=90d",
    "calls by day": "analytics/timeseries?range=90d",
    "hours, feelings, outcomes, agents, lines": "analytics/breakdowns?range=90d&limit=8"
    "&by=hour_of_week,sentiment,outcome,agent,project",
}


async def dashboards(sides: Sequence[Side], times: int) -> None:
    """Print what a dashboard of 90 days asks of a whole tenant, each alone and then all at once."""
    print(f"\nDashboard of 90 days: p50 ms; target {LIMIT_MS:g}, and {GROWTH:g} times that of {FEW:,} calls")
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        for name, asked in {
            **{name: (path,) for name, path in DASHBOARD.items()},
            "all": (*DASHBOARD.values(),),
        }.items():
            taken: list[list[float]] = [[] for _ in sides]
            for _ in range(3 * times):
                for at, one in enumerate(sides):
                    started = time.perf_counter()
                    await asyncio.gather(*(_answered(http, one, path) for path in asked))
                    taken[at].append((time.perf_counter() - started) * 1_000)
            many, few = (statistics.median(each) for each in taken)
            met = "met" if many <= LIMIT_MS and many <= GROWTH * max(few, 1.0) else "MISSED"
            print(f"  {name:44} {many:7.2f} {few:7.2f} {many / few:6.2f}  {met}", flush=True)


async def _answered(http: aiohttp.ClientSession, one: Side, path: str) -> None:
    async with http.get(f"{one.api_url}/v1/{path}", headers=one.headers) as answer:
        body = await answer.read()
        if answer.status != 200:  # noqa: PLR2004 - HTTP
            raise RuntimeError(f"{path} answered {answer.status}: {body[:200]!r}")
