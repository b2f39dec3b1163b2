"""What a run did and found, and how much it may do.

The one thing a newcomer would get wrong: a finding is kept once for each kind, with its first example. The
run goes on after it, and one mistake does not hide the next.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Budget:
    """How long a run may take, its seed, and how much it does; 0 s is one round.

    `cases`: the fewest requests of the contract's run, however long they take. `pairs` of answers are timed
    of each route; with `about`, of those routes alone whose names have one of its words.
    """

    seconds: float = 0.0
    seed: int = 0
    pairs: int = 4_000
    cases: int = 0
    about: tuple[str, ...] = ()

    def rounds(self) -> Iterator[int]:
        """Numbers of rounds from 0, at least one, until the time is over."""
        until = time.monotonic() + self.seconds
        number = 0
        yield number
        while time.monotonic() < until:
            number += 1
            yield number


@dataclass(slots=True)
class Report:
    """One run's account: `findings` by what was wrong, `notes` are lines to print."""

    name: str
    cases: int = 0
    seconds: float = 0.0
    findings: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def found(self, what: str, example: str) -> None:
        """Keep the first example of each kind of finding."""
        self.findings.setdefault(what, example)
