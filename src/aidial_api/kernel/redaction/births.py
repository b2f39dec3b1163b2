"""Dates of birth: a date, and words nearby that say it is a birth date.

A newcomer's likely mistake: marking every date. "13 March" is when people book; only a date that follows
"born", "date of birth" or "dob" (within two turns) counts, and the same date wherever it is said again.
A year alone is kept, and so is a date without one behind its day of the week. People book for birthdays: a
birthday's date without its year counts only as an answer, "your birthday?" - "14/3", or behind "birthday is".
"""

from __future__ import annotations

import re
from itertools import chain
from typing import TYPE_CHECKING

from .asked import is_measured
from .fold import Doc
from .marks import Find, Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .context import Context, Word

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
    rf"|two thousand(?: and)?(?: {_UNDER_100})?|double (?:oh|o|zero)|{_UNDER_100})"
)
_HEARD = r"\n(?:yep|yes|yeah|ok|okay|right|mm|mhm|uh-? ?huh|and)[.,?]?\n"
_OF = rf"(?:(?:[ ,\n]{{1,2}}|{_HEARD})(?:of (?:the )?|the )?)"
_CUT = rf"(?:[ ]?[/. \n-][ ]?|{_HEARD})"
_MONTH_AND_DAY = r"(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"
DATE = re.compile(
    rf"(?<![\w])(?:(?P<iso>(?:19|20)\d\d(?:[/. -]\d{{1,2}}[/. -]\d{{1,2}}|{_MONTH_AND_DAY}))"
    rf"|(?P<numbers>\d{{1,2}}{_CUT}\d{{1,2}}{_CUT}(?:(?:19|20)\d\d|\d\d))"
    rf"|(?P<named>\d{{1,2}}[/.-]?(?:{_MONTHS})[/.-]?(?:(?:19|20)\d\d|\d\d))"
    rf"|(?P<joined>[0-3]\d[01]\d(?:19|20)\d\d|[0-3]\d[01]\d\d\d)"
    rf"|{_DAY}{_OF}(?:{_MONTHS})(?![a-z])\.?(?:{_OF}(?:in )?(?P<year>{_YEAR}))?"
    rf"|(?:christmas|valentine'?s|boxing|anzac|australia|new year'?s?) (?:day|eve)"
    rf"(?:{_OF}(?P<year_5>{_YEAR}))?"
    rf"|(?:{_MONTHS})\.?{_OF}{_DAY}(?:[ ,\n]{{1,2}}(?P<year_2>{_YEAR}))?"
    rf"|(?:{_ORDINAL}|\d{{1,2}}(?:st|nd|rd|th)){_OF}(?:{_ORDINAL}|\d{{1,2}}(?:st|nd|rd|th)|{_SMALL}){_OF}(?P<year_3>{_YEAR})"
    rf"|(?:(?:oh[ -])?(?:{_SMALL}|{_TENS}))(?:[ -](?:{_ONES}))?"
    rf"[ ,\n]{{1,2}}(?:slash )?(?:(?:oh[ -])?(?:{_SMALL}))[ ,\n]{{1,2}}(?:slash )?(?P<year_4>{_YEAR})"
    r")(?![\w])(?!:\d)"
)
_YEAR_TURN = re.compile(rf"(?:(?:um|uh|oh|yeah|it's|in|of)[ ,]{{1,2}}){{0,3}}(?P<year>{_YEAR})[ .,?]{{0,2}}")
_DAY_MONTH = re.compile(
    r"(?:(?:(?:0?[1-9]|[12]\d|3[01])[/.-](?:0?[1-9]|1[0-2])"
    r"|(?:0?[1-9]|1[0-2])[/.-](?:0?[1-9]|[12]\d|3[01]))(?![/.:-]?\d)"
    r"(?! (?:an?|past|price|of|pm|am|for|start|o'clock)(?!\w))"
    rf"|(?:{_ORDINAL}|\d{{1,2}}(?:st|nd|rd|th)){_OF}(?:{_ORDINAL}|\d{{1,2}}(?:st|nd|rd|th)))(?!\w)"
)
_IS = re.compile(r"(?:'s| is| was|:| -|,)? (?:on )?(?:the )?")
_DOTTED = re.compile(r"\d{1,2}[.-]\d")
_NO_MORE = re.compile(r"[ .?!,]*(?:\n|\Z)")
_PARTY_IS = re.compile(r"(?:'s| is| was|:) (?:the )?")
_ASKED_END = re.compile(r"[^\n\d]{0,24}\n")
_WHOSE = re.compile(r"(?:(?:your|his|her|their|[a-z]'s) |(?:^|\n)(?:and )?)\Z")
_FOR = re.compile(
    r"(?:for|on|before|after|around|near|it|it's|happy|until|by|since|about|celebrat[a-z]*|of)"
    r" (?:(?:your|his|her|their|my|the|our) )?(?:[a-z]+'s )?\Z"
)
_FOR_LONG = 40
_ANSWER = re.compile(
    r"(?:(?:it's|it is|that's|that is|um+|uh+|yes|yeah|yep|sure|so|oh|ok|okay|my birthday is|mine is"
    r"|mine's|on|the)[ ,.]{1,2}){0,5}"
)
_FEW_WORDS = 4
_ANSWER_TURNS = 3
_COUNTED = re.compile(r"how (?:many|much|old|long)|what time|guests|people")
_HINTS = ("born", "birth", "dob", "d.o", "d. o", "do b", "d o")
_REACH = 140
_TURNS = 4  # it starts within so many turns of the word,
_GOES_ON = 4  # and may go on for so many more: "14", "yep", "2", "yep", "1986"
_BEHIND = 60
_WEEKDAY = re.compile(r"(?:mon|tues|wednes|thurs|fri|satur|sun)day,?(?: the)?[ \n]$")
_BEFORE = 16


def has_full_date(text: str) -> bool:
    """Whether a text holds a date with its year, whatever it is the date of."""
    return any(_has_year(found) for found in DATE.finditer(Doc([text]).text))


def births(doc: Doc, context: Context, check: Callable[[], None]) -> Iterator[Find]:
    """Yield the date each birth word is about, and every repeat of it. `check` may raise."""
    if not any(hint in doc.text for hint in _HINTS):
        return
    said: set[str] = set()
    for word in _words(doc, context):
        check()
        found = _answer(doc, word) or _ahead(doc, word) or _behind(doc, word)
        if found:
            said.add(_plain(found))
            yield Find(found.start(), found.end(), Kind.DATE_OF_BIRTH)
            year = None if _has_year(found) else _year_behind(doc, found)
            if year:
                yield Find(*year.span("year"), Kind.DATE_OF_BIRTH)
    if said:
        for again in chain(DATE.finditer(doc.text), _DAY_MONTH.finditer(doc.text)):
            if _plain(again) in said:
                yield Find(again.start(), again.end(), Kind.DATE_OF_BIRTH)


def _words(doc: Doc, context: Context) -> Iterator[Word]:
    for turn, start in enumerate(doc.turn_starts):
        said = doc.text[start : doc.turn_end(turn)]
        if any(hint in said for hint in _HINTS):
            yield from (word for word in context.words(turn) if word.label == "born")


def _is_party(doc: Doc, word: Word) -> bool:
    return doc.text.startswith("birthday", word.start)


def _answer(doc: Doc, word: Word) -> re.Match[str] | None:
    """The date right behind the word, or what the next turn begins with when the word ends a question."""
    text = doc.text
    party = _is_party(doc, word)
    said = (_PARTY_IS if party else _IS).match(text, word.end)
    found = _date_at(doc, said.end()) if said else None
    asked = None if found else _ASKED_END.match(text, word.end)
    if not asked or (party and not _is_somebodys(text, word.start)):
        return found
    turn = doc.turn_at(word.start)
    for later in range(turn + 1, min(turn + _ANSWER_TURNS + 1, len(doc.turn_starts))):
        talk = _ANSWER.match(text, doc.turn_starts[later])
        found = _date_at(doc, talk.end()) if talk else None
        if found or len(text[doc.turn_starts[later] : doc.turn_end(later)].split()) > _FEW_WORDS:
            return found
    return None


def _date_at(doc: Doc, at: int) -> re.Match[str] | None:
    found = DATE.match(doc.text, at)
    if found:
        return found
    found = _DAY_MONTH.match(doc.text, at)  # no quantity: "born 3/4 hours later"
    if found is None or is_measured(doc, found.end()):
        return None
    # "Born 3.2 kilograms", "birthday is 7.15": with a dot only where nothing follows.
    return None if _DOTTED.match(found[0]) and not _NO_MORE.match(doc.text, found.end()) else found


def _is_somebodys(text: str, at: int) -> bool:
    """Whether "birthday" asks when it is, and does not say what for: "is it for your birthday?"."""
    before = max(0, at - _FOR_LONG)
    return bool(_WHOSE.search(text, before, at)) and not _FOR.search(text, before, at)


def _ahead(doc: Doc, word: Word) -> re.Match[str] | None:
    last = len(doc.turn_starts) - 1
    turn = doc.turn_at(word.end)
    begins = doc.turn_end(min(turn + _TURNS, last))
    end = min(word.end + _REACH, doc.turn_end(min(turn + _TURNS + _GOES_ON, last)))
    party = _is_party(doc, word)
    for found in DATE.finditer(doc.text, word.end, end):
        if found.start() > begins:
            return None
        if _has_year(found) or not (party or _is_appointment(doc, found)):
            return found
    return None


def _is_appointment(doc: Doc, found: re.Match[str]) -> bool:
    """Whether a date without a year is that of a day of the week: "Wednesday the second of December"."""
    before = doc.text[max(0, found.start() - _BEFORE) : found.start()]
    return _WEEKDAY.search(before) is not None and _year_behind(doc, found) is None


def _behind(doc: Doc, word: Word) -> re.Match[str] | None:
    turn = doc.turn_at(word.start)
    start = max(doc.turn_starts[turn], word.start - _BEHIND)
    last = None
    for found in DATE.finditer(doc.text, start, word.start):
        last = found if _has_year(found) else last
    return last or (_ending(doc, turn - 1) if turn else None)


def _ending(doc: Doc, turn: int) -> re.Match[str] | None:
    """The date that ends a turn: "14/2/1986" - "is that your date of birth?"."""
    end = doc.turn_end(turn)
    for found in DATE.finditer(doc.text, max(doc.turn_starts[turn], end - _BEHIND), end):
        if _has_year(found) and not doc.text[found.end() : end].strip(" .?,"):
            return found
    return None


def _plain(found: re.Match[str]) -> str:
    """The date with its punctuation and spaces made alike."""
    return " ".join(re.split(r"[\s,.]+", found[0]))


def _year_behind(doc: Doc, found: re.Match[str]) -> re.Match[str] | None:
    """A turn of a year alone, soon after a birth date without one."""
    turn = doc.turn_at(found.start())
    for later in range(turn + 1, min(turn + _GOES_ON + 1, len(doc.turn_starts))):
        end = doc.turn_end(later - 1)
        if _COUNTED.search(doc.text, max(doc.turn_starts[later - 1], end - _BEHIND), end):
            return None
        year = _YEAR_TURN.fullmatch(doc.text, doc.turn_starts[later], doc.turn_end(later))
        if year:
            return year
    return None


def _has_year(found: re.Match[str]) -> bool:
    groups = found.groupdict()
    return any(
        groups.get(name)
        for name in ("iso", "numbers", "named", "joined", "year", "year_2", "year_3", "year_4", "year_5")
    )
