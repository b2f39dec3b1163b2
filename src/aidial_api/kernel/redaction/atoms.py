"""Numbers as people write and say them: a text becomes atoms, atoms that follow each other become runs.

"oh four one two, triple three" is one run with the digits 0412333. A newcomer's likely mistake: joining
across anything but separators and fillers; `_GAP` decides, and it also lets a number go on over several
turns ("0412", "yep", "345 678").
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ONES = {
    "zero": "0", "oh": "0", "o": "0", "nought": "0", "naught": "0", "nil": "0", "one": "1", "two": "2",
    "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7", "eight": "8", "nine": "9", "niner": "9",
}  # fmt: skip
TEENS = {
    "ten": "10", "eleven": "11", "twelve": "12", "thirteen": "13", "fourteen": "14", "fifteen": "15",
    "sixteen": "16", "seventeen": "17", "eighteen": "18", "nineteen": "19",
}  # fmt: skip
TENS = {
    "twenty": "2", "thirty": "3", "forty": "4", "fourty": "4", "fifty": "5", "sixty": "6", "seventy": "7",
    "eighty": "8", "ninety": "9",
}  # fmt: skip
TIMES = {"double": 2, "triple": 3, "treble": 3, "quadruple": 4}
ALIKE = {"to": "2", "too": "2", "for": "4", "ate": "8", "won": "1"}

_ONES = "|".join(sorted(ONES, key=len, reverse=True))
_TEENS = "|".join(TEENS)
_TENS = "|".join(TENS)
_UP_TO_99 = rf"(?:{_TEENS}|(?:{_TENS})(?:[ -](?:{_ONES}))?)"
_END = r"(?![a-z])"

ATOM = re.compile(
    rf"""(?P<digits>\d++(?![\d:/.-]|st|nd|rd|th|am|pm|k|m))
  | (?P<stop>\d{{1,2}}:\d\d(?::\d\d)?(?!\d)
    | \d{{1,2}}\.\d\d(?=\ ?[ap]\.?m)
    | \d{{1,2}}/\d{{1,2}}/(?:19|20)?\d\d(?![/.-]?\d)
    | \d{{1,2}}([.-])\d{{1,2}}\3(?:19|20)\d\d(?![/.-]?\d)
    | (?:19|20)\d\d([/.-])\d{{1,2}}\4\d{{1,2}}(?![/.-]?\d)
    | \$\ ?\d[\d,]*(?:\.\d+)?
    | \d++(?:st|nd|rd|th|[ap]\.?m|k|km|kg|mg|ml|mins?|m){_END}
    | \bone\ (?:moment|second|sec|minute|more){_END})
  | (?P<more>\d++)
  | (?P<plus>\+|\bplus{_END})
  | \b(?:(?P<times>{"|".join(TIMES)})[ -](?P<each>{_ONES}|\d)(?![a-z\d])
    | (?P<hundreds>{_TEENS}|{_ONES})[ -]hundred(?:\ and\ (?P<and>{_UP_TO_99}|{_ONES})|\ (?P<rest>{_UP_TO_99}))?{_END}
    | (?P<thousands>{_ONES})[ -]thousand{_END}
    | (?P<tens>{_TENS})(?:[ -](?P<unit>{_ONES}))?{_END}
    | (?P<word>{_TEENS}|{_ONES})(?:(?![a-z])|(?<=\bo)(?=\d))
    | (?P<alike>{"|".join(ALIKE)})(?=\ (?:{_ONES}){_END}))""",
    re.VERBOSE,
)

_FILLER = (
    "um+|uh+|er+m*|ah+|a+nd|then|dash|hyphen|space|dot|slash|comma|stop|so|yeah|yes|yep|yup|mm+|mhm|hmm+|huh|ok|okay|"
    "right|sure|alright|got|it|go|on|ahead|thanks|thank|you|great|perfect|cool|that's|it's|is|next|the|rest|"
    "please|like|well|i|see|carry|good|lovely|what's|was|that|sorry|no worries|open|close|bracket|brackets"
)
_LIGHT = re.compile(r"[ .,/\\()\-_;'*|~]*")
_GAP = re.compile(rf"(?:(?:{_FILLER})(?![a-z0-9])|[ .,/\\()\-_;:'*|~?!\n])*+")
MAX_LIGHT = 12
MAX_GAP = 90
MAX_GAP_TURNS = 4


class Atom(NamedTuple):
    """One number as written or said: its digits and where it stands. `plus`: a + leads it."""

    digits: str
    start: int
    end: int
    spoken: bool
    plus: bool


@dataclass(slots=True)
class Run:
    """Atoms that follow each other. `turns` gives each atom's turn, counted from the run's first."""

    atoms: list[Atom] = field(default_factory=list)
    turns: list[int] = field(default_factory=list)

    @property
    def start(self) -> int:
        """Where the run starts in the text."""
        return self.atoms[0].start

    @property
    def end(self) -> int:
        """Where the run ends in the text."""
        return self.atoms[-1].end


def _said(found: re.Match[str]) -> str:
    """Digits of a number in words."""
    kind = found.lastgroup
    if kind == "each":
        each = found["each"]
        return ONES.get(each, each) * TIMES[found["times"]]
    if kind == "word":
        word = found["word"]
        return ONES.get(word) or TEENS[word]
    if kind in {"tens", "unit"}:
        return TENS[found["tens"]] + ONES.get(found["unit"] or "zero", "0")
    if kind == "thousands":
        return ONES[found["thousands"]] + "000"
    if kind == "alike":
        return ALIKE[found["alike"]]
    head = found["hundreds"]
    head = ONES.get(head) or TEENS[head]
    return head + _below_hundred(found["and"] or found["rest"] or "")


def _below_hundred(words: str) -> str:
    if not words:
        return "00"
    if words in ONES:
        return "0" + ONES[words]
    if words in TEENS:
        return TEENS[words]
    tens, _, unit = words.replace("-", " ").partition(" ")
    return TENS[tens] + ONES.get(unit or "zero", "0")


def _joins(text: str, start: int, end: int) -> int:
    """How many turns lie between two atoms that go together; -1 when they do not."""
    if end - start <= MAX_LIGHT and _LIGHT.fullmatch(text, start, end):
        return 0
    if end - start > MAX_GAP or not _GAP.fullmatch(text, start, end):
        return -1
    turns = text.count("\n", start, end)
    return turns if turns <= MAX_GAP_TURNS else -1


def runs(text: str, check: Callable[[], None]) -> Iterator[Run]:
    """Yield every run of a folded text, in order. `check` is called now and then and may raise."""
    run = Run()
    plus = -1
    for found in ATOM.finditer(text):
        kind = found.lastgroup
        start, end = found.span()
        if kind == "plus":
            plus = end
            continue
        joined = _joins(text, run.atoms[-1].end, plus - 1 if plus > 0 and text[plus - 1] == "+" else start) if run.atoms else -1
        if kind is None or kind == "stop" or joined < 0:
            if run.atoms:
                check()
                yield run
                run = Run()
            joined = 0
        if kind in {"digits", "more"}:
            atom = Atom(found[0], start, end, spoken=False, plus=0 <= start - plus <= 1 and plus > 0)
        elif kind is None or kind == "stop" or (kind == "alike" and not _goes_on(run, text, start)):
            plus = -1
            continue
        else:
            atom = Atom(_said(found), start, end, spoken=True, plus=plus > 0 and start - plus <= 1)
        if atom.plus:
            atom = atom._replace(start=text.rfind("p", 0, plus) if text[plus - 1] == "s" else plus - 1)
        plus = -1
        run.turns.append((run.turns[-1] if run.turns else 0) + joined)
        run.atoms.append(atom)
    if run.atoms:
        yield run


def _goes_on(run: Run, text: str, start: int) -> bool:
    """Whether a homophone directly follows a number in words."""
    return bool(run.atoms) and run.atoms[-1].spoken and text[run.atoms[-1].end : start] == " "
