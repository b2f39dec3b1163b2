"""What a page costs: the first, which counts, and one deep in the list, beside the same over few calls.

The one thing a newcomer would get wrong: that a list is longer than is counted is remembered for 30 s, so a
first page asked for again and again is not counted again. One is asked for a period of its own each time.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import aiohttp
import asyncpg

from aidial_api.kernel.reach import Reach as DatabaseReach
from aidial_api.kernel.reach import settings_of
from aidial_api.surfaces.calls.question import walk_of
from aidial_contract.params import CALL_LIST_PARAMS
from aidial_contract.query import parse_query
from aidial_contract.scope import ProjectReach, Reach
from bench.scale.asked import Pairs
from bench.scale.sides import DAYS, FEW, GROWTH, TENANT, Side

KINDS: Final = ("deep", "first", "anew")


async def pages(
    sides: Sequence[Side], what: str, asked: Sequence[Pairs], limit_ms: float, times: int
) -> None:
    """Print a page deep in the list, the first and one that is counted anew, of each, beside few calls."""
    print(f"\n{what}: p50 ms; target {limit_ms:g}, and {GROWTH:g} times that of {FEW:,} calls")
    print(f"  {'':44} {'floor':>7}" + "".join(f" {kind:>7} {'few':>7} {'times':>6}" for kind in KINDS))
    connection = await asyncpg.connect(
        sides[0].urls.app_url, server_settings={"jit": "off", "random_page_cost": "1.1"}
    )
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        for pairs in asked:
            found = await _measured(http, sides, pairs, times)
            named = {name for name, _ in pairs} & {"caller", "q"}
            floor = "" if named else f"{await _floor_ms(connection, sides[0], pairs, times):.2f}"
            figures = "".join(f" {many:7.2f} {few:7.2f} {many / few:6.2f}" for many, few in found)
            # A time shorter than a millisecond may grow to that much and a half. Counting anew is no target.
            (deep, few), (first, _), _ = found
            met = deep <= limit_ms and deep <= GROWTH * max(few, 1.0) and first <= limit_ms
            name = " ".join("=".join(pair) for pair in pairs) or "no filter"
            print(f"  {name:44} {floor:>7}{figures}  {'met' if met else 'MISSED'}", flush=True)
    await connection.close()


async def _measured(
    http: aiohttp.ClientSession, sides: Sequence[Side], pairs: Pairs, times: int
) -> list[tuple[float, float]]:
    """Each kind of page on both sides, by turns; the least of three medians."""
    deep = [await _deep(http, one, pairs) for one in sides]
    taken: dict[tuple[str, int], list[float]] = {}
    for turn in range(3):
        for at, one in enumerate(sides):
            urls = {
                "deep": [deep[at]] * times,
                "first": [one.page(pairs)] * times,
                "anew": [one.page(pairs, **_since(turn * times + number)) for number in range(times)],
            }
            for kind in KINDS:
                median = await _median_ms(http, urls[kind], one.headers)
                taken.setdefault((kind, at), []).append(median)
    return [(min(taken[kind, 0]), min(taken[kind, 1])) for kind in KINDS]


def _since(number: int) -> dict[str, str]:
    """A period that holds every call, and that nobody asked for yet."""
    return {"from": (datetime(2020, 1, 1, tzinfo=UTC) + timedelta(seconds=number)).isoformat()}


async def _deep(http: aiohttp.ClientSession, one: Side, pairs: Pairs) -> str:
    """The address of the page after one in the middle of the days."""
    middle = (datetime.now(UTC) - timedelta(days=DAYS / 2)).date().isoformat()
    deep = one.page(pairs, to=middle)
    async with http.get(deep, headers=one.headers) as answer:
        cursor = (await answer.json())["next_cursor"]
    return deep if cursor is None else f"{deep}&cursor={cursor}"


async def _median_ms(http: aiohttp.ClientSession, urls: Sequence[str], headers: Mapping[str, str]) -> float:
    taken = []
    for url in urls:
        started = time.perf_counter()
        async with http.get(url, headers=headers) as answer:
            body = await answer.read()
        taken.append((time.perf_counter() - started) * 1_000)
        if answer.status != 200:  # noqa: PLR2004 - HTTP
            raise RuntimeError(f"{url} answered {answer.status}: {body[:200]!r}")
    return statistics.median(taken)


async def _floor_ms(connection: asyncpg.Connection, one: Side, pairs: Pairs, times: int) -> float:
    """The page's own statement by asyncpg alone."""
    query = parse_query([("project_id", one.project_id), *pairs], CALL_LIST_PARAMS)
    reach = Reach((TENANT,), (ProjectReach(TENANT, one.project_id, "Australia/Sydney"),))
    question = walk_of(reach, query, None)
    statement, values = question.rows(21), (*settings_of(DatabaseReach((TENANT,))), *question.values)
    taken = []
    for _ in range(times):
        started = time.perf_counter()
        await connection.fetch(statement, *values)
        taken.append((time.perf_counter() - started) * 1_000)
    return statistics.median(taken)
