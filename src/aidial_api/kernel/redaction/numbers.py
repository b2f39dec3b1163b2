"""Which kind each stretch of a run is: the one place where recognisers of digits take their turns.

A newcomer's likely mistake: changing the order. A card comes before a phone number, a checked identifier
before a number that is only called something.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from . import identifiers, phones
from .digits import MINIMUM, Digits, without_echoes
from .marks import Find, Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .atoms import Atom, Run
    from .context import Context
    from .digits import Piece
    from .fold import Doc

_AFTER_CARD = re.compile(r"(?:(?:0?[1-9]|1[0-2])(?:20)?[2-4]\d)(\d{3,4})")
_EXPIRY = re.compile(r"(?:0[1-9]|1[0-2])[2-4]\d")
_CODE_LENGTHS = (3, 4)
_CARD_TURNS = 5
_CARD_WORDS = ("card", "near")


class Numbers:
    """Goes through the runs of one document in order, remembering the last card and its code."""

    def __init__(self, doc: Doc, context: Context) -> None:
        self._doc = doc
        self._context = context
        self._card_turn = -_CARD_TURNS - 1
        self._codes: set[str] = set()

    def finds(self, run: Run) -> Iterator[Find]:
        """Yield what the run holds."""
        length = sum(len(atom.digits) for atom in run.atoms)
        if length < _CODE_LENGTHS[0]:
            return
        pieces = without_echoes(run)
        covered = list(self._claims(pieces, length))
        if not covered and len(pieces) > 1:
            for piece in pieces:
                for atoms in (piece.atoms, *piece.echoes):
                    covered += self._claims([type(piece)(atoms, [])], sum(len(atom.digits) for atom in atoms))
        yield from covered

    def _claims(self, pieces: list[Piece], length: int) -> Iterator[Find]:
        digits = Digits(self._doc, self._context, [atom for piece in pieces for atom in piece.atoms])
        start = taken = 0
        while start < len(digits.text):
            claim = self._claim(digits, start, taken) if length >= MINIMUM and start in digits.at else None
            claim = claim or (self._code(digits, start, taken) if start in digits.at else None)
            if claim is None:
                start += 1
                continue
            kind, end = claim
            self._remember(digits, kind, start, end)
            yield from self._cover(digits, pieces, kind, start, end)
            start = taken = end

    def _claim(self, digits: Digits, start: int, taken: int) -> tuple[Kind, int] | None:
        left = len(digits.text) - start
        if left < MINIMUM:
            return None
        end = identifiers.card(digits, start)
        if end:
            return Kind.CARD, end
        named = _called_phone(digits, start)
        end = phones.strong(digits, start)
        if end and (named or digits.text[start] != "6"):
            return Kind.PHONE, end
        first = digits.span(start, len(digits.text))
        label = "" if left < MINIMUM else digits.context.label(*first)
        claim = identifiers.checked(digits, start, taken, label)
        if claim:
            return claim
        if end:
            return Kind.PHONE, end
        claim = identifiers.called(digits, start, taken, label)
        if claim:
            return claim
        end = phones.weak(digits, start, taken, label)
        return (Kind.PHONE, end) if end else None

    def _code(self, digits: Digits, start: int, taken: int) -> tuple[Kind, int] | None:
        """A card verification code: called so, or what follows a card and its expiry."""
        turn = self._doc.turn_at(digits.atoms[digits.at[start]].start)
        after_card = turn - self._card_turn <= _CARD_TURNS
        if after_card:
            expiry = _AFTER_CARD.fullmatch(digits.text, start)
            if expiry and expiry.start(1) in digits.at and start in {0, taken}:
                return Kind.CVV, len(digits.text)
        for length in _CODE_LENGTHS:
            end = start + length
            if end not in digits.at or not (digits.is_alone(start, end, taken) or digits.groups(start, end) == (length,)):
                continue
            if digits.text[start:end] in self._codes and after_card:
                return Kind.CVV, end
            if digits.label(start, end) == "cvv" or digits.label(start, end, skip=_CARD_WORDS) == "cvv":
                return Kind.CVV, end
            if after_card and self._is_whole_turn(digits, start, end) and not _EXPIRY.fullmatch(digits.text, start):
                return Kind.CVV, end
        return None

    def _is_whole_turn(self, digits: Digits, start: int, end: int) -> bool:
        first, last = digits.span(start, end)
        turn = self._doc.turn_at(first)
        before = self._doc.text[self._doc.turn_starts[turn] : first]
        behind = self._doc.text[last : self._doc.turn_end(turn)]
        return len(before.split()) + len(behind.split()) <= 3 and not re.search(r"\d", before + behind)  # noqa: PLR2004

    def _remember(self, digits: Digits, kind: Kind, start: int, end: int) -> None:
        if kind is Kind.CARD:
            self._card_turn = self._doc.turn_at(digits.span(start, end)[1])
        elif kind is Kind.CVV:
            self._codes.add(digits.text[start:end])

    def _cover(self, digits: Digits, pieces: list[Piece], kind: Kind, start: int, end: int) -> Iterator[Find]:
        """One finding for each turn the number was said in, and for each repeat of such a part."""
        first, last = digits.at[start], digits.at[end]
        at = 0
        for piece in pieces:
            here = piece.atoms[max(0, first - at) : max(0, last - at)]
            at += len(piece.atoms)
            if here:
                yield self._find(kind, here)
                for echo in piece.echoes:
                    yield self._find(kind, echo)

    def _find(self, kind: Kind, atoms: list[Atom]) -> Find:
        start, end = atoms[0].start, atoms[-1].end
        text = self._doc.text
        if kind in {Kind.PASSPORT, Kind.LICENCE}:
            start, end = _letters(self._doc.text, self._doc.cased, start, end)
        elif text[start - 1 : start] == "(" and start:
            start -= 1
        return Find(start, end, kind)


def _called_phone(digits: Digits, start: int) -> bool:
    """Whether a number that starts with 61 is led by a plus or called a phone number."""
    if digits.text[start] != "6":
        return False
    return digits.atoms[digits.at[start]].plus or digits.label(start, len(digits.text)) == "phone"


_LETTERS = re.compile(r"(?:(?<![a-z0-9])[a-z](?: for [a-z]{2,12})?[ .-]{1,2}){1,3}$|(?<![a-z0-9])[a-z]{1,3}-?$")
_REST = re.compile(r"[a-z0-9]{1,6}(?![a-z0-9])")


def _letters(text: str, cased: str, start: int, end: int) -> tuple[int, int]:
    """Take the letters of a document number in: glued to the digits, or spelled before them."""
    base = max(0, start - 48)
    before = _LETTERS.search(text[base:start])
    if before and (text[start - 1] not in " .-" or before[0][0] not in "ai" or cased[base + before.start()].isupper()):
        start = base + before.start()
    rest = _REST.match(text, end)
    return start, rest.end() if rest else end
