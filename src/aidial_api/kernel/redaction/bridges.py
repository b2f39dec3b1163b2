"""Numbers whose parts stand too far apart to be one run, told by what they make together.

"0432" - "thanks, Dave" - "118 907": no list of words that may stand between ever holds them all. A newcomer's
likely mistake: joining parts that merely follow one another. Only what could be nothing else counts.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from . import checksums, identifiers
from .marks import Find, Kind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .atoms import Run
    from .context import Context
    from .fold import Doc

_LONGEST_GAP = 90
_MOST_TURNS = 4
_MOST_PARTS = 5
_MOST_RUNS = 2 * _MOST_PARTS  # some only repeat the one before
_PART_DIGITS = range(2, 9)  # what is longer is a number of its own
_LEAST_DIGITS = 9
_CARD_DIGITS = 16
_CARD_GROUP = 4
_MOBILE = re.compile(r"04\d{8}|1[38]00\d{6}")
_LANDLINE = re.compile(r"0[2378]\d{8}")
_DIGIT = re.compile(r"\d")
_CHECKED = {
    "medicare": (Kind.MEDICARE, 10, checksums.medicare),
    "tfn": (Kind.TFN, 9, checksums.tfn),
    "abn": (Kind.ABN, 11, checksums.abn),
    "acn": (Kind.ACN, 9, checksums.acn),
}


def bridges(doc: Doc, context: Context, runs: Sequence[Run]) -> Iterator[Find]:
    """Find each part of a number that is one in spite of what was said between."""
    said = ["".join(atom.digits for atom in run.atoms) for run in runs]
    for index, digits in enumerate(said):
        if len(digits) in _PART_DIGITS:
            kind, parts = _bridged(doc, context, runs[index : index + _MOST_RUNS], said[index:])
            if kind is not None:
                yield from (Find(part.start, part.end, kind) for part in parts)


def _bridged(
    doc: Doc, context: Context, runs: Sequence[Run], said: Sequence[str]
) -> tuple[Kind | None, list[Run]]:
    """What the first run and some of the next make together, and these."""
    text, sizes, parts = said[0], [len(said[0])], [runs[0]]
    for run, digits in zip(runs[1:], said[1:], strict=False):
        if not _is_near(doc, parts[-1], run):
            break
        parts.append(run)
        if len(digits) > 1 and text.endswith(digits):
            continue  # said again
        text += digits
        sizes.append(len(digits))
        if len(text) > _CARD_DIGITS:
            break
        kind = _kind(text, sizes, context, runs[0]) if len(text) >= _LEAST_DIGITS else None
        if kind:
            return kind, parts
    return None, []


def _is_near(doc: Doc, before: Run, later: Run) -> bool:
    gap = doc.text[before.end : later.start]
    return len(gap) <= _LONGEST_GAP and gap.count("\n") <= _MOST_TURNS and not _DIGIT.search(gap)


def _kind(text: str, sizes: Sequence[int], context: Context, first: Run) -> Kind | None:
    if _MOBILE.fullmatch(text):
        return Kind.PHONE
    if len(text) == _CARD_DIGITS:
        in_fours = all(size % _CARD_GROUP == 0 for size in sizes)
        return Kind.CARD if in_fours and identifiers.is_card(text) else None
    label = context.label(first.start, first.end)
    if label in {"phone", "number"}:
        return Kind.PHONE if _LANDLINE.fullmatch(text) else None
    kind, length, holds = _CHECKED.get(label, (None, 0, checksums.luhn))
    return kind if len(text) == length and holds(text) else None
