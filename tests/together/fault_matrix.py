"""The fault matrix of `faults.toml`, read; and what an answer in it means.

The one thing a newcomer would get wrong: every case names what it expects of each class of route. A class
that a case leaves out has nothing to do with that dependency.
"""

from __future__ import annotations

import asyncio
import math
import tomllib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec

import msgspec
import pytest

MATRIX = Path(__file__).with_name("faults.toml")
TIMEOUT_MS = 400.0
MARGIN_S = 0.1
RECOVERED_S = 8.0
"""Until everything is well: before a failure on a busy machine, and after it."""
TRIES = 5
"""How often what was late is asked again: a busy machine may be in the way of some, never of all."""
AT_ONCE = frozenset({"refuse", "cut", "reset", "garbage", "latency"})
"""Failures that nobody waits for. There the time-out is long, so that a busy machine does not meet it."""
TRICKLE_TIMEOUT_MS = 250.0
"""Well below what the API's smallest answer to the portal takes: 399 bytes, its head counted, in 350 ms."""


def timeout_ms_for(failure: str) -> float:
    """The time-out to configure; the answer has to come within `TIMEOUT_MS` and the margin either way."""
    if failure == "trickle":
        return TRICKLE_TIMEOUT_MS
    return 25 * TIMEOUT_MS if failure in AT_ONCE else TIMEOUT_MS


Ask = Callable[[], Awaitable["Seen"]]
P = ParamSpec("P")
Record = Callable[[str, object], None]


class Case(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """One block: what each class of route answers under each of some failures."""

    app: str
    dependency: str
    name: str
    failures: tuple[str, ...]
    answers: dict[str, str]


class Matrix(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """The whole file."""

    failures: dict[str, str]
    classes: dict[str, dict[str, str]]
    cases: tuple[Case, ...]

    def of(self, app: str, dependency: str) -> list[tuple[str, Case]]:
        """Every failure of a dependency of an app, with the case that says what it means."""
        return [
            (failure, case)
            for case in self.cases
            if (case.app, case.dependency) == (app, dependency)
            for failure in case.failures
        ]


def matrix() -> Matrix:
    """The file as it is now."""
    return msgspec.convert(tomllib.loads(MATRIX.read_text(encoding="utf-8")), Matrix)


def parameters(pairs: list[tuple[str, Case]], quick: set[str]) -> list[Any]:
    """A parameter a failure; what is not quick is for test-all."""
    return [
        pytest.param(failure, case, id=failure, marks=() if failure in quick else pytest.mark.slow)
        for failure, case in pairs
    ]


@dataclass(frozen=True, slots=True)
class Seen:
    """What a class of route answered: its status, body, where it leads, and how long it took."""

    status: int
    body: bytes
    location: str
    seconds: float

    @property
    def json(self) -> Any:
        """The body, decoded."""
        return msgspec.json.decode(self.body)


def fits(seen: Seen, expected: str, good: int) -> bool:
    """Whether an answer is what the matrix says; `good` is the class's own success."""
    if expected == "ok":
        return seen.status == good and "error=" not in seen.location
    status, _, word = expected.partition(" ")
    if seen.status != int(status):
        return False
    if seen.location:
        return f"error={word}" in seen.location
    if seen.body.lstrip().lower().startswith(b"<!doctype"):
        return True  # a page says it in words, the same for every code of a status
    told = _words(seen.json)
    if word == "dependency_*":
        return bool(told & {"dependency_unavailable", "dependency_timeout"})
    return word in told


def _words(body: Any) -> set[str]:
    inner = body.get("error", body)
    found = inner if isinstance(inner, dict) else {"code": inner}
    aged = {"aged"} if found.get("is_current") is False else set()
    return {str(found.get(name)) for name in ("code", "state", "status")} | aged


def better_of_two(scenario: Callable[P, Awaitable[None]]) -> Callable[P, Awaitable[None]]:
    """Once more from the beginning when it failed: the machine may be busy once, the product never twice."""

    @wraps(scenario)
    async def tried(*args: P.args, **more: P.kwargs) -> None:
        try:
            await scenario(*args, **more)
        except (AssertionError, TimeoutError):
            await scenario(*args, **more)

    return tried


async def all_at_once(
    asks: Mapping[str, Ask], case: Case, longest_s: float, good: Mapping[str, int], record: Record
) -> None:
    """Ask every class of the case in one moment, before any circuit has opened; judge words and time.

    Health comes last and alone: it gives a dependency a time of its own, which the others' work would use up.
    """
    asked = {name: ask for name, ask in asks.items() if name in case.answers}
    crowd = [name for name in asked if name != "health"]
    seen = dict(zip(crowd, await asyncio.gather(*(asked[name]() for name in crowd)), strict=True))
    if "health" in asked:
        seen["health"] = await asked["health"]()
    wrong = {
        name: (case.answers[name], answer.status, answer.body[:200], answer.location)
        for name, answer in seen.items()
        if not fits(answer, case.answers[name], good.get(name, 200))
    }
    assert not wrong, wrong
    slowest = max(seen, key=lambda name: seen[name].seconds)
    record("measured", f"{case.name}: slowest {slowest} in {seen[slowest].seconds * 1_000:.0f} ms")
    late = [name for name, answer in seen.items() if answer.seconds > longest_s]
    # The machine may have been busy with all of them at once, or with something else: each again, alone.
    still = {name: best for name in late if (best := await _soonest(asked[name], longest_s)) > longest_s}
    assert not still, still


async def _soonest(ask: Ask, enough_s: float) -> float:
    """The least seconds of a few answers, one after another; no more of them than it takes."""
    best = math.inf
    for _ in range(TRIES):
        best = min(best, (await ask()).seconds)
        if best <= enough_s:
            break
    return best
