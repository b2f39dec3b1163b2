"""Dates of birth: a date, and words nearby that say it is a birth date.

A newcomer's likely mistake: marking every date. "13 March" is when people book; only a date that follows
"born", "date of birth" or "dob" (within two turns) counts, and the same date wherever it is said again.
A year alone is kept.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .marks import Find, Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .context import Context, Word
    from .fold import Doc

_MONTHS = (
    "january|february|march|april|may|june|july|august|september|october|november|december|jan|feb|mar|apr|jun|jul|aug|sept"
    "|sep|oct|nov|dec"
)
_ONES = "one|two|three|four|five|six|seven|eight|nine"
_SMALL = rf"{_ONES}|oh|zero|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen"
_TENS = "twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety"
_UNDER_100 = rf"(?:(?:{_TENS})(?:[ -](?:{_ONES}))?|(?:oh[ -])?(?:{_SMALL}))"
_ORDINAL = (
    "first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|eleventh|twelfth|thirteenth|fourteenth|fifteenth"
    "|sixteenth|seventeenth|eighteenth|nineteenth|twentieth"
    "|twenty[ -](?:first|second|third|fourth|fifth|sixth"
    "|seventh"
    "|eighth|ninth)|thirtieth|thirty[ -]first"
)
_DAY = rf"(?:\d{{1,2}}(?:st|nd|rd|th)?|{_ORDINAL}|{_UNDER_100})"
_YEAR = (
    rf"(?:(?:19|20)\d\d|'?\d\d(?!\d)|(?:nineteen|twenty)(?:[ -]hundred(?: and)?)?[ -]{_UNDER_100}"
    rf"|two thousand(?: and)?(?: {_UNDER_100})?|{_UNDER_100})"
)
_OF = r"(?:[ ,]{1,2}(?:of (?:the )?|the )?)"
DATE = re.compile(
    rf"(?<![\w])(?:(?P<iso>(?:19|20)\d\d[/. -]\d{{1,2}}[/. -]\d{{1,2}})"
    rf"|(?P<numbers>\d{{1,2}}[ ]?[/. -][ ]?\d{{1,2}}[ ]?[/. -][ ]?(?:(?:19|20)\d\d|\d\d))"
    rf"|(?P<joined>[0-3]\d[01]\d(?:19|20)\d\d|[0-3]\d[01]\d\d\d)"
    rf"|{_DAY}{_OF}(?:{_MONTHS})(?![a-z])\.?(?:{_OF}(?:in )?(?P<year>{_YEAR}))?"
    rf"|(?:{_MONTHS})\.?{_OF}{_DAY}(?:[ ,]{{1,2}}(?P<year_2>{_YEAR}))?"
    rf"|(?:{_ORDINAL}|\d{{1,2}}(?:st|nd|rd|th)){_OF}(?:{_ORDINAL}|\d{{1,2}}(?:st|nd|rd|th)|{_SMALL}){_OF}(?P<year_3>{_YEAR})"
    rf"|(?:(?:oh[ -])?(?:{_SMALL}|{_TENS}))(?:[ -](?:{_ONES}))?"
    rf"[ ,]{{1,2}}(?:(?:oh[ -])?(?:{_SMALL}))[ ,]{{1,2}}(?P<year_4>{_YEAR})"
    r")(?![\w])(?!:\d)"
)
_HINTS = ("born", "birth", "dob", "d.o", "d. o", "do b", "d o")
_REACH = 140
_TURNS = 2
_BEHIND = 60


def births(doc: Doc, context: Context, check: Callable[[], None]) -> Iterator[Find]:
    """Yield the date each birth word is about, and every repeat of it. `check` may raise."""
    if not any(hint in doc.text for hint in _HINTS):
        return
    said: set[str] = set()
    for word in _words(doc, context):
        check()
        found = _ahead(doc, word) or _behind(doc, word)
        if found:
            said.add(found[0])
            yield Find(found.start(), found.end(), Kind.DATE_OF_BIRTH)
    if said:
        for again in DATE.finditer(doc.text):
            if again[0] in said:
                yield Find(again.start(), again.end(), Kind.DATE_OF_BIRTH)


def _words(doc: Doc, context: Context) -> Iterator[Word]:
    for turn, start in enumerate(doc.turn_starts):
        said = doc.text[start : doc.turn_end(turn)]
        if any(hint in said for hint in _HINTS):
            yield from (word for word in context.words(turn) if word.label == "born")


def _ahead(doc: Doc, word: Word) -> re.Match[str] | None:
    turn = min(doc.turn_at(word.end) + _TURNS, len(doc.turn_starts) - 1)
    end = min(word.end + _REACH, doc.turn_end(turn))
    party = doc.text.startswith("birthday", word.start)
    for found in DATE.finditer(doc.text, word.end, end):
        if not party or _has_year(found):
            return found
    return None


def _behind(doc: Doc, word: Word) -> re.Match[str] | None:
    start = max(doc.turn_starts[doc.turn_at(word.start)], word.start - _BEHIND)
    last = None
    for found in DATE.finditer(doc.text, start, word.start):
        last = found if _has_year(found) else last
    return last


def _has_year(found: re.Match[str]) -> bool:
    return any(found[name] for name in ("iso", "numbers", "joined", "year", "year_2", "year_3", "year_4"))
