"""E-mail addresses, written ("john@x.com") and spoken ("john dot smith at gmail dot com").

A newcomer's likely mistake: one pattern for the whole address, which is quadratic. Each `@` or ` at ` is an
anchor: the domain is matched to its right, the rest is collected word by word to its left.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .marks import Find, Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

_TLDS = (
    "com|net|org|edu|gov|au|nz|uk|co|io|me|info|biz|app|dev|ai|us|ca|id|asn|email|cloud|online|clinic|dental|health|tech"
    "|melbourne|sydney|de|fr|in|jp|cn|example|test|invalid|local"
)
_DOT = r"(?:\.|[ \n]dot[ \n]|[ \n]point[ \n]|[ ]\.[ ])"
_WRITTEN = re.compile(
    rf" ?(?:[^\W_][\w-]{{0,62}}{_DOT}){{1,6}}[^\W\d_][\w-]{{0,24}}|\w[\w-]{{0,62}}(?=[\s,]|$)"
)
_SPOKEN = re.compile(
    rf"[ \n](?:the[ ])?(?:[^\W_][\w-]{{0,62}}(?:[ ](?:dash|hyphen)[ ]\w{{1,62}}|[ ]\w{{1,20}})?"
    rf"{_DOT}){{1,4}}(?:{_TLDS})(?!\w)"
)
_SAID_AT = (" at ", " at\n", "\nat ", " (at) ", " [at] ")
_WORD_BEFORE = re.compile(r"[\w.%+'-]+$")
_JOINER = {"dot", "underscore", "dash", "hyphen", "plus", "point", "period", "minus"}
_NUMBER = frozenset(
    [
        "zero",
        "oh",
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "eleven",
        "twelve",
        "thirteen",
        "fourteen",
        "fifteen",
        "sixteen",
        "seventeen",
        "eighteen",
        "nineteen",
        "twenty",
        "thirty",
        "forty",
        "fifty",
        "sixty",
        "seventy",
        "eighty",
        "ninety",
        "double",
        "triple",
    ]
)
_NOT_A_NAME = frozenset(
    [
        "us",
        "me",
        "look",
        "is",
        "it",
        "website",
        "site",
        "online",
        "them",
        "available",
        "open",
        "out",
        "visit",
        "page",
        "up",
        "here",
        "there",
        "booked",
        "order",
        "buy",
        "him",
        "her",
        "you",
        "we",
        "on",
        "find",
        "shop",
        "live",
        "looking",
        "be",
        "are",
        "was",
        "see",
        "go",
        "book",
        "that",
        "this",
        "and",
        "or",
        "so",
        "they",
        "one",
        "app",
        "blog",
        "also",
        "work",
        "works",
        "emails",
        "mail",
        "email",
        "e-mail",
    ]
)
_NAMES = re.compile(
    r"(?:mail(?: address)?(?: is| to|,|:)?|it's|it is|that's|that is) ((?:[a-z]{2,20} ){1,2})$"
)
_LEFT = 90
_LOCAL = 64
_WORDS = 24


def emails(text: str) -> Iterator[Find]:
    """Yield every e-mail address of a folded text."""
    for at in _places(text, "@"):
        found = _written(text, at)
        if found:
            yield Find(*found, Kind.EMAIL)
    for said in _SAID_AT:
        for at in _places(text, said):
            found = _spoken(text, at, said)
            if found:
                yield Find(*found, Kind.EMAIL)


def _places(text: str, what: str) -> Iterator[int]:
    at = text.find(what)
    while at >= 0:
        yield at
        at = text.find(what, at + 1)


def _written(text: str, at: int) -> tuple[int, int] | None:
    domain = _WRITTEN.match(text, at + 1)
    left = at - 1 if text[at - 1 : at] == " " else at
    local = _WORD_BEFORE.search(text[max(0, left - _LOCAL) : left])
    if not domain or not local or (left != at and "." not in domain[0]):
        return None
    start = (
        _local_start(text, left)
        if left != at or "dot " in text[max(0, left - _LEFT) : left]
        else left - len(local[0])
    )
    start = min(start if start is not None else left, left - len(local[0]))
    return start, domain.end()


def _spoken(text: str, at: int, said: str) -> tuple[int, int] | None:
    domain = _SPOKEN.match(text, at + len(said) - 1)
    if not domain:
        return None
    start = _local_start(text, at)
    if start is None:
        return None
    names = _NAMES.search(text[max(0, start - _LEFT) : start])
    return start - len(names[1]) if names else start, domain.end()


def _local_start(text: str, end: int) -> int | None:
    """Collect the part before the "at": one word, and what is joined to it or spelled out before it."""
    start, taken, pending = end, 0, True
    joined = False
    while taken < _WORDS and end - start < _LEFT:
        edge = start - 1 if taken and text[start - 1 : start] in {" ", "\n", ","} else start
        edge -= taken > 0 and edge > 0 and text[edge - 1] == ","
        word = _WORD_BEFORE.search(text[max(0, edge - _LOCAL) : edge])
        if not word or (taken and edge == start):
            break
        said = word[0]
        spelled = len(said) == 1 or said in _NUMBER or said.isdigit()
        if not (pending or spelled or said in _JOINER):
            break
        if not taken and said in _NOT_A_NAME:
            return None
        joined = joined or said in _JOINER or spelled
        pending = said in _JOINER or (taken == 0 and spelled)
        start, taken = edge - len(said), taken + 1
    return start if taken else None
