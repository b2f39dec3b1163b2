"""What a look at a chain found."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal

Kind = Literal["changed", "deleted", "swapped", "inserted", "truncated", "rewritten", "unbelieved"]
MOST_KEPT: Final = 100
"""So many findings of a chain are told of one by one; all are counted."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it was sealed. `seq` 0: the event has no place in the chain."""

    kind: Kind
    seq: int
    event_id: str | None
    words: str


@dataclass(slots=True)
class Report:
    """What was found of a chain.

    `waiting` events have no seal yet, `waiting_late` of them for too long. Checkpoints vouch for the seals up
    to `vouched_for`; `checkpoints` is how many were believed.
    """

    chain: str
    sealed: int = 0
    waiting: int = 0
    waiting_late: int = 0
    checkpoints: int = 0
    vouched_for: int = 0
    bad: int = 0
    findings: list[Finding] = field(default_factory=list)

    @property
    def first(self) -> Finding | None:
        """The first bad event: by its place in the chain, what has no place last."""
        return min(self.findings, key=lambda one: (one.seq == 0, one.seq), default=None)

    def found(self, kind: Kind, seq: int, event_id: str | None, words: str) -> None:
        """Note something bad."""
        self.bad += 1
        if len(self.findings) < MOST_KEPT:
            self.findings.append(Finding(kind, seq, event_id, words))
