"""The letters of passports and licences: "PA1234567", "1234 AB", "alpha bravo one two three four".

A newcomer's likely mistake: taking any two letters beside four digits. "Bring your licence at 10 30 AM" has
them too.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .digits import Digits

_ALPHABET = (
    "(?:alfa|alpha|bravo|charlie|delta|echo|foxtrot|golf|hotel|india|juliet|juliett|kilo|lima|mike|november|oscar|papa"
    "|quebec|romeo|sierra|tango|uniform|victor|whiskey|whisky|x-?ray|yankee|zulu)(?![a-z])"
)
_BEFORE = re.compile(
    rf"(?:(?<![a-z])(?:{_ALPHABET}|capital [a-z])[ ,]{{1,2}}){{1,2}}\Z|(?<![a-z0-9'])[a-z]{{2}} \Z|"
    r"(?:(?<![a-z0-9'])[a-z](?: (?:for|as in) [a-z]{2,12})?[ ,.-]{1,2}){1,3}\Z|(?<![a-z0-9'])[a-z]{1,3}-?\Z"
)
_FAR = 48
_SHORT_WORDS = "a i is it no so of um uh oh ok to my or be am pm at in on by if we me us do go up as an he"
_WORDS = frozenset(_SHORT_WORDS.split())
_BEHIND = re.compile(
    rf"[a-z0-9]{{1,6}}(?![a-z0-9])|(?: [a-z]){{2}}(?![a-z0-9'])|(?:[ ,]{{1,2}}{_ALPHABET}){{2}}"
    rf"|[ ,]{{1,2}}{_ALPHABET}(?=[.,?!\n]|\Z)"
)
_SHORT = 4  # digits of a licence that has two letters beside them
_PAIR_BEFORE = re.compile(
    rf"(?<![a-z0-9'])(?:[a-z]{{2}}-?|(?:{_ALPHABET}[ ,]{{1,2}}){{2}}|"
    r"(?:[a-z](?: (?:for|as in) [a-z]{2,12})?[ ,.-]{1,2}){2}|(?P<word>[a-z]{2}) )\Z"
)
_PAIR_BEHIND = re.compile(
    rf"(?:-?[a-z]{{2}}|(?:[ ,]{{1,2}}{_ALPHABET}){{2}}|(?: [a-z]){{2}}| (?P<word>[a-z]{{2}}))(?![a-z0-9'])"
)
_STATES = frozenset(("sa", "wa", "nt"))
_YEAR = re.compile(r"(?:19|20)\d\d")


def with_letters(text: str, cased: str, start: int, end: int) -> tuple[int, int]:
    """Take the letters of a document number in: glued to the digits, or spelled beside them."""
    base = max(0, start - _FAR)
    before = _BEFORE.search(text, base, start)
    if before and (
        text[start - 1] not in " .-"
        or cased[before.start()].isupper()
        or before[0].rstrip(" ,.-") not in _WORDS
    ):
        start = before.start()
    behind = _BEHIND.match(text, end) or _pair(_PAIR_BEHIND.match(text, end), cased)
    return start, behind.end() if behind else end


def is_lettered(digits: Digits, start: int, end: int) -> bool:
    """Whether four digits have the two letters of a licence beside them: 1234AB (NSW), AB1234 (SA)."""
    if end - start != _SHORT or end not in digits.at:
        return False
    text, cased = digits.doc.text, digits.doc.cased
    first, last = digits.span(start, end)
    pairs = (_PAIR_BEFORE.search(text, max(0, first - _FAR), first), _PAIR_BEHIND.match(text, last))
    return any(
        pair is not None and not (pair["word"] and _YEAR.fullmatch(digits.text, start, end))
        for pair in (_pair(one, cased) for one in pairs)
    )


def _pair(found: re.Match[str] | None, cased: str) -> re.Match[str] | None:
    """Two letters with a space before the digits are a word unless they are capitals and no word."""
    if found is None or not found["word"]:
        return found
    word = found["word"]
    capitals = cased[found.start("word") : found.end("word")].isupper()
    return found if capitals and word not in _WORDS and word not in _STATES else None
