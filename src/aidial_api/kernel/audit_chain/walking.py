"""The walk along a chain: what is done for every event ever, and so has to be quick.

The one thing a newcomer would get wrong: a hash that does not fit says that the event or its seal was
changed, not that all after it were. The walk goes on from the hash that is stored.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

from aidial_api.kernel.audit_chain.chain import first_hash, moment_of
from aidial_api.kernel.audit_chain.findings import MOST_KEPT

if TYPE_CHECKING:
    from aidial_api.kernel.audit_chain.findings import Report

MOST_ASTRAY: Final = timedelta(minutes=5)
"""How much older than one sealed before it, or younger than its own seal, an event may say that it is."""
PROGRESS_EVERY: Final = 5_000
_CHANGED = "it, or its seal, is not what was sealed"
_sha256 = hashlib.sha256


@dataclass(frozen=True, slots=True)
class _Misfit:
    """A seal whose hash is not what its place and event come to. `before` is the hash ahead of it."""

    seq: int
    before: bytes
    place: bytes
    event_id: str
    held: bytes
    event: bytes


class Walk:
    """Give `take` each seal in order, then call `end`.

    `count` seals told of `events` that are there; `seq` and `before` are the last seal's number and hash;
    `hashes` has those of the numbers in `wanted`. `on_progress` is told the count now and then.
    """

    def __init__(self, report: Report, wanted: Collection[int], on_progress: Callable[[int], None]) -> None:
        self.count = self.seq = self.events = 0
        self.before = first_hash(report.chain)
        self.hashes: dict[int, bytes] = {}
        self._report, self._wanted, self._on_progress = report, frozenset(wanted), on_progress
        self._misfits: list[_Misfit] = []
        self._newest = bytes(8)
        self._would_be = b""

    def take(self, place: bytes, event_id: bytes, at: bytes, held: bytes, event: bytes | None) -> None:
        """One seal, as `reading.Take` has it."""
        seq = int.from_bytes(place[:8], "big")
        self.count += 1
        if seq != self.seq + 1:
            self._gap(seq)
        if event is None:
            self._report.found("deleted", seq, str(UUID(bytes=event_id)), "the event is gone")
        else:
            self.events += 1
            if _sha256(self.before + place + event).digest() != held:
                self._misfit(_Misfit(seq, self.before, place, str(UUID(bytes=event_id)), held, event))
            if at < self._newest or at > place[8:]:
                self._astray(seq, event_id, at, place[8:])
            else:
                self._newest = at
        self.seq, self.before = seq, held
        if seq in self._wanted:
            self.hashes[seq] = held
        if self.count % PROGRESS_EVERY == 0:
            self._on_progress(self.count)

    def end(self) -> None:
        """Say what is known of the seals that did not fit, once all were read."""
        for one in self._misfits:
            other = next((two for two in self._misfits if two is not one and _swapped(one, two)), None)
            if other is not None:
                words = f"it stands where event {other.event_id} stood (seal {other.seq})"
                self._report.found("swapped", one.seq, one.event_id, words)
            else:
                self._report.found("changed", one.seq, one.event_id, _CHANGED)
        self._on_progress(self.count)

    def _gap(self, seq: int) -> None:
        missing = self.seq + 1
        if seq < missing:
            self._report.found("inserted", seq, None, "this number has several seals")
            return
        which = f"seal {missing} is" if seq == missing + 1 else f"seals {missing} to {seq - 1} are"
        self._report.found("deleted", missing, None, f"{which} gone")
        self._would_be = b""

    def _misfit(self, one: _Misfit) -> None:
        # When it was the hash of the seal ahead that was changed, this one fits what that should have been.
        if self._would_be and _sha256(self._would_be + one.place + one.event).digest() == one.held:
            self._would_be = b""
            return
        self._would_be = _sha256(one.before + one.place + one.event).digest()
        if len(self._misfits) < MOST_KEPT:
            self._misfits.append(one)
        else:
            self._report.found("changed", one.seq, one.event_id, _CHANGED)

    def _astray(self, seq: int, event_id: bytes, at: bytes, sealed_at: bytes) -> None:
        """Look closer at an event that is older than one before it, or younger than its seal."""
        happened, sealed, newest = (
            moment_of(int.from_bytes(one, "big", signed=True)) for one in (at, sealed_at, self._newest)
        )
        says = f"it says it happened at {happened:%Y-%m-%d %H:%M:%S} UTC"
        if happened > sealed + MOST_ASTRAY:
            words = f"{says}, after it was sealed"
        elif happened < newest - MOST_ASTRAY:
            words = f"{says}, but was sealed after one of {newest:%Y-%m-%d %H:%M:%S}"
        else:
            self._newest = max(self._newest, at)
            return
        self._report.found("inserted", seq, str(UUID(bytes=event_id)), words)


def _swapped(one: _Misfit, two: _Misfit) -> bool:
    """Whether each stands in the other's place: by the event alone, or with its seal."""
    return _stood(one, two) or _stood(two, one)


def _stood(here: _Misfit, there: _Misfit) -> bool:
    return any(
        _sha256(here.before + here.place[:8] + place[8:] + there.event).digest() in {here.held, there.held}
        for place in (here.place, there.place)
    )
