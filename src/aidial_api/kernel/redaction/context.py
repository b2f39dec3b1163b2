"""What the words around a number say it is.

A newcomer's likely mistake: taking any word in sight. Only the nearest word before the number decides
(within two turns), or the nearest after it in the same sentence when nothing stands before.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

from .vocabulary import WORDS, label_of

if TYPE_CHECKING:
    from .fold import Doc

_MEANS = {"near": "neg", "ending": "neg"}
BACK_TURNS = 2
BEHIND = 40
NEAR = 12
MOST_SKIPPED = 8


class Word(NamedTuple):
    """A word that says what a number is."""

    start: int
    end: int
    label: str


_IS = re.compile(r"(?<![a-z])(?:is|was|as)(?![a-z])|'s ")
_SHORT = ("near", "code", "place", "few")  # said right before the number, or about something else
_ASKED_TURNS = 6
_DOCUMENTS = ("passport", "licence", "medicare", "tfn", "abn", "acn")
_SAID = re.compile(r"[\d\x01]")  # it was answered
_QUANTITY = re.compile(r"how (?:many|much|far|long)|what time|total|amount|income|budget|kilomet|odometer|\$")
_start = attrgetter("start")
_end = attrgetter("end")


class Context:
    """Every such word of a document, found turn by turn and on demand."""

    def __init__(self, doc: Doc) -> None:
        self._doc = doc
        self._words: dict[int, list[Word]] = {}
        self._labels: dict[int, set[str]] = {}
        self._said: dict[tuple[int, int, tuple[str, ...]], str] = {}
        self.references: set[str] = set()  # digits named an order's or a job's so far

    def words(self, turn: int) -> list[Word]:
        """Words of one turn in order of place."""
        known = self._words.get(turn)
        if known is None:
            doc = self._doc
            found = WORDS.finditer(doc.text, doc.turn_starts[turn], doc.turn_end(turn))
            known = self._words[turn] = [Word(one.start(), one.end(), label_of(one)) for one in found]
        return known

    def within(self, start: int, end: int) -> set[str]:
        """The labels of the words between two places of a turn."""
        words = self.words(self._doc.turn_at(start))
        first, last = bisect_left(words, start, key=_start), bisect_right(words, end, key=_end)
        return {word.label for word in words[first:last]}

    def before(self, at: int, *, skip: tuple[str, ...] = ()) -> Word | None:
        """Find the nearest word before a place, at most two turns back."""
        here = self._doc.turn_at(at)
        for turn in range(here, max(-1, here - BACK_TURNS - 1), -1):
            words = self.words(turn)
            index = bisect_right(words, at, key=_end) if turn == here else len(words)
            for word in reversed(words[max(0, index - MOST_SKIPPED) : index]):
                if word.label not in skip and (word.label not in _SHORT or at - word.end <= NEAR):
                    return word
        return None

    def after(self, at: int) -> Word | None:
        """Find the nearest word after a place, in the same sentence and close by."""
        words = self.words(self._doc.turn_at(at))
        index = bisect_left(words, at, key=_start)
        while index < len(words) and words[index].label in _SHORT and words[index].start - at <= BEHIND:
            index += 1
        if index == len(words) or words[index].start - at > BEHIND:
            return None
        between = self._doc.text[at : words[index].start]
        if any(mark in between for mark in ".?!"):
            return None
        # "5789 23299 2, reference two" says what follows, "78812 is my reference" what was.
        return None if words[index].label == "neg" and not _IS.search(between) else words[index]

    def label(self, start: int, end: int, *, skip: tuple[str, ...] = ()) -> str:
        """Say what the words around `[start, end)` call it; "" when they say nothing."""
        asked = (start, end, skip)
        known = self._said.get(asked)
        if known is None:
            known = self._said[asked] = self._label(start, end, skip)
        return known

    def _label(self, start: int, end: int, skip: tuple[str, ...]) -> str:
        word = self.before(start, skip=(*skip, "place", "code", "few"))
        if word is not None:
            return _MEANS.get(word.label, word.label)
        word = self.after(end)
        if word is not None and word.label not in {*skip, *_SHORT}:
            return word.label
        return "phone" if self.is_near(start, "place") else ""

    def asked(self, at: int) -> str:
        """The document asked for some turns ago, when nothing but talk lies between."""
        here = self._doc.turn_at(at)
        for turn in range(here, max(-1, here - _ASKED_TURNS - 1), -1):
            words = self.words(turn)
            for word in reversed(words[: bisect_left(words, at, key=_start)][-MOST_SKIPPED:]):
                if word.label not in {"number", *_SHORT}:
                    return word.label if word.label in _DOCUMENTS else ""
            text = self._doc.text[self._doc.turn_starts[turn] : min(at, self._doc.turn_end(turn))]
            if _SAID.search(text) or _QUANTITY.search(text):
                return ""
        return ""

    def is_near(self, at: int, label: str) -> bool:
        """Whether a word of this label stands right before a place."""
        words = self.words(self._doc.turn_at(at))
        last = bisect_right(words, at, key=_end)
        first = bisect_left(words, at - NEAR, key=_end)
        return any(word.label == label for word in words[first:last])

    def labels(self, turn: int) -> set[str]:
        """The labels of a turn's words."""
        known = self._labels.get(turn)
        if known is None:
            known = self._labels[turn] = {word.label for word in self.words(turn)}
        return known
