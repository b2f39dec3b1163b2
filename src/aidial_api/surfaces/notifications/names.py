"""Names of people in what was said, hidden where a project wants personal details masked.

The one thing a newcomer would get wrong: this is not redaction, and it is not whole. Nobody can tell every
name from a word. Hidden are the names by which people introduce themselves or are addressed, wherever they
come again and however they are written. What is said after "my name is" is a name in any letters; after "I'm"
or "this is", which mostly stand before other words, it is one when it is written like a name, and in a text
whose letters do not tell when it is a given name that everybody knows.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Final

from aidial_api.surfaces.notifications.given_names import GIVEN_NAMES

HIDDEN: Final = "[NAME]"
_WORD: Final = r"[^\W\d_][\w'\u2019-]*\w"
# Looked at and not taken: "speaking with Mr Quimby" begins a name twice.
_WORDS: Final = rf"(?=({_WORD}(?:[^\S\n]+{_WORD}){{0,2}}))"
_SURE: Final = re.compile(
    r"\b(?:my name is|my name['\u2019]s|the name is|the name['\u2019]s|name is|under the name(?: of)?)"
    rf"\s+{_WORDS}",
    re.IGNORECASE,
)
"""What comes after is a name, however its letters are written."""
_TITLES: Final = frozenset({"mr", "mrs", "ms", "miss", "dr", "mx"})
_LIKELY: Final = (
    re.compile(
        r"\b(?:this is|i am|i['\u2019]m|it['\u2019]s|call me|speaking (?:with|to)|for a)"
        rf"\s+{_WORDS}",
        re.IGNORECASE,
    ),
    re.compile(rf"\b(?:thanks|thank you|hello|hi|hey|goodbye|bye),?\s+{_WORDS}", re.IGNORECASE),
    re.compile(rf"\b(?:{'|'.join(sorted(_TITLES))})\b\.?\s+{_WORDS}", re.IGNORECASE),
)
"""What comes after is a name if it begins like one, in a text whose letters tell."""
_POSSESSIVE: Final = re.compile(r"['\u2019]s?$", re.IGNORECASE)
_NO_NAMES: Final = frozenset(
    word
    for line in (
        "a abn about acn address afternoon again ah all also am an and any are at back bit booked booking",
        "but by call called caller calling can card could cvv date day december did do email evening",
        "february fine for friday from good great had has have he hello her here hi his how i if in is it",
        "january july just know licence like looking march me medicare monday morning my name need new no",
        "not november now number october of oh ok okay on or our outside passport phone please pm really",
        "right ringing saturday september she so sorry speaking spelled spelt sunday sure tfn thank",
        "thanks that the their then there they this thursday to today tomorrow trying tuesday um unknown",
        "was we wednesday well were what when where which who with would yeah yes yesterday you your",
    )
    for word in line.split()
)
_AFTER_A_NAME: Final = re.compile(
    r"[^\S\n]*(?:$|[^\w\s]|\n|(?:and|at|calling|from|here|i|ringing|speaking)\b)", re.IGNORECASE
)
"""What follows somebody who has said their whole name."""
_NO_SURNAME: Final = re.compile(r"(?:ing|ed|ly)$", re.IGNORECASE)
_NAMES_TOO: Final = frozenset({"april", "august", "june", "may", "will"})
"""Words of every day that are names after a sure introduction, and hidden only as they were written there."""


def names_in(texts: Iterable[str]) -> list[str]:
    """The names that texts introduce or address somebody by, the longest first."""
    found: dict[str, str] = {}
    for given in texts:
        text = unicodedata.normalize("NFC", given)
        for match in _SURE.finditer(text):
            found.update((name.casefold(), name) for name in _sure(match[1]))
        for pattern in _LIKELY:
            for match in pattern.finditer(text):
                found.update((name.casefold(), name) for name in _known(match[1], text[match.start(1) :]))
                if not text.isupper():  # there every word is written like a name
                    found.update((name.casefold(), name) for name in _written_as_names(match[1]))
    return sorted(found.values(), key=lambda name: (-len(name), name))


def _sure(words: str) -> Iterator[str]:
    """The words up to one that is no name; those after a capital are names as long as they have one too."""
    first = words[0]
    if first != first.lower() and not words.isupper():
        yield from _written_as_names(words, sure=True)
        return
    for word in words.split():
        if word.casefold() in _TITLES:
            continue
        if _is_no_name(word) or word.casefold() in _NAMES_TOO:
            return
        yield _POSSESSIVE.sub("", word)


def _written_as_names(words: str, *, sure: bool = False) -> Iterator[str]:
    for word in words.split():
        if word.casefold() in _TITLES:
            continue
        # Letters without two cases are no capitals and no small ones: a name in them is taken.
        if word[0] == word[0].lower() != word[0].upper() or _is_no_name(word):
            return
        if word.casefold() in _NAMES_TOO and not sure:
            return
        yield _POSSESSIVE.sub("", word)


def _known(words: str, rest: str) -> Iterator[str]:
    """A given name that everybody knows, in any letters, and a surname when nothing else is said after it."""
    named = [word for word in words.split() if word.casefold() not in _TITLES]
    first = _POSSESSIVE.sub("", named[0]) if named else ""
    if not any(part in GIVEN_NAMES for part in first.casefold().split("-")):
        return
    yield first
    if first != named[0] or len(named) == 1:
        return
    surname = _POSSESSIVE.sub("", named[1])
    after = rest[rest.index(named[1], rest.index(named[0]) + len(named[0])) + len(named[1]) :]
    if not _is_no_name(surname) and not _NO_SURNAME.search(surname) and _AFTER_A_NAME.match(after):
        yield surname


def _is_no_name(word: str) -> bool:
    """A word of every day, or a short form of two, such as `I'm`."""
    start = re.split(r"['\u2019]", word.casefold(), maxsplit=1)[0]
    return start in _NO_NAMES


def without_names(text: str, names: Iterable[str]) -> str:
    """The text with each of the names hidden, wherever it is a word of its own, in any letters."""
    listed = [
        f"(?-i:{re.escape(name)})" if name.casefold() in _NAMES_TOO else re.escape(name)
        for name in names
        if name
    ]
    if not listed:
        return text
    whole = unicodedata.normalize("NFC", text)
    hidden = re.sub(rf"(?<!\w)(?:{'|'.join(listed)})(?!\w)", HIDDEN, whole, flags=re.IGNORECASE)
    return re.sub(rf"{re.escape(HIDDEN)}(?:\s+{re.escape(HIDDEN)})+", HIDDEN, hidden)
