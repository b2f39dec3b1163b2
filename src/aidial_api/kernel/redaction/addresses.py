"""Street addresses: number, name, street type; unit or level before; suburb, state, postcode behind.

A newcomer's likely mistake: searching for street types. "A 5 minute drive" and "2 people, any place" have
them too; the search starts from numbers, and an everyday word as a type needs a capital or the word address.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .marks import Find, Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .atoms import Run
    from .fold import Doc

_TYPES = (
    "street|str|st|road|rd|avenue|aven?|av|boulevard|blvd|bvd|lane|ln|highway|hwy|crescent|cres|cr|terrace|tce|parade|pde"
    "|esplanade|esp|broadway|freeway|fwy|parkway|pkwy|circuit|cct|alley|quay|promenade|prom|arcade|mews|boardwalk|causeway"
    "|dr(?!\\.)|crt|ct|cl|pl|sq|gr|grv|hwy|el camino real|close of"
)
_EVERYDAY = (
    "drive|court|place|close|way|grove|square|park|row|rise|walk|loop|link|mall|point|circle|gardens|green|view|ridge|run"
    "|hill|end|gate|track|vista|retreat|plaza|wharf|parklands"
)
_STOP = (
    "am|pm|a|an|on|in|at|for|to|of|from|with|and|or|by|is|are|was|i|you|we|they|he|she|it|my|your|our|their|his|her|people"
    "|person|persons|minutes?|mins?|hours?|hrs?|days?|weeks?|months?|years?|o'clock|dollars|percent|stars?|km|kms"
    "|kilomet(?:re|er)s?|met(?:re|er)s?|miles?|doors?|blocks?|seats?|tables?|adults?|kids|children|guests?|appointments?"
    "|please|thanks|that|this|there|near|off|down|up|one|two|three|more|other|times?|available|open|rating|average|best"
    "|only|just|not|no|yes|but|if|so|then|when|where|can|will|would|has|have|be|do|does|what|which|call|number"
)
_NAME = (
    rf"(?:(?!(?:{_STOP})(?![\w'])|(?:north|south|east|west)? ?(?:{_TYPES})[ ,.])"
    r"(?:(?:st|mt)\.|[a-z][a-z'-]{0,24}|\d{1,3}(?:st|nd|rd|th)) )"
)
_HEAD = r"[a-z]?(?:[-/]\d{1,5}[a-z]?)?,? "
STREET = re.compile(
    rf"{_HEAD}(?:(?P<names>{_NAME}{{1,5}})(?:(?P<type>{_TYPES})|(?P<everyday>{_EVERYDAY}))"
    rf"|(?P<named>(?:east |west |north |south |[ewns] )?"
    rf"(?:el camino real|broadway(?: ave(?:nue)?)?|(?:camino|via|calle|rue) [a-z]{{3,}}))"
    rf"|(?P<the>the (?:esplanade|avenue|parade|boulevard|strand|terrace|crescent|corso|promenade|grand)))"
    r"(?![\w'])"
)
_SUB = (
    r"(?:,? ?(?:(?:# ?|suite #?|ste |unit |apt |apartment |level |floor |building #?|shop )"
    r"(?:[a-z]?-?\d{1,5}[a-z]?|[a-z])(?![\w])"
    r"| [a-z]-?\d{1,4}(?!\w)| [a-z](?=[.,?!\n]|$)|\d(?:st|nd|rd|th) floor"
    r"| (?:north|south|east|west|n|s|e|w)(?=[ ,.#]|$))){0,3}"
)
_SUB_TAIL = re.compile(_SUB)
_STATE = (
    r"(?:nsw|vic|qld|tas|act|nt|wa|sa|new south wales|victoria|queensland|tasmania|south australia"
    r"|western australia|northern territory)(?!\w)"
)
_TAIL = re.compile(
    rf",? (?:[a-z][a-z'-]{{1,20}},? ){{0,3}}?(?:{_STATE}(?:,? \d{{4}}(?!\d))?|(?P<code>\d{{4}})(?![\d:]))"
)
_SUBURB = re.compile(r", ((?:[A-Z][a-z'-]{2,20})(?: [A-Z][a-z'-]{2,20}){0,2})(?=[.,?!\n]|$)")
_NOT_A_SUBURB = frozenset(
    [
        "Thanks",
        "Please",
        "Yes",
        "Okay",
        "Ok",
        "Right",
        "Correct",
        "Sure",
        "And",
        "But",
        "Sorry",
        "Great",
        "Is",
        "Thank",
    ]
)
_UNIT = re.compile(
    r"(?:unit|apartment|apt|flat|villa|townhouse|suite|ste|shop|level|floor|lot|house|no|number"
    r"|street number|room|building)"
    r"\.? ?(?:no\.? ?|number |#)?$"
)
_CALLED = re.compile(r"address|live[sd]? (?:at|on)|living at|located|home is|deliver|house|residen")
BOX = re.compile(
    r"\b(?:g\.?p\.?o\.?|p\.? ?o\.?|post office|locked|private) ?(?:box|bag) (?:number |no\.? ?)?"
    r"(?:\d{1,6}|(?:(?:one|two|three|four|five|six|seven|eight|nine|oh|zero|double|triple)[ ]?){1,8})(?!\w)"
)
_MOST_ATOMS = 6
_MOST_DIGITS = 6


def addresses(doc: Doc, runs: list[Run]) -> Iterator[Find]:
    """Yield street addresses behind each run of digits, and post office boxes."""
    for run in runs:
        for index in (len(run.atoms) - 1,):
            found = STREET.match(doc.text, run.atoms[index].end)
            if found and _is_street(doc, run, found):
                yield Find(_start(doc, run), _end(doc, found.end()), Kind.ADDRESS)
    if "box" in doc.text or "bag" in doc.text:
        for box in BOX.finditer(doc.text):
            yield Find(box.start(), _end(doc, box.end()), Kind.ADDRESS)


def _is_street(doc: Doc, run: Run, found: re.Match[str]) -> bool:
    if len(run.atoms[-1].digits) >= _MOST_DIGITS:
        return False
    if not found["everyday"]:
        return True
    names = doc.cased[found.start("names") : found.end("names")]
    return names[:1].isupper() or bool(_CALLED.search(doc.text, max(0, run.start - 60), run.start))


def _start(doc: Doc, run: Run) -> int:
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
    unit = _UNIT.search(doc.text[max(0, start - 24) : start])
    if unit and (unit.start() == 0 or not doc.text[max(0, start - 24) + unit.start() - 1].isalnum()):
        start = max(0, start - 24) + unit.start()
        level = re.search(r"(?:level|unit|shop|suite) \w{1,4}, ?$", doc.text[max(0, start - 20) : start])
        start -= len(level[0]) if level else 0
    return start


def _end(doc: Doc, end: int) -> int:
    sub = _SUB_TAIL.match(doc.text, end)
    end = sub.end() if sub else end
    tail = _TAIL.match(doc.text, end)
    if tail and not (tail["code"] and not _capitals(doc.cased[end : tail.start("code")])):
        return tail.end()
    suburb = _SUBURB.match(doc.cased, end)
    return suburb.end() if suburb and suburb[1].split()[0] not in _NOT_A_SUBURB else end


def _capitals(suburb: str) -> bool:
    words = suburb.replace(",", " ").split()
    return bool(words) and all(word[0].isupper() for word in words)
