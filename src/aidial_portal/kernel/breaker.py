"""The circuit breaker before `/v1`: contract section 7.

By default it opens on 5 failures in a row or half of at least 10 outcomes in 10 s, stays open 5 s doubling to
60 s with jitter, then lets 3 probes through; all 3 must succeed. The one thing a newcomer would get wrong: an
answer is no failure because it is an error; only `upstream.py` decides what counts.
"""

from __future__ import annotations

import random
import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aidial_contract import errors, limits
from aidial_contract.fault import Fault

if TYPE_CHECKING:
    from collections.abc import Callable

    from aidial_contract.limits import Numbers


@dataclass(frozen=True, slots=True)
class Circuit:
    """The numbers of a circuit: failures in a row, outcomes, times in seconds, probes."""

    in_a_row: int = limits.CIRCUIT_IN_A_ROW
    outcomes: int = limits.CIRCUIT_OUTCOMES
    window_s: int = limits.CIRCUIT_WINDOW
    open_s: int = limits.CIRCUIT_OPEN
    longest_s: int = limits.CIRCUIT_LONGEST
    probes: int = limits.CIRCUIT_PROBES

    @classmethod
    def of(cls, numbers: Numbers) -> Circuit:
        """What is configured."""
        return cls(
            in_a_row=numbers.size(limits.CIRCUIT_IN_A_ROW),
            outcomes=numbers.size(limits.CIRCUIT_OUTCOMES),
            window_s=numbers.size(limits.CIRCUIT_WINDOW),
            open_s=numbers.size(limits.CIRCUIT_OPEN),
            longest_s=numbers.size(limits.CIRCUIT_LONGEST),
            probes=numbers.size(limits.CIRCUIT_PROBES),
        )


@dataclass(slots=True)
class Permit:
    """One call that was let through. Report it once; `probe` belongs to the half-open circuit's `round`."""

    probe: bool
    round: int


class Breaker:
    """Closed, open or probing. `clock` is monotonic seconds; `jitter` gives 0..1."""

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = random.random,
        circuit: Circuit | None = None,
    ) -> None:
        self._circuit = circuit or Circuit()
        self._clock = clock
        self._jitter = jitter
        self._outcomes: deque[tuple[float, bool]] = deque()
        self._failures = 0
        self._in_a_row = 0
        self._open_until: float | None = None
        self._open_s = float(self._circuit.open_s)
        self._round = 0
        self._probes_out = 0
        self._probes_good = 0

    @property
    def is_closed(self) -> bool:
        """Whether calls pass freely."""
        return self._open_until is None

    def enter(self) -> Permit:
        """Let a call through, or raise 503 `dependency_unavailable` with the time left."""
        if self._open_until is None:
            return Permit(probe=False, round=self._round)
        left_s = self._open_until - self._clock()
        if left_s > 0 or self._probes_out + self._probes_good >= self._circuit.probes:
            raise Fault(
                errors.DEPENDENCY_UNAVAILABLE,
                retry_after_ms=max(1_000, round(left_s * 1_000)),
                reason="circuit to the API is open",
            )
        self._probes_out += 1
        return Permit(probe=True, round=self._round)

    def succeeded(self, permit: Permit) -> None:
        """Report an answer."""
        if permit.round != self._round:
            return
        if permit.probe:
            self._probes_out -= 1
            self._probes_good += 1
            if self._probes_good >= self._circuit.probes:
                self._close()
            return
        self._in_a_row = 0
        self._note(failed=False)

    def failed(self, permit: Permit) -> None:
        """Report a call without a usable answer."""
        if permit.round != self._round:
            return
        if permit.probe:
            self._open_s = min(self._open_s * 2, self._circuit.longest_s)
            self._open()
            return
        self._in_a_row += 1
        self._note(failed=True)
        many = len(self._outcomes) >= self._circuit.outcomes and self._failures * 2 >= len(self._outcomes)
        if self._in_a_row >= self._circuit.in_a_row or many:
            self._open()

    def abandoned(self, permit: Permit) -> None:
        """Report a call nobody waited for: neither good nor bad, but a probe's place is free again."""
        if permit.probe and permit.round == self._round:
            self._probes_out -= 1

    def _note(self, *, failed: bool) -> None:
        now = self._clock()
        self._outcomes.append((now, failed))
        self._failures += failed
        while self._outcomes and self._outcomes[0][0] < now - self._circuit.window_s:
            self._failures -= self._outcomes.popleft()[1]

    def _open(self) -> None:
        self._reset()
        self._open_until = self._clock() + self._open_s * (1.0 + 0.1 * self._jitter())

    def _close(self) -> None:
        self._reset()
        self._open_until = None
        self._open_s = float(self._circuit.open_s)

    def _reset(self) -> None:
        self._round += 1
        self._outcomes.clear()
        self._failures = self._in_a_row = self._probes_out = self._probes_good = 0
