"""How many calls lists hold, and how long that is taken to be so: the memory of one process.

The one thing a newcomer would get wrong: only what may be a moment old is remembered. That a list is longer
than is counted stays so, for calls seldom become fewer; a list of a few calls is counted each time.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from time import monotonic
from typing import TypeVar

from aidial_contract.shapes.common import Matching

T = TypeVar("T")
Key = tuple[str, ...]
"""What a list is: its tenants, and what binds its cursors (projects, filters, period)."""

COUNT_CAP = 10_000
LONG_FOR_S = 30.0
"""How long a list that was longer than the cap is taken to be so."""
LONG_AT_MOST_S = 600.0
"""How long it is still answered so while it is counted again, for the next who asks."""
COUNTED_FOR_S = 2.0
"""How long the exact number of a list of at least `MANY` is not asked again: well within the five seconds in
which an open list shows a new call."""
MANY = 2_000
SHORT_FOR_S = 60.0
"""How long a list that fitted on its first page is not counted beside it: one that grew is, after it."""
REMEMBERED = 10_000


@dataclass(slots=True)
class _Length:
    """A number, until when it is taken to be so, and until when it is better than waiting for another."""

    matching: Matching
    fresh_until: float
    known_until: float


_lengths: dict[Key, _Length] = {}
_short: dict[Key, float] = {}


def known(key: Key) -> tuple[Matching | None, bool]:
    """What is remembered of a list, and whether it should be counted again for the next who asks."""
    length, now = _lengths.get(key), monotonic()
    if length is None or length.known_until <= now:
        return None, False
    if length.fresh_until > now:
        return length.matching, False
    length.fresh_until = now + COUNTED_FOR_S  # one counts, not everybody who asks meanwhile
    return length.matching, True


def is_short(key: Key, limit: int) -> bool:
    """Whether a list fitted on its first page of `limit` calls a moment ago."""
    return _short.get((*key, str(limit)), 0.0) > monotonic()


def fitted(key: Key, limit: int) -> None:
    """Remember that a list fits on its first page, and no longer what was known of it."""
    _lengths.pop(key, None)
    _keep(_short, (*key, str(limit)), monotonic() + SHORT_FOR_S)


def learnt(key: Key, counted: int | None, *, has_words: bool = False) -> Matching:
    """What was counted, up to one more than the cap; None when it took too long."""
    if counted is None and not has_words:
        # Nobody knows how long it is: perhaps the database was busy, so it is asked again the next time.
        return Matching(count=COUNT_CAP, capped=True)
    now = monotonic()
    # Words that take too long to count are common ones, and giving up takes longer than the page itself.
    if counted is None or counted > COUNT_CAP:
        matching = Matching(count=COUNT_CAP, capped=True)
        at_most_s = LONG_FOR_S if has_words else LONG_AT_MOST_S
        _keep(_lengths, key, _Length(matching, now + LONG_FOR_S, now + at_most_s))
        return matching
    matching = Matching(count=counted, capped=False)
    if counted >= MANY:
        _keep(_lengths, key, _Length(matching, now + COUNTED_FOR_S, now + COUNTED_FOR_S))
    else:
        _lengths.pop(key, None)
    return matching


def learn_from(key: Key, counting: asyncio.Task[int | None]) -> None:
    """Remember what is counted for the next who asks, once it is."""

    def learn(ended: asyncio.Task[int | None]) -> None:
        if not ended.cancelled() and ended.exception() is None and ended.result() is not None:
            learnt(key, ended.result())

    counting.add_done_callback(learn)


def _keep(memory: dict[Key, T], key: Key, what: T) -> None:
    if len(memory) >= REMEMBERED:
        memory.clear()
    memory[key] = what
