"""Fold what was said into plain lower-case text that recognisers can read, keeping every offset.

A newcomer's likely mistake: matching on the original. Fullwidth digits, unicode dashes and zero-width
characters would defeat it; match on `Doc.text` and translate back with `Doc.turn_ranges`.
"""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from functools import cached_property
from typing import TYPE_CHECKING

from .marks import MARK, Find

if TYPE_CHECKING:
    from collections.abc import Sequence

TURN = "\n"
BLANK = "\x01"  # stands for a mark that is already there; no pattern matches it
_GONE = "\x00"
_SPECIAL = {"İ": "i", "\u2212": "-", "\u2043": "-", "\u30fc": "-", "·": ".", "•": ".", "‧": "."}
_SPECIAL |= dict.fromkeys("‘’‛′`´", "'")  # noqa: RUF001 - the look-alikes are the point


def _folded(char: str) -> str:
    if char in _SPECIAL:
        return _SPECIAL[char]
    category = unicodedata.category(char)
    if char in "\t\n\v\f\r" or category[0] == "Z":
        return " "
    if category in {"Cf", "Cs", "Cc", "Mn", "Me"}:
        return _GONE
    if category == "Pd":
        return "-"
    digit = unicodedata.digit(char, -1)
    if digit >= 0:
        return str(digit)
    plain = unicodedata.normalize("NFKC", char)
    return plain if len(plain) == 1 else char


class _Table(dict[int, str]):
    """Filled on demand; characters that stay as they are are not remembered, so it stays small."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        folded = _folded(char)
        if folded != char:
            self[code] = folded
        return folded


_TABLE = _Table()


def _fold(text: str) -> tuple[str, list[int] | None]:
    """Fold one turn; the list gives the original place of each folded character when any was dropped."""
    if not (text.isascii() and text.isprintable()):
        text = text.translate(_TABLE)
    if "[" in text:
        text = MARK.sub(lambda mark: BLANK * len(mark[0]), text)
    if _GONE not in text:
        return text, None
    places = [at for at, char in enumerate(text) if char != _GONE]
    return text.replace(_GONE, ""), places


class Doc:
    """A conversation folded into one string, turns parted by a line feed."""

    def __init__(self, turns: Sequence[str]) -> None:
        folded = [_fold(turn) for turn in turns]
        self.cased = TURN.join(text for text, _ in folded)
        self.text = self.cased.lower()
        self._places = [places for _, places in folded]
        self._lengths = [len(text) for text, _ in folded]

    @cached_property
    def turn_starts(self) -> list[int]:
        """Where each turn starts in the text."""
        starts, at = [], 0
        for length in self._lengths:
            starts.append(at)
            at += length + 1
        return starts

    def turn_at(self, at: int) -> int:
        """Which turn a place of the text is in."""
        return bisect_right(self.turn_starts, at) - 1

    def turn_end(self, turn: int) -> int:
        """Where a turn ends in the text."""
        return self.turn_starts[turn] + self._lengths[turn]

    def turn_ranges(self, find: Find) -> list[tuple[int, Find]]:
        """Translate a finding to original offsets, one piece for each turn it has characters in."""
        pieces: list[tuple[int, Find]] = []
        for turn in range(self.turn_at(find.start), self.turn_at(find.end - 1) + 1):
            base = self.turn_starts[turn]
            start, end = max(find.start, base), min(find.end, self.turn_end(turn))
            piece = self.text[start:end]
            start += len(piece) - len(piece.lstrip(" ,.;"))
            end -= len(piece) - len(piece.rstrip(" ,;"))
            if start < end:
                pieces.append((turn, self._original(turn, start - base, end - base, find)))
        return pieces

    def _original(self, turn: int, start: int, end: int, find: Find) -> Find:
        places = self._places[turn]
        if places is None:
            return Find(start, end, find.kind)
        return Find(places[start], places[end - 1] + 1, find.kind)
