"""Which kind each stretch of a run is: the one place where recognisers of digits take their turns.

A newcomer's likely mistake: changing the order. A card comes before a phone number, a checked identifier
before a number that is only called something.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from . import identifiers, phones
from .digits import MINIMUM, Digits, by_turn, without_echoes
from .marks import Find, Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .atoms import Atom, Run
    from .context import Context
    from .digits import Piece
    from .fold import Doc

    _Claim = Callable[[Digits, int, int], tuple[Kind, int] | None]

_EXPIRY = re.compile(r"(?:0?[1-9]|1[0-2])(?:20)?[2-4]\d")
_CODE_LENGTHS = (3, 4)
_SHORTEST_NAMED = 5
_FEW_WORDS = 3
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
        if not covered and any(piece.echoes for piece in pieces):
            pieces = by_turn(run)  # 0412, 345, 345: the second is no repeat
            covered = list(self._claims(pieces, length))
        if not covered and len(pieces) > 1:
            for piece in pieces:
                for atoms in (piece.atoms, *piece.echoes):
                    covered += self._claims([type(piece)(atoms, [])], sum(len(atom.digits) for atom in atoms))
        yield from covered

    def _claims(self, pieces: list[Piece], length: int) -> Iterator[Find]:
        """First what its shape or checksum tells, then what is only called something in between."""
        atoms = [atom for piece in pieces for atom in piece.atoms]
        whole = Digits(self._doc, self._context, atoms)
        shaped = _scan(whole, _shaped) if length >= MINIMUM else []
        if any(kind is Kind.CARD for kind, _, _ in shaped):
            self._card_turn = self._doc.turn_at(atoms[0].start)
        for kind, first, last in shaped:
            yield from self._cover(pieces, kind, first, last)
        at = 0
        for _, first, last in (*shaped, (None, len(atoms), len(atoms))):
            if at < first:
                rest = Digits(self._doc, self._context, atoms[at:first])
                for kind, start, end in _scan(rest, self._named):
                    if kind is Kind.CVV:
                        self._codes.add("".join(atom.digits for atom in rest.atoms[start:end]))
                    yield from self._cover(pieces, kind, at + start, at + end)
            at = last

    def _named(self, digits: Digits, start: int, taken: int) -> tuple[Kind, int] | None:
        if len(digits.text) - start >= _SHORTEST_NAMED:
            label = digits.label(start, len(digits.text))
            claim = identifiers.called(digits, start, taken, label)
            if claim:
                return claim
            end = phones.called(digits, start, taken, label)
            if end:
                return Kind.PHONE, end
        return self._code(digits, start, taken)

    def _code(self, digits: Digits, start: int, taken: int) -> tuple[Kind, int] | None:
        """A card verification code: called so, or what follows a card and its expiry."""
        turn = self._doc.turn_at(digits.atoms[digits.at[start]].start)
        after_card = turn - self._card_turn <= _CARD_TURNS
        for length in _CODE_LENGTHS:
            end = start + length
            if end not in digits.at or not (
                digits.is_alone(start, end, taken) or digits.groups(start, end) == (length,)
            ):
                continue
            if digits.text[start:end] in self._codes and after_card:
                return Kind.CVV, end
            if digits.label(start, end) == "cvv" or digits.label(start, end, skip=_CARD_WORDS) == "cvv":
                return Kind.CVV, end
            if after_card and (
                _ends_with_code(digits, taken, start, end) or self._is_whole_turn(digits, start, end)
            ):
                return Kind.CVV, end
        return None

    def _is_whole_turn(self, digits: Digits, start: int, end: int) -> bool:
        first, last = digits.span(start, end)
        turn = self._doc.turn_at(first)
        before = self._doc.text[self._doc.turn_starts[turn] : first]
        behind = self._doc.text[last : self._doc.turn_end(turn)]
        if end - start == _CODE_LENGTHS[1] and _EXPIRY.fullmatch(digits.text, start, end):
            return False
        return len(before.split()) + len(behind.split()) <= _FEW_WORDS and not re.search(
            r"\d", before + behind
        )

    def _cover(self, pieces: list[Piece], kind: Kind, first: int, last: int) -> Iterator[Find]:
        """One finding for each turn the atoms were said in, and for each repeat of such a part."""
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


def _scan(digits: Digits, claim: _Claim) -> list[tuple[Kind, int, int]]:
    """Try every place a number may start at; answers are atoms `[first, last)`."""
    found: list[tuple[Kind, int, int]] = []
    taken = 0
    for start, index in digits.at.items():
        if start < taken or index == len(digits.atoms):
            continue
        claimed = claim(digits, start, taken)
        if claimed:
            kind, taken = claimed
            found.append((kind, index, digits.at[taken]))
    return found


def _shaped(digits: Digits, start: int, taken: int) -> tuple[Kind, int] | None:
    if len(digits.text) - start < MINIMUM:
        return None
    end = identifiers.card(digits, start)
    if end:
        return Kind.CARD, end
    end = phones.strong(digits, start)
    if end and (digits.text[start] != "6" or _called_phone(digits, start)):
        return Kind.PHONE, end
    label = digits.label(start, len(digits.text))
    claim = identifiers.checked(digits, start, taken, label)
    if claim:
        return claim
    end = end or phones.weak(digits, start, taken, label)
    return (Kind.PHONE, end) if end else None


def _ends_with_code(digits: Digits, taken: int, start: int, end: int) -> bool:
    """Whether `[start, end)` ends the run behind an expiry date."""
    return end == len(digits.text) and start > taken and bool(_EXPIRY.fullmatch(digits.text, taken, start))


def _called_phone(digits: Digits, start: int) -> bool:
    """Whether a number that starts with 61 is led by a plus or called a phone number."""
    if digits.text[start] != "6":
        return False
    return digits.atoms[digits.at[start]].plus or digits.label(start, len(digits.text)) == "phone"


_LETTERS = re.compile(
    r"(?:(?<![a-z0-9])[a-z](?: for [a-z]{2,12})?[ .-]{1,2}){1,3}$|(?<![a-z0-9])[a-z]{1,3}-?$"
)
_REST = re.compile(r"[a-z0-9]{1,6}(?![a-z0-9])")


def _letters(text: str, cased: str, start: int, end: int) -> tuple[int, int]:
    """Take the letters of a document number in: glued to the digits, or spelled before them."""
    base = max(0, start - 48)
    before = _LETTERS.search(text[base:start])
    if before and (
        text[start - 1] not in " .-" or before[0][0] not in "ai" or cased[base + before.start()].isupper()
    ):
        start = base + before.start()
    rest = _REST.match(text, end)
    return start, rest.end() if rest else end
