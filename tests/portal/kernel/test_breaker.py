"""When the portal stops asking an API in trouble, and when it asks again."""

from __future__ import annotations

import pytest

from aidial_contract.fault import Fault
from aidial_portal.kernel.breaker import Breaker


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> Breaker:
    return Breaker(clock, jitter=lambda: 0.0)


def _fail(breaker: Breaker, times: int = 1) -> None:
    for _ in range(times):
        breaker.failed(breaker.enter())


def test_five_failures_in_a_row_open_it(breaker: Breaker) -> None:
    _fail(breaker, 4)
    breaker.succeeded(breaker.enter())
    _fail(breaker, 4)
    assert breaker.is_closed
    _fail(breaker)
    with pytest.raises(Fault) as fault:
        breaker.enter()
    assert fault.value.retry_after_ms == 5_000


def test_half_of_ten_in_ten_seconds_open_it_and_older_ones_do_not_count(
    breaker: Breaker, clock: Clock
) -> None:
    for _ in range(4):
        _fail(breaker)
        breaker.succeeded(breaker.enter())
    clock.now += 11
    _fail(breaker)
    breaker.succeeded(breaker.enter())
    assert breaker.is_closed
    for _ in range(4):
        breaker.succeeded(breaker.enter())
        if breaker.is_closed:
            _fail(breaker)
    assert not breaker.is_closed


def test_three_probes_close_it_and_one_failed_probe_doubles_the_wait(breaker: Breaker, clock: Clock) -> None:
    _fail(breaker, 5)
    clock.now += 5
    probes = [breaker.enter() for _ in range(3)]
    with pytest.raises(Fault):
        breaker.enter()
    breaker.succeeded(probes[0])
    breaker.failed(probes[1])
    breaker.succeeded(probes[2])
    with pytest.raises(Fault) as fault:
        breaker.enter()
    assert fault.value.retry_after_ms == 10_000
    clock.now += 10
    for probe in [breaker.enter() for _ in range(3)]:
        breaker.succeeded(probe)
    assert breaker.is_closed


def test_the_wait_never_passes_a_minute(breaker: Breaker, clock: Clock) -> None:
    _fail(breaker, 5)
    for _ in range(8):
        clock.now += 60
        _fail(breaker)
    with pytest.raises(Fault) as fault:
        breaker.enter()
    assert fault.value.retry_after_ms == 60_000


def test_a_probe_nobody_waited_for_frees_its_place(breaker: Breaker, clock: Clock) -> None:
    _fail(breaker, 5)
    clock.now += 5
    for probe in [breaker.enter() for _ in range(3)]:
        breaker.abandoned(probe)
    assert breaker.enter().probe
