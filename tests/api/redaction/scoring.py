"""A labelled corpus, and how well findings match it, kind by kind.

A line of `corpus/*.txt` is one text; ` // ` parts its turns, `{KIND|what was said}` labels what must be
covered. The one thing a newcomer would get wrong: recall asks whether anything of a secret is left to read,
whatever kind covered it; precision asks whether the mark says what it is, and leaves other words alone.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from aidial_api.kernel.redaction import Kind
from aidial_api.kernel.redaction.marks import Find

CORPUS = Path(__file__).parent / "corpus"
TURN = " // "
_LABEL = re.compile(r"\{([A-Z_]+)\|([^{}]*)\}")
_SAID = re.compile(r"\w")

Finder = Callable[[Sequence[str]], Sequence[Iterable[Find]]]


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the corpus: its turns, and what is labelled in each of them."""

    turns: tuple[str, ...]
    labels: tuple[tuple[Find, ...], ...]


def read(name: str) -> list[Line]:
    """The lines of `corpus/<name>.txt`."""
    text = (CORPUS / f"{name}.txt").read_text(encoding="utf-8")
    return [_line(line) for line in text.splitlines() if line and not line.startswith("# ")]


def _line(marked: str) -> Line:
    turns, labels = zip(*map(_turn, marked.split(TURN)), strict=True)
    return Line(turns, labels)


def _turn(marked: str) -> tuple[str, tuple[Find, ...]]:
    said, at, labels = "", 0, []
    for label in _LABEL.finditer(marked):
        said += marked[at : label.start()]
        labels.append(Find(len(said), len(said) + len(label[2]), Kind(label[1])))
        said += label[2]
        at = label.end()
    return said + marked[at:], tuple(labels)


@dataclass
class Score:
    """Counts by kind; `leaks` and `wrong` are for people to read."""

    labelled: Counter[Kind] = field(default_factory=Counter)
    covered: Counter[Kind] = field(default_factory=Counter)
    marked: Counter[Kind] = field(default_factory=Counter)
    right: Counter[Kind] = field(default_factory=Counter)
    leaks: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def add(self, turn: str, labels: Sequence[Find], finds: Sequence[Find]) -> None:
        """Count one turn."""
        for label in labels:
            self.labelled[label.kind] += 1
            if _left(turn, label, finds):
                self.leaks.append(f"{label.kind} {turn[label.start : label.end]!r} in {turn!r}")
            else:
                self.covered[label.kind] += 1
        for find in finds:
            self.marked[find.kind] += 1
            if any(_fits(turn, find, label) for label in labels):
                self.right[find.kind] += 1
            else:
                self.wrong.append(f"{find.kind} {turn[find.start : find.end]!r} in {turn!r}")

    @property
    def recall(self) -> float:
        """The share of what is labelled of which nothing is left."""
        return self.covered.total() / max(1, self.labelled.total())

    def precision(self, kind: Kind) -> float:
        """The share of a kind's marks that are right; 1 without any."""
        return self.right[kind] / self.marked[kind] if self.marked[kind] else 1.0

    def __add__(self, other: Score) -> Score:
        return Score(
            self.labelled + other.labelled,
            self.covered + other.covered,
            self.marked + other.marked,
            self.right + other.right,
            self.leaks + other.leaks,
            self.wrong + other.wrong,
        )


def _left(turn: str, label: Find, finds: Sequence[Find]) -> bool:
    """Whether a letter or digit of it is not covered."""
    places = (at for at in range(label.start, label.end) if _SAID.match(turn[at]))
    return any(not any(find.start <= at < find.end for find in finds) for at in places)


def _fits(turn: str, find: Find, label: Find) -> bool:
    """Whether a mark is of the label's kind, and half of its letters and digits are the label's."""
    if find.kind is not label.kind:
        return False
    within = turn[max(find.start, label.start) : min(find.end, label.end)]
    said = turn[find.start : find.end]
    return len(_SAID.findall(within)) * 2 >= len(_SAID.findall(said))


def score(lines: Iterable[Line], finder: Finder) -> Score:
    """How well `finder` does on these lines."""
    result = Score()
    for line in lines:
        for turn, labels, finds in zip(line.turns, line.labels, finder(line.turns), strict=True):
            result.add(turn, labels, list(finds))
    return result


def _shown(one: Score, kind: Kind) -> str:
    return f"{one.precision(kind):.3f}" if one.marked[kind] else "no marks"


def table(columns: dict[str, Score]) -> str:
    """A row a kind: covered of labelled, and the precision of the marks, a pair of columns a score."""
    rows = [f"{'':14}" + "".join(f"{name:>30}" for name in columns)]
    rows += [
        f"{kind:14}"
        + "".join(
            f"{f'{one.covered[kind]}/{one.labelled[kind]}':>20}{_shown(one, kind):>10}"
            for one in columns.values()
        )
        for kind in Kind
    ]
    totals = "".join(
        f"{f'recall {one.recall:.3f}':>20}{one.right.total() / max(1, one.marked.total()):>10.3f}"
        for one in columns.values()
    )
    return "\n".join([*rows, f"{'all':14}{totals}"])
