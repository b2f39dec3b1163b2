"""Card verification codes: three or four digits that are called so, or come where one is due.

A newcomer's likely mistake: asking for the word. "4242 4242 4242 4242" - "expiry?" - "04 28" - "and?" -
"314" never says it. Everything else may be kept encrypted; these may be kept nowhere, so when in doubt cover.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .context import Context
    from .digits import Digits
    from .fold import Doc

LENGTHS = (3, 4)
_EXPIRY = re.compile(r"(?:0?[1-9]|1[0-2])(?:20)?[2-4]\d")
_YEAR = re.compile(r"(?:20)?[2-4]\d")
_MONTH = re.compile(r"(?:jan|feb|mar|apr|may|june?|july?|aug|sept?|oct|nov|dec)[a-z]*,? \Z")
_MONTH_LONG = 12
_FEW_WORDS = 3
_CARD_TURNS = 5
_ASKED_TURNS = 6
_OTHER_WORDS = ("card", "number")


class Codes:
    """Remembers, going through a document in order, the last card and the codes said so far."""

    def __init__(self, doc: Doc, context: Context) -> None:
        self._doc = doc
        self._context = context
        self._card_turn = -_CARD_TURNS - 1
        self._said_turn = -1
        self._said: set[str] = set()

    def card_said(self, turn: int) -> None:
        """Note that a payment card was said in a turn."""
        self._card_turn = turn

    def code_said(self, code: str, turn: int) -> None:
        """Note a code; the same digits near the card are the code again."""
        self._said.add(code)
        self._said_turn = turn

    def end(self, digits: Digits, start: int, taken: int, *, behind_card: bool) -> int:
        """Where a code that begins at `start` ends, or 0. `behind_card`: a card stands right before."""
        turn = self._doc.turn_at(digits.atoms[digits.at[start]].start)
        after_card = turn - self._card_turn <= _CARD_TURNS
        for length in LENGTHS:
            end = start + length
            if end not in digits.at:
                continue
            if after_card and _ends_with_it(digits, taken, start, end):
                return end
            if (
                behind_card
                and start == 0
                and digits.is_alone(start, end, taken)
                and not _is_expiry(digits, start, end)
            ):
                return end
            by_itself = digits.is_alone(start, end, taken) or digits.groups(start, end) == (length,)
            if by_itself and (
                self._is_called(digits, start, end)
                or (after_card and self._is_due(digits, start, end))
                or (self._is_awaited(turn) and self._is_whole_turn(digits, start, end))
            ):
                return end
        return 0

    def _is_called(self, digits: Digits, start: int, end: int) -> bool:
        return "cvv" in {digits.label(start, end), digits.label(start, end, skip=_OTHER_WORDS)}

    def _is_due(self, digits: Digits, start: int, end: int) -> bool:
        """Whether, a card having been said, this is its code: by name, said again, or a turn of its own."""
        return (
            digits.text[start:end] in self._said
            or self._context.is_near(digits.span(start, end)[0], "code")
            or self._is_whole_turn(digits, start, end)
        )

    def _is_awaited(self, turn: int) -> bool:
        """Whether somebody asked for it some turns ago and got no answer yet."""
        asked = range(max(self._said_turn, turn - _ASKED_TURNS, 0), turn)
        return any(self._context.has(one, "cvv") for one in asked)

    def _is_whole_turn(self, digits: Digits, start: int, end: int) -> bool:
        first, last = digits.span(start, end)
        turn = self._doc.turn_at(first)
        before = self._doc.text[self._doc.turn_starts[turn] : first]
        behind = self._doc.text[last : self._doc.turn_end(turn)]
        if _is_expiry(digits, start, end):
            return False
        return len(before.split()) + len(behind.split()) <= _FEW_WORDS and not re.search(
            r"\d", before + behind
        )


def _is_expiry(digits: Digits, start: int, end: int) -> bool:
    return end - start == LENGTHS[1] and (
        bool(_EXPIRY.fullmatch(digits.text, start, end)) or _is_year_of_month(digits, start, end)
    )


def _is_year_of_month(digits: Digits, start: int, end: int) -> bool:
    before = digits.span(start, end)[0]
    return bool(
        _YEAR.fullmatch(digits.text, start, end)
        and _MONTH.search(digits.doc.text, max(0, before - _MONTH_LONG), before)
    )


def _ends_with_it(digits: Digits, taken: int, start: int, end: int) -> bool:
    """Whether `[start, end)` ends the run behind an expiry date: "04 28 314", "November 28, 314"."""
    if end != len(digits.text) or start <= taken:
        return False
    return bool(_EXPIRY.fullmatch(digits.text, taken, start)) or _is_year_of_month(digits, taken, start)
