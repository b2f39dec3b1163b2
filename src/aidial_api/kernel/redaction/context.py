"""What the words around a number say it is.

A newcomer's likely mistake: taking any word in sight. Only the nearest word before the number decides
(within two turns), or the nearest after it in the same sentence when nothing stands before.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from .fold import Doc

_REFERENCE = (
    "order|booking|reservation|invoice|confirmation|ticket|tracking|account|customer|membership|member|job|case|claim"
    "|policy|quote|receipt|serial|model|flight|client|patient|purchase|provider|product|reference"
)
WORDS = re.compile(
    rf"""\b(?:(?P<medicare>medicare)
  | (?P<tfn>t\.?\ ?f\.?\ ?n\b|tax\ file)
  | (?P<abn>a\.?\ ?b\.?\ ?n\b|business\ number)
  | (?P<acn>a\.?\ ?c\.?\ ?n\b|company\ number)
  | (?P<cvv>c\.?\ ?v\.?\ ?(?:v|c|n)\b|c\.?\ ?c\.?\ ?v\b|(?:see|cee)\ (?:see|cee|vee)\ (?:vee|see|cee)\b
    | cvv2|cvc2|csc\b|security\ (?:code|number|digits)
    | verification\ (?:code|number|value)
    | (?:three|four|3|4)[\ -](?:digits?|numbers)|last\ (?:three|3)\b
    | (?:on|at|from|off)\ the\ back|back\ of\ (?:the|my|your)
    | signature\ strip)
  | (?P<passport>passport)
  | (?P<licence>licen[cs]e(?!\ plate)|driver'?s?\ number)
  | (?P<born>born\b|date\ of\ birth|birth\ ?date|birthday|birth\b|d\.?\ ?o\.?\ ?b\b)
  | (?P<neg>(?:{_REFERENCE})\ ?(?:number|no\b|id\b|code|ref\b|reference|\#)|reference|ref\b|order\ \#|expir\w*
    | exp\b|bsb\b|postcode|post\ code|zip)
  | (?P<card>(?:credit|debit)\ card|card\b|visa\b|master\ ?card|amex\b|american\ express)
  | (?P<near>(?:{_REFERENCE}|ending|ends|number\ plate)\b)
  | (?P<phone>(?:tele)?phone|mobile|mob\b|cell|landline|fax|text\b|sms\b|ring\b|reach|dial
    | call(?:ing|ed|back)?\b
    | contact | whatsapp|tel\b|(?:my|your|best|her|his|their|our|the|which|what|good|another|a)\ number))""",
    re.VERBOSE,
)
BACK_TURNS = 2
BEHIND = 40
NEAR = 12
MOST_SKIPPED = 8


class Word(NamedTuple):
    """A word that says what a number is."""

    start: int
    end: int
    label: str


_start = attrgetter("start")
_end = attrgetter("end")


class Context:
    """Every such word of a document, found turn by turn and on demand."""

    def __init__(self, doc: Doc) -> None:
        self._doc = doc
        self._words: dict[int, list[Word]] = {}

    def words(self, turn: int) -> list[Word]:
        """Words of one turn in order of place."""
        known = self._words.get(turn)
        if known is None:
            doc = self._doc
            found = WORDS.finditer(doc.text, doc.turn_starts[turn], doc.turn_end(turn))
            known = self._words[turn] = [Word(one.start(), one.end(), one.lastgroup or "") for one in found]
        return known

    def before(self, at: int, *, skip: tuple[str, ...] = ()) -> Word | None:
        """Find the nearest word before a place, at most two turns back."""
        here = self._doc.turn_at(at)
        for turn in range(here, max(-1, here - BACK_TURNS - 1), -1):
            words = self.words(turn)
            index = bisect_right(words, at, key=_end) if turn == here else len(words)
            for word in reversed(words[max(0, index - MOST_SKIPPED) : index]):
                if word.label not in skip and (word.label != "near" or at - word.end <= NEAR):
                    return word
        return None

    def after(self, at: int) -> Word | None:
        """Find the nearest word after a place, in the same sentence and close by."""
        words = self.words(self._doc.turn_at(at))
        index = bisect_left(words, at, key=_start)
        if index == len(words) or words[index].start - at > BEHIND:
            return None
        between = self._doc.text[at : words[index].start]
        return None if any(mark in between for mark in ".?!") else words[index]

    def label(self, start: int, end: int, *, skip: tuple[str, ...] = ()) -> str:
        """Say what the words around `[start, end)` call it; "" when they say nothing."""
        word = self.before(start, skip=skip)
        if word is None:
            word = self.after(end)
            return word.label if word is not None and word.label not in skip and word.label != "near" else ""
        return "neg" if word.label == "near" else word.label
