"""What a redaction yields: kinds, marks in the text, counts.

A newcomer's likely mistake: a Span's offsets point into the redacted text (at the `[KIND]` mark),
never into what was said.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class Kind(StrEnum):
    """What was said, by kind; the value is the word inside the mark."""

    PHONE = "PHONE"
    EMAIL = "EMAIL"
    MEDICARE = "MEDICARE"
    TFN = "TFN"
    ABN = "ABN"
    ACN = "ACN"
    CARD = "CARD"
    CVV = "CVV"
    DATE_OF_BIRTH = "DATE_OF_BIRTH"
    ADDRESS = "ADDRESS"
    PASSPORT = "PASSPORT"
    LICENCE = "LICENCE"


MARK = re.compile(r"\[(" + "|".join(Kind) + r")\]")


class RedactionFailed(Exception):  # noqa: N818 - it is an outcome of a call, named like the state
    """It took more work than the cap, or broke: nothing of the text may be shown."""


@dataclass(frozen=True, slots=True)
class Span:
    """A mark: kind and offsets in characters of the redacted text, `[start, end)`."""

    kind: Kind
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Redacted:
    """Redacted text and every mark in it, in order."""

    text: str
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class RedactedTurns:
    """A conversation: the redacted turns, and what may be kept encrypted, turn by turn."""

    turns: tuple[Redacted, ...]
    vault: tuple[str, ...]

    def counts(self) -> dict[Kind, int]:
        """Marks per kind over the conversation."""
        return counts(*self.turns)


@dataclass(frozen=True, slots=True, order=True)
class Find:
    """A recogniser's finding: `[start, end)` in the text it was given."""

    start: int
    end: int
    kind: Kind


def counts(*redacted: Redacted) -> dict[Kind, int]:
    """Count the marks per kind; kinds without a mark are left out."""
    return dict(Counter(span.kind for one in redacted for span in one.spans))


def spans_of(text: str) -> tuple[Span, ...]:
    """Every mark in a text, in order."""
    if "[" not in text:
        return ()
    return tuple(Span(Kind(found[1]), found.start(), found.end()) for found in MARK.finditer(text))


def merge(finds: Iterable[Find]) -> list[Find]:
    """Resolve overlaps: sorted by place, none overlapping.

    Overlapping findings become one over their union, so nothing of either survives; the most specific
    kind names it.
    """
    merged: list[Find] = []
    for find in sorted(finds):
        if not merged or merged[-1].end <= find.start:
            merged.append(find)
            continue
        last = merged[-1]
        kind = min(last.kind, find.kind, key=PRECEDENCE.__getitem__)
        merged[-1] = Find(last.start, max(last.end, find.end), kind)
    return merged


PRECEDENCE = {
    kind: rank
    for rank, kind in enumerate(
        (
            Kind.CVV,
            Kind.CARD,
            Kind.MEDICARE,
            Kind.ABN,
            Kind.TFN,
            Kind.ACN,
            Kind.DATE_OF_BIRTH,
            Kind.PASSPORT,
            Kind.LICENCE,
            Kind.EMAIL,
            Kind.ADDRESS,
            Kind.PHONE,
        )
    )
}


def apply(text: str, finds: Sequence[Find]) -> str:
    """Put the mark of each finding in place of what it covers; `finds` sorted, not overlapping."""
    if not finds:
        return text
    parts: list[str] = []
    at = 0
    for find in finds:
        parts += (text[at : find.start], f"[{find.kind}]")
        at = find.end
    parts.append(text[at:])
    return "".join(parts)
