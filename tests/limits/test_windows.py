"""Windows are exact: in memory and in the shared store they do what the plain definition says."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from aidial_contract.limits import Rate
from aidial_limits import SharedWindows, Taken, Wanted, Windows
from aidial_limits.windows import SWEEP_EVERY_S
from tests.support.store import Store

BURST, MINUTE = Rate("burst", 3, 6, ""), Rate("minute", 5, 60, "")
STEP_S = 1.0
PATIENT_MS = 10_000


@dataclass
class Clock:
    """Time that a test turns: seconds."""

    now: float = 1_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Plain:
    """The definition: a request passes when fewer than `amount` passed in the `seconds` before, in each."""

    passed: dict[tuple[str, str], list[float]] = field(default_factory=dict)

    def take(self, wanted: Wanted, now: float) -> tuple[bool, list[int], float]:
        """Whether it passes, what is left in each window, and how long to wait."""
        held = [
            [moment for moment in self.passed.get((rate.name, whose), []) if moment > now - rate.seconds]
            for rate, whose in wanted
        ]
        waits = [
            moments[-rate.amount] + rate.seconds - now if len(moments) >= rate.amount else 0.0
            for (rate, _), moments in zip(wanted, held, strict=True)
        ]
        passes = max(waits) == 0
        for (rate, whose), moments in zip(wanted, held, strict=True):
            if passes:
                self.passed.setdefault((rate.name, whose), []).append(now)
                moments.append(now)
        return (
            passes,
            [rate.amount - len(one) for (rate, _), one in zip(wanted, held, strict=True)],
            max(waits),
        )


async def opened(store: Store, clock: Clock | None = None) -> SharedWindows:
    """Windows in the store, by its own clock or by a test's."""
    shared = SharedWindows(store.url, timeout_ms=PATIENT_MS)
    if clock is not None:
        shared.clock = lambda: int(clock.now * 1_000_000)
    assert await shared.open()
    return shared


def told(taken: Taken) -> tuple[bool, list[int], float]:
    return taken.full is None, [one.left for one in taken.standings], round(taken.wait_s, 3)


STEPS = some.lists(
    some.tuples(
        some.sampled_from([0.0, 0.5, 1.0, 2.0, 5.5, 6.0, 30.0, 60.0]), some.sampled_from(["alice", "ben"])
    ),
    max_size=60,
)


@given(STEPS)
def test_memory_counts_as_the_definition_says(steps: list[tuple[float, str]]) -> None:
    clock, plain = Clock(), Plain()
    windows = Windows(clock)
    for pause_s, whose in steps:
        clock.now += pause_s
        wanted = ((MINUTE, whose), (BURST, whose), (BURST, "everybody"))
        assert told(windows.take(wanted)) == plain.take(wanted, clock.now)


async def _shared(store: Store, steps: list[tuple[float, str]]) -> None:
    store.empty()
    clock, plain = Clock(), Plain()
    windows = await opened(store, clock)
    try:
        for pause_s, whose in steps:
            clock.now += pause_s
            wanted = ((MINUTE, whose), (BURST, whose), (BURST, "everybody"))
            assert told(await windows.take(wanted)) == plain.take(wanted, clock.now)
    finally:
        windows.close()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
async def test_the_shared_store_counts_as_the_definition_says(
    store: Store, steps: list[tuple[float, str]]
) -> None:
    await _shared(store, steps)


async def test_sixty_in_any_six_seconds_means_any(store: Store) -> None:
    """Sixty at the end of one six seconds and sixty at the beginning of the next are a hundred and twenty."""
    rate, clock = Rate("any_six", 60, 6, ""), Clock()
    shared = await opened(store, clock)
    memory = Windows(clock)
    for take in (memory.take, shared.take):
        clock.now = 1_000.0
        passed: list[float] = []
        for _ in range(240):
            taken = take([(rate, "one key")])
            if (taken if isinstance(taken, Taken) else await taken).full is None:
                passed.append(clock.now)
            clock.now += 0.05
        for moment in passed:
            assert sum(moment <= other < moment + 6 for other in passed) <= 60
        assert len(passed) == 120  # twelve seconds
    shared.close()


async def test_a_large_crowd_that_leaves_at_once_is_counted_right_at_every_moment(store: Store) -> None:
    """The script forgets a few hundred at a request: what it has not forgotten yet must not count."""
    rate, clock = Rate("crowd", 1_200, 6, ""), Clock()
    shared = await opened(store, clock)
    for _ in range(1_200):
        assert (await shared.take([(rate, "one key")])).full is None
    assert (await shared.take([(rate, "one key")])).full == rate
    clock.now += 6
    for number in range(1, 1_201):
        taken = await shared.take([(rate, "one key")])
        assert taken.full is None, number
    assert (await shared.take([(rate, "one key")])).full == rate
    shared.close()


def test_what_is_refused_by_one_window_is_counted_in_none() -> None:
    windows = Windows(Clock())
    for _ in range(10):
        windows.take([(MINUTE, "alice"), (BURST, "alice")])
    (standing,) = windows.take([(MINUTE, "alice")], count=False).standings
    assert standing.left == 2  # five, less the three that passed


def test_looking_counts_nothing() -> None:
    windows = Windows(Clock())
    for _ in range(10):
        assert windows.take([(BURST, "alice")], count=False).full is None
    assert [windows.take([(BURST, "alice")]).full for _ in range(4)] == [None, None, None, BURST]


def test_a_window_that_was_made_smaller_still_tells_the_right_wait() -> None:
    clock = Clock()
    windows = Windows(clock)
    for _ in range(3):
        windows.take([(BURST, "alice")])
        clock.now += STEP_S
    smaller = Rate("burst", 1, 6, "")
    assert windows.take([(smaller, "alice")]).wait_s == 5.0  # until the newest of the three leaves


def test_memory_forgets_windows_that_are_over_and_keeps_the_others() -> None:
    clock = Clock()
    windows = Windows(clock)
    for number in range(1_000):
        windows.take([(BURST, str(number))])
    windows.take([(MINUTE, "alice")])
    clock.now += SWEEP_EVERY_S + STEP_S
    for _ in range(600):
        windows.take([(MINUTE, "ben")])
    assert windows.holds(MINUTE, "alice")
    assert len(windows) == 2


async def test_the_store_holds_nobodys_address_and_forgets_by_itself(store: Store) -> None:
    store.empty()
    shared = await opened(store)
    await shared.take([(BURST, "203.0.113.9"), (MINUTE, "alice@harbour-dental.example")])
    assert len(store.names()) == 2
    assert not [key for key in store.names() if "203" in key or "alice" in key]
    assert all(0 < life_ms <= 61_000 for life_ms in store.lives_ms())
    shared.close()


@pytest.mark.parametrize("amount", [1, 7])
async def test_at_once_exactly_the_amount_passes(store: Store, amount: int) -> None:
    store.empty()
    rate = Rate("at_once", amount, 60, "")
    processes = [await opened(store) for _ in range(4)]
    taken = await asyncio.gather(*(one.take([(rate, "key")]) for one in processes * 12))
    assert sum(one.full is None for one in taken) == amount
    for one in processes:
        one.close()
