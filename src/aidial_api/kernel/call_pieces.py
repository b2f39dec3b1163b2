"""A period as the stored counts that make it up: whole days of UTC, hours, quarters, and the rest.

The one thing a newcomer would get wrong: stored days are days of UTC, so a day in Sydney is no row; it is
hours of two of them. What no row holds whole (the seconds around an odd moment) is counted from its calls.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

QUARTER, HOUR, DAY, CALLS = 15, 60, 1440, 0
"""How many minutes a stored row holds; `CALLS` stands for the calls themselves."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Piece:
    """A half-open part of a period, and the rows it is read from."""

    minutes: int
    since: datetime
    until: datetime


def cut(since: datetime, until: datetime, widths: Sequence[int]) -> Iterator[Piece]:
    """The pieces of a period: rows as wide as they fit, `widths` from wide to narrow."""
    if since >= until:
        return
    if not widths:
        yield Piece(CALLS, since, until)
        return
    first, last = _rounded(since, widths[0], up=True), _rounded(until, widths[0], up=False)
    if first >= last:
        yield from cut(since, until, widths[1:])
        return
    yield from cut(since, first, widths[1:])
    yield Piece(widths[0], first, last)
    yield from cut(last, until, widths[1:])


def widths_between(bounds: Iterable[datetime]) -> Sequence[int]:
    """The widths whose rows no bound cuts in two, from wide to narrow; none where a zone was that odd."""
    odd = {int((bound - _EPOCH).total_seconds()) % (DAY * 60) for bound in bounds}
    return [width for width in (DAY, HOUR, QUARTER) if not any(second % (width * 60) for second in odd)]


def cut_apart(since: datetime, until: datetime, bounds: Sequence[datetime]) -> Iterator[Piece]:
    """The pieces of a period cut at every bound too: for bars much wider than an hour."""
    for start, end in zip(bounds, [*bounds[1:], until], strict=True):
        yield from cut(max(start, since), min(end, until), (DAY, HOUR, QUARTER))


def _rounded(moment: datetime, minutes: int, *, up: bool) -> datetime:
    step = timedelta(minutes=minutes)
    over = (moment - _EPOCH) % step
    return moment if not over else moment - over + (step if up else timedelta())
