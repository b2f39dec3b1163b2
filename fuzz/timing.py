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

from aidial_contract.ids import new_id
from fuzz.report import Budget, Report

PAIRS: Final = 4_000
"""How many pairs the bounds are meant for."""
BOUND: Final = 0.03
WARM_UP: Final = 40
DENIED: Final = 404
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
            _check(pair, await ask())
    for _ in range((count + 1) // 2):
        for name in ("missing", "denied", "denied", "missing"):
            started = time.perf_counter()
            status = await questions[name]()
            times[name].append(time.perf_counter() - started)
            _check(pair, status)
    missing, denied = times["missing"], times["denied"]
    return Measured(len(missing), auc_of(denied, missing), median(missing) * 1_000, median(denied) * 1_000)


def _check(pair: Pair, status: int) -> None:
    """Another answer than a denial (a limit's, say) would be timed for nothing."""
    assert status == DENIED, f"{pair.name}: {status}"


async def compare(report: Report, pairs: list[Pair], budget: Budget) -> None:
    """Every pair asked about; what stands out is measured once more before it is a finding."""
    count = budget.pairs
    for pair in pairs:
        if budget.about and not any(word in pair.name for word in budget.about):
            continue
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


def pair_of(name: str, ask: Callable[[str], Awaitable[Any]], denied: str, missing: str = "") -> Pair:
    """`ask` with an id (or name) nothing has, beside the one that may not be seen."""
    nothing = missing or new_id()

    async def status_of(one: str) -> int:
        answer: Any = await ask(one)
        return int(answer.status)

    return Pair(name, lambda: status_of(nothing), lambda: status_of(denied))
