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

    from .fold import Doc

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
ALIKE = {"to": "2", "too": "2", "tree": "3", "for": "4", "ate": "8", "won": "1"}

_ONES = "|".join(sorted(ONES, key=len, reverse=True))
_TEENS = "|".join(TEENS)
_TENS = "|".join(TENS)
_UNITS = "|".join(word for word, digit in ONES.items() if digit != "0")  # "twenty oh four" is 20, 04
_UP_TO_99 = rf"(?:{_TEENS}|(?:{_TENS})(?:[ -](?:{_UNITS}))?)"
_END = r"(?![a-z])"
_ALIKE = "|".join(ALIKE)
_ONE = rf"(?:{_ONES}|{_ALIKE}|\d)(?![a-z\d])"
_BETWEEN = r"[ ,]{1,2}(?:(?:and|then)[ ,]{1,2})?(?:an?\ )?"
_SPELLED_END = r"(?:[ ,]{1,2}(?:thanks|thank\ you|please|yeah|yep|ok|okay|mate|love))?\ ?(?:[.?!]|\n|\Z)"

_WRITTEN = r"""(?P<digits>\d++(?![\d:/.-]|st|nd|rd|th|am|pm|k|m))
  | (?P<stop>\d{1,2}:\d\d(?::\d\d)?(?!\d)
    | \d{1,2}\.\d\d(?=\ ?[ap]\.?m)
    | (?<!\d/)\d{1,2}/\d{1,2}/(?:19|20)?\d\d(?![/.-]?\d)
    | (?<!\d[.-])\d{1,2}(?P<by>[.-])\d{1,2}(?P=by)(?:19|20)\d\d(?![/.-]?\d)
    | (?:19|20)\d\d(?P<iso>[/.-])\d{1,2}(?P=iso)\d{1,2}(?![/.-]?\d)
    | \$\ ?\d[\d,]*(?:\.\d+)?
    | \d++(?:st|nd|rd|th|[ap]\.?m|k|km|kg|mg|ml|mins?|m)(?![a-z]))
  | (?P<more>\d++)
  | (?P<plus>\+)"""


def _spoken(hundred: str, alike: str) -> str:
    """Numbers in words; what may stand before "hundred" in place of a number, and what behind a homophone."""
    return rf"""\b(?:(?P<word>{_TEENS}|{_ONES})(?:(?![a-z]|'[a-z]{{2}})(?![ -](?:hundred|thousand){_END})
        (?!\ (?:moment|second|sec|minute|more){_END})
      |(?<=\bo)(?=\d))
    | (?P<times>{"|".join(TIMES)})[ -](?P<each>{_ONES}|\d)(?![a-z\d])
    | (?P<hundreds>(?:{_TEENS}|{_ONES}|a)[ -]
{hundred})hundred
        (?:\ and\ (?P<and>{_UP_TO_99}|{_ONES})|\ (?P<rest>{_UP_TO_99}))?{_END}
    | (?P<thousands>{_ONES})[ -]thousand{_END}
    | (?P<pause>one\ (?:moment|second|sec|minute|more){_END})
    | (?P<tens>{_TENS})(?:[ -](?P<unit>{_UNITS}){_END})?{_END}
    | (?P<alike>{_ALIKE})(?={alike})
    | (?P<said_plus>plus){_END})"""


_NO_NAME = r"(?!2(?!\d)(?:(?<=cv2)|(?<=cv[vcn]2)))"  # "CVV2" says no number yet
_AS_DIGITS = rf"(?=[\d$+]){_NO_NAME}(?:{_WRITTEN})"
_GOES_ON = rf"(?:{_ONES}|{'|'.join(TIMES)}){_END}"
_PLAIN = _spoken("", rf"\ {_GOES_ON}")
# Where a card is spoken of: "hundred and four", "won four seven", "three, one, for".
_LOOSE = _spoken(
    r"|(?=h)(?:(?<![a-z][ -])|(?<=\bis[ ])|(?<='s[ ])|(?<=\bu[mh][ ]))",
    rf"{_BETWEEN}{_ONE}|{_SPELLED_END}",
)
_CARD_HINTS = (
    "card", "code", "cv", "digit", "security", "vee", "c v", "v v", "c-v", "c/v", "the back", "visa", "amex",
)  # fmt: skip
WRITTEN = re.compile(_AS_DIGITS, re.VERBOSE)
SPOKEN, LOOSE = (re.compile(spoken, re.VERBOSE) for spoken in (_PLAIN, _LOOSE))
BOTH, BOTH_LOOSE = (re.compile(rf"{_AS_DIGITS}|{spoken}", re.VERBOSE) for spoken in (_PLAIN, _LOOSE))
# "for two one", "three, one, for", "a three, a one and a four": three or four digits up to a sentence's end.
_SPELLED = re.compile(rf"{_ONE}(?:{_BETWEEN}{_ONE}){{2,3}}{_SPELLED_END}")
_ALL_ALIKE = re.compile(rf"(?<![a-z])(?:{_ALIKE})(?:{_BETWEEN}(?:{_ALIKE})){{2,3}}{_SPELLED_END}")
_NEXT = re.compile(f" {_GOES_ON}")
_STOPS = frozenset(("stop",))
_PLUS = frozenset(("plus", "said_plus"))

# A shorter one that begins a longer one stands behind it: what was taken is not tried again.
_FILLER = (
    "m+-? ?hm+|uh-? ?huh|ta|cheers|righto|rightio|alrighty|okey doke|okie dokie|gotcha|noted|beautiful"
    "|excellent|wonderful|fantastic|awesome|brilliant|absolutely|of course|sure thing|too easy|no problem"
    "|no dramas|go for it|fire away|keep going|continue|proceed|i'm (?:listening|with you|ready|here)"
    "|still here|mate|love|darl|pardon|pardon me|i think|i believe|i reckon|you know|from memory|so far"
    "|so good|oh (?:god|gosh|sorry|dear|um|uh|yeah|yes)|followed by|after that|it goes"
    "|(?:it )?(?:ends|finishes) (?:in|with)"
    "|(?:just )?(?:hang on |hold on |give me )?(?:a|one|two)"
    " (?:secs?|seconds?|moment|minute|min|tick|mo|more time|more)"
    "|(?:first|last|next|final|other) (?:bit|lot|part|one|few|three|two|five|six|four|group|set)"
    "(?: digits?| numbers?| ones?)?"
    "|are|then the|did you say|you said|i have|i've got|is that|was that|what|what comes|what was it"
    "|where is it|here it is|(?:can|could) you (?:say|repeat) (?:that|it)(?: again)?"
    "|say (?:that|it) again|i missed that|i've got that|again|i'm writing it down"
    "|let me (?:write (?:that|it) down|get a pen|find it|read it|grab it|just grab it|have a look"
    "|turn it over)"
    "|it's|what's|that's|um+|uh+|er+m*|ah+|a+nd|then|dash|hyphen|space|dot|slash|comma|period|point|stop"
    "|so|yeah|yes|yep|yup|mm+|mhm|hmm+|huh|ok|okay|right|sure|alright|got|it|go|on|ahead|thanks|thank|you"
    "|great|perfect|cool|is|next|the|rest|please|like|well|i|see|carry|good|lovely|was|that|no worries"
    "|open|close|bracket|brackets|my bad|nah|oops|whoops|(?:i'll |let me )?start again|number|no|sorry"
    "|actually|i mean|scratch that|make that|correction|let me (?:think|see|check|look)|hang on|hold on"
    "|bear with me|what is it|wait|an?"
)
_LIGHT = re.compile(r"[ .,/\\()\-_;'*|~]*")
_GAP = re.compile(rf"(?:(?:{_FILLER})(?![a-z0-9])|[ .,/\\()\-_;:'*|~?!\n])*+")
_HESITATION = re.compile(r"(?:um+|uh+|er+m*|ah+|mm+|[ ,.\n-])*+")
_THING = re.compile(
    r"(?:the|this|that|new|old|green|blue|gold|yellow|other|another|right|wrong|same|only|first|last|which|any"
    r"|good|every|each|no) \Z"
)
_PART = re.compile(r"(?<![a-z])(?:first|last|next|final|other) \Z")  # "and the last three?"
_PART_END = re.compile(
    r"(?: digits?| numbers?| ones?)?(?: please| then)?(?:[?.,]|\n|\Z| (?:are|is|were|was)\b)"
)
_THE = re.compile(r"(?<![a-z])(?:the|those|little) \Z")
_ON_CARD = re.compile(r" (?:on|at|from|off) (?:the|your|my) (?:back|front|reverse|strip|card|signature)")
_DIGIT = re.compile(r"\d")
_UUID = re.compile(
    r"(?<![a-z0-9-])(?=[0-9-]*[a-f])[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(?![a-z0-9-])"
)
_UUID_DASHES = 4
_WORD = re.compile(r"[a-z]+")
NUMBER_WORDS = frozenset((*ONES, *TEENS, *TENS, *TIMES, "hundred", "plus"))
_COUNTED = (" digit", "-digit", " numbers", "-numbers", " figures")
_FEW_WORDS = 7
_FIRST_DIGITS = 3
MAX_ATOMS = 96
OVERLAP = 24
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

    def add(self, atom: Atom, turns: int) -> None:
        """Append an atom that follows after so many turns."""
        self.turns.append(self.turns[-1] + turns if self.turns else 0)
        self.atoms.append(atom)

    def tail(self) -> Run:
        """Start the next run of an endless one; it overlaps by more than any number has atoms."""
        return Run(self.atoms[-OVERLAP:], self.turns[-OVERLAP:])


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
    head = found["hundreds"].rstrip(" -")
    head = "1" if head in {"", "a"} else ONES.get(head) or TEENS[head]
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


def _outside_ids(
    numbers: Iterator[re.Match[str]], text: str, start: int, end: int
) -> Iterator[re.Match[str]]:
    """Leave out the digits of UUIDs: one in twenty-five has eight that look like a telephone number."""
    ids = _UUID.finditer(text, start, end)
    one = next(ids, None)
    for number in numbers:
        while one is not None and one.end() <= number.start():
            one = next(ids, None)
        if one is None or number.start() < one.start():
            yield number


def _found(doc: Doc) -> Iterator[re.Match[str]]:
    """Yield every number of a document; turns without a digit or a number word are passed over cheaply."""
    text = doc.text
    loose = any(hint in text for hint in _CARD_HINTS)
    spoken, both = (LOOSE, BOTH_LOOSE) if loose else (SPOKEN, BOTH)
    for turn, start in enumerate(doc.turn_starts):
        end = doc.turn_end(turn)
        words = _WORD.findall(text, start, end)
        said = not NUMBER_WORDS.isdisjoint(words) or (
            loose
            and len(words) <= _FEW_WORDS
            and not ALIKE.keys().isdisjoint(words)
            and bool(_ALL_ALIKE.search(text, start, end))
        )
        if _DIGIT.search(text, start, end):
            numbers = (both if said else WRITTEN).finditer(text, start, end)
            if text.count("-", start, end) >= _UUID_DASHES:
                numbers = _outside_ids(numbers, text, start, end)
            yield from numbers
        elif said:
            yield from spoken.finditer(text, start, end)


def runs(doc: Doc, check: Callable[[], None]) -> Iterator[Run]:
    """Yield every run of a document, in order. `check` is called now and then and may raise."""
    text = doc.text
    run = Run()
    plus = -1
    for found in _found(doc):
        kind = found.lastgroup
        start, end = found.span()
        if kind == "pause" or text.startswith(_COUNTED, end) or (kind == "word" and _is_part(found)):
            continue  # a number may go on behind each
        if kind in _PLUS:
            plus = end
            continue
        led = plus > 0 and 0 <= start - plus <= 1
        begins = (plus - (1 if text[plus - 1] == "+" else 4)) if led else start
        plus = -1
        joined = _joins(text, run.end, begins) if run.atoms else 0
        if run.atoms and (kind in _STOPS or joined < 0):
            check()
            yield run
            run, joined = Run(), 0
        if kind in _STOPS or (kind == "alike" and not _is_heard(run, text, start, end)):
            continue
        if kind == "word" and _is_thing(found, run, joined):
            continue
        if joined >= 0 and len(run.atoms) == 1 and _is_surprise(run.atoms[0], text, start):
            run, joined = Run(), 0
        spoken = kind not in {"digits", "more"}
        run.add(Atom(_said(found) if spoken else found[0], begins, end, spoken, led), joined)
        if len(run.atoms) >= MAX_ATOMS:
            check()
            yield run
            run = run.tail()
    if run.atoms:
        yield run


def _is_thing(found: re.Match[str], run: Run, joined: int) -> bool:
    """Whether "one" starts no number but stands for a thing: "it's the green one, five nine two"."""
    if found["word"] != "one" or (run.atoms and joined >= 0):
        return False
    return bool(_THING.search(found.string, max(0, found.start() - MAX_LIGHT), found.start()))


def _is_part(found: re.Match[str]) -> bool:
    """Whether it counts the digits to come: "and the last three?", "and the three on the back?"."""
    text, start, end = found.string, found.start(), found.end()
    return bool(
        (_PART.search(text, max(0, start - MAX_LIGHT), start) and _PART_END.match(text, end))
        or (_THE.search(text, max(0, start - MAX_LIGHT), start) and _ON_CARD.match(text, end))
    )


def _is_surprise(atom: Atom, text: str, start: int) -> bool:
    """Whether "oh" is no zero: "oh okay, it's 3470 17468 1"."""
    return text[atom.start : atom.end] == "oh" and not _HESITATION.fullmatch(text, atom.end, start)


def _is_heard(run: Run, text: str, start: int, end: int) -> bool:
    """Whether a homophone is a digit: between numbers in words, or with others and nothing more."""
    if (
        run.atoms
        and run.atoms[-1].spoken
        and text[run.atoms[-1].end : start] == " "
        and _NEXT.match(text, end)
    ):
        return True
    begins = (atom.start for atom in run.atoms[-_FIRST_DIGITS:] if "\n" not in text[atom.start : start])
    return any(_SPELLED.match(text, begin) for begin in (*begins, start))
