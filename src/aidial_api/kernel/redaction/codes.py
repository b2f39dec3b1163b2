"""Card verification codes: three or four digits that are called so, or come where one is due.

A newcomer's likely mistake: asking for the word. "4242 4242 4242 4242" - "expiry?" - "04 28" - "and?" -
"314" never says it. Everything else may be kept encrypted; these may be kept nowhere, so when in doubt cover.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .atoms import ONES, TEENS, TENS, TIMES
from .vocabulary import CORRECTED

if TYPE_CHECKING:
    from .context import Context
    from .digits import Digits
    from .fold import Doc

LENGTHS = (3, 4)
_EXPIRY = re.compile(r"(?:0?[1-9]|1[0-2])(?:20)?[2-4]\d")
_EXPIRY_AND_CODE = re.compile(r"(?:0[1-9]|1[0-2])(?:20)?[2-4]\d\d{3,4}")
_YEAR = re.compile(r"(?:20)?[2-4]\d")
_MONTH = re.compile(r"(?:jan|feb|mar|apr|may|june?|july?|aug|sept?|oct|nov|dec)[a-z]*,?(?: of| in)? \Z")
_NAMES_IT = re.compile(
    r"[ .,!?]{0,3}\n?(?:(?:yep|yes|ok|okay|so|sorry|and)[, ]{1,2}){0,2}"
    r"(?:that's|that is|is that|that was|that'd be|is) (?:the|your|my|his|her) "
)
_NAMED_WITHIN = 12
_MONTH_LONG = 15
_FEW_WORDS = 3
_CARD_TURNS = 5
_ASKED_TURNS = 6
_OTHER_WORDS = ("card", "number")

_FIGURES = re.compile(r"\D*(?:\d\D*){1,4}")
_SPOKEN = re.compile(
    rf"[^\w]*(?:(?:{'|'.join((*ONES, *TEENS, *TENS, *TIMES, 'hundred', 'and'))})(?:[\W_]+|\Z)){{1,6}}"
)
_LETTER = re.compile(r"[^\W\d_]")


def is_short_number(text: str, *, at_least: int = 1) -> bool:
    """Whether a text is a number of up to four digits and nothing else, in figures or in words."""
    if _LETTER.search(text):
        return bool(_SPOKEN.fullmatch(text.lower()))
    return bool(_FIGURES.fullmatch(text)) and sum(map(str.isdigit, text)) >= at_least


class Codes:
    """Remembers, going through a document in order, the last card and the codes said so far."""

    def __init__(self, doc: Doc, context: Context) -> None:
        self._doc = doc
        self._context = context
        self._card_turn = -_CARD_TURNS - 1
        self._said_turn = -1
        self._card_end: tuple[Digits | None, int] = (None, 0)
        self._said: set[str] = set()

    def card_said(self, turn: int, digits: Digits | None = None, end: int = 0) -> None:
        """Note that a payment card was said in a turn, and ends inside these digits."""
        self._card_turn = turn
        self._card_end = (digits, end)

    def code_said(self, code: str, turn: int) -> None:
        """Note a code; the same digits near the card are the code again."""
        self._said.add(code)
        self._said_turn = turn

    def end(self, digits: Digits, start: int, taken: int, *, behind_card: bool) -> int:
        """Where a code that begins at `start` ends, or 0. `behind_card`: a card stands right before."""
        turn = self._doc.turn_at(digits.atoms[digits.at[start]].start)
        after_card = turn - self._card_turn <= _CARD_TURNS
        behind_card = (behind_card and start == 0) or self._card_end == (digits, start)
        if after_card and self._is_glued(digits, start):
            return len(digits.text)
        for length in LENGTHS:
            end = start + length
            if end not in digits.at:
                continue
            if after_card and start == taken > 0 and _is_put_right(digits, start):
                return end
            if after_card and _ends_with_it(digits, taken, start, end):
                return end
            if (
                behind_card
                and (
                    digits.is_alone(start, end, taken)
                    or (digits.groups(start, end) == (length,) and _EXPIRY.fullmatch(digits.text, end))
                )
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

    def _is_glued(self, digits: Digits, start: int) -> bool:
        """Whether all that is left is a date of expiry and a code in one: "0927482"."""
        end = len(digits.text)
        return (
            len(digits.groups(start, end)) == 1
            and bool(_EXPIRY_AND_CODE.fullmatch(digits.text, start))
            and digits.label(start, end) != "neg"
        )

    def _is_called(self, digits: Digits, start: int, end: int) -> bool:
        if _is_expiry(digits, start, end) and len(digits.text) - end in LENGTHS:
            return False
        if self._is_named_next(digits.span(start, end)[1]):
            return True
        return "cvv" in {digits.label(start, end), digits.label(start, end, skip=_OTHER_WORDS)}

    def _is_named_next(self, at: int) -> bool:
        """Whether what follows says so: "482. That's my CVV", "482" - "is that the CVV?"."""
        found = _NAMES_IT.match(self._doc.text, at)
        if not found:
            return False
        turn = self._doc.turn_at(found.end() - 1)
        return any(
            word.label == "cvv" and found.end() <= word.start <= found.end() + _NAMED_WITHIN
            for word in self._context.words(turn)
        )

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


def _is_put_right(digits: Digits, start: int) -> bool:
    """Whether somebody corrects the code: "482, no sorry, 483"."""
    index = digits.at[start]
    return bool(CORRECTED.search(digits.doc.text, digits.atoms[index - 1].end, digits.atoms[index].start))


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
    if start <= taken or not (end == len(digits.text) or digits.is_alone(taken, end, taken)):
        return False
    return bool(_EXPIRY.fullmatch(digits.text, taken, start)) or _is_year_of_month(digits, taken, start)
