"""What a page costs: the first, which counts, and one deep in the list, beside the same over few calls.

The one thing a newcomer would get wrong: that a list is longer than is counted is taken to be so for 30 s,
and is still answered so for up to 600 s while it is counted again (`surfaces/calls/lengths.py`). So nobody
waits for the count of a first page asked for again and again. One is asked for a period of its own each time.
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
DEEP: Final = {"in the middle": 0.5, "near the end": 0.9}
"""How far back a deep page begins, in parts of all days; the worse of them is printed."""

Times = tuple[float, float]
"""What something took over many calls and over few, p50 ms."""


async def pages(
    sides: Sequence[Side], what: str, asked: Sequence[Pairs], limit_ms: float, times: int
) -> None:
    """Print a page deep in the list, the first and one that is counted anew, of each, beside few calls.

    The first two are judged, by the limit and by how they grow; at two depths, of which the worse is printed.
    """
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
            deep = max((found[place] for place in DEEP), key=lambda taken: _strain(taken, limit_ms))
            first, anew = found["first"], found["anew"]
            figures = "".join(
                f" {many:7.2f} {few:7.2f} {many / few:6.2f}" for many, few in (deep, first, anew)
            )
            met = _strain(deep, limit_ms) <= 1 and _strain(first, limit_ms) <= 1
            mark = "*" if anew[0] > limit_ms else " "
            name = " ".join("=".join(pair) for pair in pairs) or "no filter"
            print(f"  {name:44} {floor:>7}{figures}{mark} {'met' if met else 'MISSED'}", flush=True)
    await connection.close()
    print("  counted anew is no target of its own, * says where it is above the limit")


def _strain(taken: Times, limit_ms: float) -> float:
    """What part of what it may take something took: more than 1 is too long, or too much longer than few."""
    many, few = taken
    # A time shorter than a millisecond may grow to that much and a half.
    return max(many / limit_ms, many / (GROWTH * max(few, 1.0)))


async def _measured(
    http: aiohttp.ClientSession, sides: Sequence[Side], pairs: Pairs, times: int
) -> dict[str, Times]:
    """Each kind of page, asked of both sides one after the other; the least of three medians.

    A machine that is slower for half a second is so for both.
    """
    deep = [{place: await _deep(http, one, pairs, part) for place, part in DEEP.items()} for one in sides]
    taken: dict[tuple[str, int], list[float]] = {}
    for turn in range(3):
        for kind in (*DEEP, "first", "anew"):
            spans_ms: tuple[list[float], ...] = tuple([] for _ in sides)
            for number in range(times):
                for at, one in enumerate(sides):
                    since = _since(turn * times + number) if kind == "anew" else {}
                    url = deep[at].get(kind) or one.page(pairs, **since)
                    spans_ms[at].append(await _span_ms(http, url, one.headers))
            for at, spans in enumerate(spans_ms):
                taken.setdefault((kind, at), []).append(statistics.median(spans))
    return {kind: (min(taken[kind, 0]), min(taken[kind, 1])) for kind, _ in taken}


def _since(number: int) -> dict[str, str]:
    """A period that holds every call, and that nobody asked for yet."""
    return {"from": (datetime(2020, 1, 1, tzinfo=UTC) + timedelta(seconds=number)).isoformat()}


async def _deep(http: aiohttp.ClientSession, one: Side, pairs: Pairs, part: float) -> str:
    """The address of the page after one that begins this part of the days back."""
    until = (datetime.now(UTC) - timedelta(days=DAYS * part)).date().isoformat()
    deep = one.page(pairs, to=until)
    async with http.get(deep, headers=one.headers) as answer:
        cursor = (await answer.json())["next_cursor"]
    return deep if cursor is None else f"{deep}&cursor={cursor}"


async def _span_ms(http: aiohttp.ClientSession, url: str, headers: Mapping[str, str]) -> float:
    started = time.perf_counter()
    async with http.get(url, headers=headers) as answer:
        body = await answer.read()
    taken = (time.perf_counter() - started) * 1_000
    if answer.status != 200:  # noqa: PLR2004 - HTTP
        raise RuntimeError(f"{url} answered {answer.status}: {body[:200]!r}")
    return taken


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
