"""Street addresses: number, name, street type; unit or level before; suburb, state, postcode behind.

A newcomer's likely mistake: searching for street types. "A 5 minute drive" and "2 people, any place" have
them too; the search starts from numbers, and an everyday word as a type needs a capital or the word address.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from . import streets
from .marks import Find, Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .atoms import Run
    from .fold import Doc

_MOST_ATOMS = 6
_MOST_DIGITS = 6
_INTRODUCED = 120


def addresses(doc: Doc, runs: list[Run]) -> Iterator[Find]:
    """Yield street addresses behind each run of digits, and post office boxes."""
    for run in runs:
        end = _street_end(doc, run)
        if end:
            yield Find(number_start(doc, run), suburb_end(doc, end), Kind.ADDRESS)
    if any(word in doc.text for word in streets.BOXES):
        for box in streets.BOX.finditer(doc.text):
            road = streets.ROAD.match(doc.text, box.end())
            yield Find(box.start(), suburb_end(doc, road.end() if road else box.end()), Kind.ADDRESS)


def _street_end(doc: Doc, run: Run) -> int:
    """Where the street behind a house number ends, or 0."""
    found = streets.STREET.match(doc.text, run.end)
    if found and is_street(doc, run, found):
        return found.end()
    # "The address is 18 Northgate One": said to be one, though nothing else shows it.
    if streets.SAID_TO_BE.search(doc.text, max(0, run.start - _INTRODUCED), run.start):
        bare = streets.BARE.match(doc.cased, run.end)
        return bare.end() if bare else 0
    return 0


def is_street(doc: Doc, run: Run, found: re.Match[str]) -> bool:
    """Whether what has the form of a street behind a house number is one."""
    if len(run.atoms[-1].digits) >= _MOST_DIGITS:
        return False
    if found["seldom"] or found["the"] == "esplanade":
        return _is_rare_street(doc, run, found)
    if not found["everyday"]:
        return True
    if doc.cased[found.start("names")].isupper():
        return True
    return any(
        streets.CALLED.search(doc.text, start, end)
        for start, end in ((max(0, run.start - 60), run.start), (found.end(), found.end() + 40))
    )


def _is_rare_street(doc: Doc, run: Run, found: re.Match[str]) -> bool:
    """Whether a word that seldom ends a street ends one: "5 Gumtree Gully", not "3 Blue Trail bikes"."""
    before = (doc.text, max(0, run.start - _INTRODUCED), run.start)
    if streets.LIVES.search(*before):
        return True
    said = doc.cased[found.start("names" if found["seldom"] else "the") : found.end()].split()
    return bool(
        all(word[0].isupper() for word in said)
        and streets.ENDS.match(doc.cased, found.end())
        and not streets.GOODS.search(*before)
    )


def number_start(doc: Doc, run: Run) -> int:
    """Take the unit before the house number in, but nothing that was said in another turn."""
    first = len(run.atoms) - 1
    while (
        first > 0
        and len(run.atoms) - first < _MOST_ATOMS
        and run.turns[first - 1] == run.turns[-1]
        and len(run.atoms[first - 1].digits) < _MOST_DIGITS
    ):
        first -= 1
    start = run.atoms[first].start
    unit = streets.UNIT.search(doc.text[max(0, start - 24) : start])
    if unit and (unit.start() == 0 or not doc.text[max(0, start - 24) + unit.start() - 1].isalnum()):
        start = max(0, start - 24) + unit.start()
        level = re.search(
            r"(?:level|unit|shop|suite|flat|apartment|apt) \w{1,6},? ?\Z",
            doc.text[max(0, start - 20) : start],
        )
        start -= len(level[0]) if level else 0
    return start


def suburb_end(doc: Doc, end: int) -> int:
    """Where the address ends whose street ends there: suburb, state and postcode may follow."""
    sub = streets.SUB_TAIL.match(doc.text, end)
    end = sub.end() if sub else end
    tail = streets.TAIL.match(doc.text, end)
    if tail and not (tail["code"] and not _capitals(doc.cased[end : tail.start("code")])):
        return tail.end()
    suburb = streets.SUBURB.match(doc.cased, end)
    if suburb and suburb[1].split()[0].lower() not in streets.NO_SUBURB:
        return suburb.end()
    said = streets.SUBURB_SAID.match(doc.text, end)
    return said.end() if said and said[1].split()[-1] not in streets.NO_SUBURB else end


def _capitals(suburb: str) -> bool:
    words = suburb.replace(",", " ").split()
    return bool(words) and all(word[0].isupper() for word in words)
