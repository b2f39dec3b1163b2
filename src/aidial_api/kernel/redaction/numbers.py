"""Which kind each stretch of a run is: the one place where recognisers of digits take their turns.

A newcomer's likely mistake: changing the order. A card comes before a phone number, a checked identifier
before a number that is only called something.
"""

from __future__ import annotations

from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING

from . import identifiers, phones
from .codes import LENGTHS, Codes
from .digits import MINIMUM, Digits, by_turn, without_echoes
from .letters import with_letters
from .marks import Find, Kind
from .vocabulary import CORRECTED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .atoms import Atom, Run
    from .context import Context
    from .digits import Piece
    from .fold import Doc

    _Claim = Callable[[Digits, int, int], tuple[Kind, int] | None]

_SHORTEST_NAMED = 4


class Numbers:
    """Goes through the runs of one document in order, remembering the last card and its code."""

    def __init__(self, doc: Doc, context: Context) -> None:
        self._doc = doc
        self._context = context
        self._code = Codes(doc, context)

    def finds(self, run: Run) -> Iterator[Find]:
        """Yield what the run holds."""
        length = sum(len(atom.digits) for atom in run.atoms)
        if length > 1:
            self._code.reads(run)
        if length < LENGTHS[0]:
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
        if CORRECTED.search(self._doc.text, run.start, run.end) and _something_left(run, covered):
            covered = self._corrected(run, covered)
        yield from covered

    def _corrected(self, run: Run, covered: list[Find]) -> list[Find]:
        """All of it is the number when somebody put themselves right: "oh four, sorry, oh four nine one"."""
        pieces = by_turn(run)
        label = self._context.label(run.start, run.end)
        kind = identifiers.kind_called(label) or (covered[0].kind if covered else self._put_right(run, label))
        if any(find.kind is Kind.CVV for find in covered):
            return covered
        if kind is None or sum(len(atom.digits) for atom in run.atoms) < MINIMUM:
            return covered
        return list(self._cover(pieces, kind, 0, len(run.atoms)))

    def _put_right(self, run: Run, label: str) -> Kind | None:
        """A telephone number, once its end is said anew: "0412 345 67, sorry, 678"."""
        places = [
            index
            for index, (before, atom) in enumerate(pairwise(run.atoms), 1)
            if CORRECTED.search(self._doc.text, before.end, atom.start)
        ]
        if label or not places:
            return None
        said, anew = (
            [atom.digits for atom in part] for part in (run.atoms[: places[0]], run.atoms[places[-1] :])
        )
        return Kind.PHONE if phones.is_completed(said, "".join(anew)) else None

    def _claims(self, pieces: list[Piece], length: int) -> Iterator[Find]:
        """First what its shape or checksum tells, then what is only called something in between."""
        atoms = [atom for piece in pieces for atom in piece.atoms]
        whole = Digits(self._doc, self._context, atoms)
        shaped = _scan(whole, _shaped) if length >= MINIMUM else []
        if (
            any(kind is Kind.CARD for kind, _, _ in shaped)
            or identifiers.looks_like_a_card(whole)
            or (not shaped and identifiers.is_a_misheard_card(whole))
        ):
            self._code.card_said(self._doc.turn_at(atoms[-1].start))
        for kind, first, last in shaped:
            yield from self._cover(pieces, kind, first, last)
        at = 0
        behind: Kind | None = None
        for found, first, last in (*shaped, (None, len(atoms), len(atoms))):
            if at < first:
                rest = Digits(self._doc, self._context, atoms[at:first])
                named = partial(self._named, behind_card=behind is Kind.CARD)
                for called, start, end in _scan(rest, named):
                    if called is Kind.CVV:
                        self._code.code_said(
                            "".join(atom.digits for atom in rest.atoms[start:end]),
                            self._doc.turn_at(rest.atoms[start].start),
                        )
                    yield from self._cover(pieces, called, at + start, at + end)
            at, behind = last, found

    def _named(self, digits: Digits, start: int, taken: int, *, behind_card: bool) -> tuple[Kind, int] | None:
        if len(digits.text) - start >= _SHORTEST_NAMED:
            label = digits.label(start, len(digits.text))
            claim = identifiers.called(digits, start, taken, self._asked(digits, start, label))
            if claim:
                if claim[0] is Kind.CARD:
                    self._code.card_said(
                        self._doc.turn_at(digits.atoms[digits.at[start]].start), digits, claim[1]
                    )
                return claim
            end = phones.called(digits, start, taken, label)
            if end:
                return Kind.PHONE, end
        end = self._code.end(digits, start, taken, behind_card=behind_card)
        return (Kind.CVV, end) if end else None

    def _asked(self, digits: Digits, start: int, label: str) -> str:
        """What it is called, or the document that was asked for some turns ago."""
        if start or label not in {"", "number"}:
            return label
        return self._context.asked(digits.span(0, len(digits.text))[0]) or label

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
            start, end = with_letters(text, self._doc.cased, start, end)
        elif text[start - 1 : start] == "(" and start and ")" in text[start:end]:
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
    if start == 0 and end != len(digits.text):
        claim = identifiers.whole(digits)
        if claim:
            return claim
    if end and (digits.text[start] != "6" or _called_phone(digits, start)):
        return Kind.PHONE, end
    label = digits.label(start, len(digits.text))
    claim = identifiers.checked(digits, start, taken, label)
    if claim:
        return claim
    end = end or phones.weak(digits, start, taken, label)
    return (Kind.PHONE, end) if end else None


def _something_left(run: Run, covered: list[Find]) -> bool:
    return any(not any(find.start <= atom.start < find.end for find in covered) for atom in run.atoms)


def _called_phone(digits: Digits, start: int) -> bool:
    """Whether a number that starts with 61 is led by a plus or called a phone number."""
    if digits.text[start] != "6":
        return False
    return digits.atoms[digits.at[start]].plus or digits.label(start, len(digits.text)) in phones.CALLED
