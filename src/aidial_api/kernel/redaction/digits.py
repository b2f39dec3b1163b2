"""A run seen as one string of digits, with the places where a number may begin and end."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .atoms import Atom, Run
    from .context import Context
    from .fold import Doc

MINIMUM = 6  # nothing shorter is recognised by its digits alone
LONGEST = 64
_SHORT_ECHO = 2  # the end of a turn said again counts from three digits on
_BREAK = re.compile(r"[.,;?!\n]|[a-z]{2}")


@dataclass(slots=True)
class Piece:
    """Consecutive atoms of one turn, and the pieces that only repeat them ("0412" - "0412, yep")."""

    atoms: list[Atom]
    echoes: list[list[Atom]]

    @property
    def digits(self) -> str:
        """The digits of the piece."""
        return "".join(atom.digits for atom in self.atoms)


def by_turn(run: Run) -> list[Piece]:
    """Part a run by turns."""
    pieces: list[Piece] = []
    for index, atom in enumerate(run.atoms):
        if index and run.turns[index] == run.turns[index - 1]:
            pieces[-1].atoms.append(atom)
        else:
            pieces.append(Piece([atom], []))
    return pieces


def without_echoes(run: Run) -> list[Piece]:
    """Part a run by turns and lay a turn that repeats the turn before it, or all so far, over it."""
    pieces: list[Piece] = []
    whole = ""
    for piece in by_turn(run):
        said = piece.digits
        if pieces and _repeats(said, pieces[-1].digits):
            pieces[-1].echoes.append(piece.atoms)
        elif pieces and len(said) > 1 and said == whole:
            for earlier in pieces:
                earlier.echoes.append(piece.atoms)
        else:
            pieces.append(piece)
            whole = (whole + said)[-LONGEST:]
    return pieces


def _repeats(said: str, before: str) -> bool:
    """Whether a turn is the one before it again, or the end of it."""
    return (len(said) > 1 and said == before) or (len(said) > _SHORT_ECHO and before.endswith(said))


class Digits:
    """The digits of some atoms of a run; `start_of` and `end_of` hold for places between atoms only."""

    def __init__(self, doc: Doc, context: Context, atoms: list[Atom]) -> None:
        self.doc = doc
        self.context = context
        self.atoms = atoms
        self.text = "".join(atom.digits for atom in atoms)
        self._lengths = tuple(len(atom.digits) for atom in atoms)
        self.at: dict[int, int] = {}
        place = 0
        for index, atom in enumerate(atoms):
            self.at[place] = index
            place += len(atom.digits)
        self.at[place] = len(atoms)

    @cached_property
    def spoken(self) -> bool:
        """Whether most of it was said in words, where groups mean little."""
        return sum(atom.spoken for atom in self.atoms) * 2 >= len(self.atoms)

    def groups(self, start: int, end: int) -> tuple[int, ...]:
        """Lengths of the groups between two places."""
        return self._lengths[self.at[start] : self.at[end]]

    def is_alone(self, start: int, end: int, taken: int) -> bool:
        """Whether it stands by itself: at the run's ends, beside what is taken, or behind a pause."""
        return (start in {0, taken} or self._pause(start)) and (end == len(self.text) or self._pause(end))

    def _pause(self, place: int) -> bool:
        index = self.at[place]
        return bool(_BREAK.search(self.doc.text, self.atoms[index - 1].end, self.atoms[index].start))

    def listed(self, start: int, end: int) -> bool:
        """Whether written numbers stand in a list, parted by commas: "rooms 101, 102, 103"."""
        first, last = self.span(start, end)
        return not self.spoken and "," in self.doc.text[first:last]

    def glued(self, start: int, end: int) -> bool:
        """Whether a letter touches `[start, end)`, as in the order number AB1234567."""
        first, last = self.span(start, end)
        text = self.doc.text
        return text[first - 1 : first].isalpha() or text[last : last + 1].isalpha()

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where `[start, end)` stands in the text."""
        return self.atoms[self.at[start]].start, self.atoms[self.at[end] - 1].end

    def label(self, start: int, end: int, *, skip: tuple[str, ...] = ()) -> str:
        """Say what the words around it call it."""
        return self.context.label(*self.span(start, end), skip=skip)
