"""Whether time tells what an answer does not: a thing that is missing beside one that may not be seen.

Pairs are asked strictly one after the other, A B B A, so that whatever else the machine does meets both. The
share of pairs' times in which one is the slower (AUC of Mann and Whitney) must be within 0.47 to 0.53; one
outside is measured once more, and found only when it is outside on the same side again. The one thing a
newcomer would get wrong: the missing id is one id, like the other. A new one each time would miss what
clients remember of addresses, and be slower for that.
"""

from __future__ import annotations

import math
import time
from bisect import bisect_left, bisect_right
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from statistics import median
from typing import Any, Final

from tests.matrix.portal_visitors import BY_NAME, papers_of
from tests.matrix.records import own_record, records_elsewhere
from tests.people import AFTER_HOURS, NORTHSIDE_LINE
from tests.support.api import World
from tests.support.portal import Page, Town

from aidial_contract.ids import new_id
from fuzz.report import Budget, Report

PAIRS: Final = 4_000
"""How many pairs the bounds are meant for."""
BOUND: Final = 0.03
WARM_UP: Final = 40
Question = Callable[[], Awaitable[int]]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two requests whose answers look alike; each gives its status."""

    name: str
    missing: Question
    denied: Question


@dataclass(frozen=True, slots=True)
class Measured:
    """What came out of so many pairs: AUC, and both medians in ms."""

    count: int
    auc: float
    missing_ms: float
    denied_ms: float

    @property
    def tells(self) -> bool:
        """Whether time tells the two apart; fewer pairs than meant have wider bounds, to be as sure."""
        return abs(self.auc - 0.5) > BOUND * max(1.0, math.sqrt(PAIRS / self.count))


def auc_of(ones: list[float], others: list[float]) -> float:
    """How often one of `ones` is larger than one of `others`; ties count half."""
    ordered = sorted(others)
    wins = sum(bisect_left(ordered, one) + bisect_right(ordered, one) for one in ones)
    return wins / (2 * len(ones) * len(others))


async def measure(pair: Pair, count: int) -> Measured:
    """So many of each, A B B A."""
    times: dict[str, list[float]] = {"missing": [], "denied": []}
    questions = {"missing": pair.missing, "denied": pair.denied}
    for _ in range(WARM_UP):
        for ask in questions.values():
            status = await ask()
            assert status == 404, f"{pair.name}: {status}"
    for _ in range((count + 1) // 2):
        for name in ("missing", "denied", "denied", "missing"):
            started = time.perf_counter()
            await questions[name]()
            times[name].append(time.perf_counter() - started)
    missing, denied = times["missing"], times["denied"]
    return Measured(len(missing), auc_of(denied, missing), median(missing) * 1_000, median(denied) * 1_000)


async def compare(report: Report, pairs: list[Pair], count: int) -> None:
    """Every pair; what stands out is measured once more before it is a finding."""
    for pair in pairs:
        measured = await measure(pair, count)
        report.cases += 2 * count
        first = measured
        if measured.tells:
            measured = await measure(pair, count)
            report.cases += 2 * count
        again = "" if measured is first else f" (first {first.auc:.3f})"
        medians = f"medians {measured.missing_ms:.2f} and {measured.denied_ms:.2f} ms"
        line = f"{pair.name}: AUC {measured.auc:.3f}{again}, {medians}"
        report.notes.append(line)
        if measured.tells and (measured.auc > 0.5) == (first.auc > 0.5):
            report.found(f"time tells: {pair.name}", line)


def _pair(name: str, ask: Callable[[str], Awaitable[Any]], denied: str) -> Pair:
    """`ask` with an id nothing has, beside the id that may not be seen."""
    nothing = new_id()

    async def status_of(one: str) -> int:
        answer: Any = await ask(one)
        return int(answer.status)

    return Pair(name, lambda: status_of(nothing), lambda: status_of(denied))


async def run_api(world: World, budget: Budget) -> Report:
    """A record by key and by bearer, a list narrowed to a project, a change, and a wrong role."""
    report = Report("timing-api")
    rival, after = world.calls["northside-1"], world.calls["after-1"]
    key, alice, chloe = world.harbour_manage, world.alice, world.chloe
    change = {"resolution": "timed"}
    await own_record(world, "ticket_id")
    async with records_elsewhere(world, "ticket_id") as tickets:
        pairs = [
            _pair("a call by key, a rival's", lambda one: key.get(f"/v1/calls/{one}"), rival),
            _pair("a call by bearer, a rival's", lambda one: alice.get(f"/v1/calls/{one}"), rival),
            _pair("a call by bearer, another project's", lambda one: chloe.get(f"/v1/calls/{one}"), after),
            _pair(
                "a transcript by key, a rival's", lambda one: key.get(f"/v1/calls/{one}/transcript"), rival
            ),
            _pair(
                "a list narrowed to a rival's project",
                lambda one: alice.get(f"/v1/calls?project_id={one}"),
                NORTHSIDE_LINE,
            ),
            _pair(
                "a list narrowed to another project",
                lambda one: chloe.get(f"/v1/calls?project_id={one}"),
                AFTER_HOURS,
            ),
            _pair(
                "a change of a rival's call",
                lambda one: key.patch(f"/v1/calls/{one}", change, if_match="*"),
                rival,
            ),
            _pair(
                "a ticket by bearer, a rival's",
                lambda one: alice.get(f"/v1/tickets/{one}"),
                tickets["the rival's"],
            ),
            _pair("a call, by a role that may not", lambda one: world.ada.get(f"/v1/calls/{one}"), rival),
        ]
        await compare(report, pairs, budget.pairs)
    return report


async def run_portal(town: Town, budget: Budget) -> Report:
    """A part of a page, a page, JSON and a change."""
    report = Report("timing-portal")
    ask = await _asking(town, "alice")
    chloe = await _asking(town, "chloe")
    rival, after = town.calls["northside-1"], town.calls["after-1"]
    await own_record(town, "ticket_id")
    async with records_elsewhere(town, "ticket_id") as tickets:
        theirs = tickets["the rival's"]
        change = {"priority": "high", "expected_version": 1}
        pairs = [
            _pair("a call's preview, a rival's", lambda one: ask("GET", f"/api/calls/{one}/preview"), rival),
            _pair(
                "a call's preview, another project's",
                lambda one: chloe("GET", f"/api/calls/{one}/preview"),
                after,
            ),
            _pair("a call's page, a rival's", lambda one: ask("GET", f"/calls/{one}/review"), rival),
            _pair("a ticket's page, a rival's", lambda one: ask("GET", f"/support/{one}"), theirs),
            _pair(
                "a change of a rival's ticket",
                lambda one: ask("PATCH", f"/api/support/tickets/{one}", change),
                theirs,
            ),
            _pair(
                "a list narrowed to a rival's project",
                lambda one: ask("GET", f"/api/calls?project_id={one}"),
                NORTHSIDE_LINE,
            ),
        ]
        await compare(report, pairs, budget.pairs)
    return report


async def _asking(town: Town, name: str) -> Callable[..., Awaitable[Page]]:
    """Requests of somebody's browser, with the same cookies and token each time."""
    visitor = BY_NAME[name]
    papers = await papers_of(town, visitor)
    assert visitor.someone is not None
    browser = await town.of(visitor.someone)

    async def ask(method: str, path: str, body: Any = None) -> Page:
        headers = papers.headers(unsafe=method != "GET")
        more: dict[str, Any] = {"headers": headers} if body is None else {"headers": headers, "json": body}
        return await browser.ask(method, path, **more)

    return ask
