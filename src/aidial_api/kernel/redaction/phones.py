"""Phone numbers from the digits of a run.

A newcomer's likely mistake: asking `phonenumbers` first. It is asked only about numbers with a foreign
country code; the rest is decided by shape, because a misheard number is still somebody's number.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import phonenumbers

from .identifiers import names_another

if TYPE_CHECKING:
    from .digits import Digits

CALLED = ("phone", "number")
# Australian: whatever stands around it, a number of this shape is a phone number.
STRONG = re.compile(
    r"(?:(?:00(?:11)?)?61(?:0?[2-578]\d{8}|1[389]00\d{6}|13\d{4}(?!\d))|0[2-578]\d{8}|1(?:[38]00|80[1-9]|90[0-9])\d{6})"
)
_ABROAD = re.compile(r"0011[1-9]\d{6,13}")
_AMERICAN = re.compile(r"1?[2-9][0-8]\d[2-9]\d{6}")
_SHORT = re.compile(r"13\d{4}")
_YEARS = re.compile(r"(?:19|20)\d\d(?:19|20)\d\d")
_MISHEARD = re.compile(r"0[2-578]\d{7,9}")
_UNIT = re.compile(r" ?(?:dollars|bucks|cents|percent|%|years|people|kilomet|metres|square|grams|million)")
_GROUPS_13 = {(2, 2, 2), (2, 1, 1, 1, 1), (2, 4)}  # "131 122" and "131122" have to be called
_GROUPS_AMERICAN = {
    (3, 3, 4),
    (1, 3, 3, 4),
    (3, 7),
    (6, 4),
    (1, 10),
    (10,),
    (11,),
    (3, 3, 2, 2),
    (1, 3, 3, 2, 2),
}
_LOCAL = 8
_SEVEN = (3, 4)
_LONGEST = 15


def strong(digits: Digits, start: int) -> int:
    """Where a number that is a phone number by shape alone ends, or 0."""
    if digits.atoms[digits.at[start]].plus:
        return _international(digits, start)
    text = digits.text
    found = STRONG.match(text, start)
    if found and found.end() in digits.at:
        if text[start] == "1" and digits.label(start, found.end()) == "neg":
            return 0
        return found.end()
    found = _ABROAD.match(text, start)
    if found:
        return _longest_possible(digits, start, start + 4)
    return 0


def _international(digits: Digits, start: int) -> int:
    found = STRONG.match(digits.text, start)
    if found and found.end() in digits.at and digits.text[start] == "6":
        return found.end()
    return _longest_possible(digits, start, start)


def _longest_possible(digits: Digits, start: int, code: int) -> int:
    """Prefer the longest possible end that is a valid number; else the longest that could be one."""
    ends = [end for end in digits.at if start + 8 <= end <= code + _LONGEST and end > code]
    for end in sorted(ends, reverse=True):
        try:
            number = phonenumbers.parse("+" + digits.text[code:end])
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(number):
            return end
    return max(ends, default=0)


def weak(digits: Digits, start: int, taken: int, label: str) -> int:
    """Where a number ends that has the shape of a phone number and could be something else, or 0.

    `label` is what the words around it say.
    """
    text = digits.text
    end = len(text)
    if label == "neg" or digits.glued(start, end):
        return 0
    found = _AMERICAN.match(text, start)
    if found and found.end() in digits.at and _is_american(digits, start, found.end(), taken, label):
        return found.end()
    if start not in {0, taken} and label not in CALLED:
        return 0
    groups = digits.groups(start, end)
    if _SHORT.fullmatch(text, start) and (groups in _GROUPS_13 or label in CALLED):
        return end
    return end if _is_local(digits, start, groups, label) else 0


def called(digits: Digits, start: int, taken: int, label: str) -> int:
    """Where a number ends that is called a phone number, or is one digit off a shape, or 0."""
    end = len(digits.text)
    if label == "neg" or start not in {0, taken} or digits.glued(start, end):
        return 0
    groups = digits.groups(start, end)
    if len(groups) > 1 and _MISHEARD.fullmatch(digits.text, start):
        return end
    return end if label in CALLED and _fits(digits, start, end - start, groups) else 0


def _is_american(digits: Digits, start: int, end: int, taken: int, label: str) -> bool:
    groups = digits.groups(start, end)
    return groups in _GROUPS_AMERICAN or (label in CALLED and digits.is_alone(start, end, taken))


def _is_local(digits: Digits, start: int, groups: tuple[int, ...], label: str) -> bool:
    """Australian without the area code (9876 5432), or a mobile without its 0 (412 345 678)."""
    text = digits.text
    first, last = digits.span(start, len(text))
    if names_another(label, len(text) - start) and label not in CALLED:
        return False
    if groups == (4, 4) and "2" <= text[start] <= "9" and not _YEARS.fullmatch(text, start):
        said = digits.doc.text[first:last]
        return label in CALLED or (len(said) == _LOCAL + 1 and said[4] in " -.")
    if groups == (1, 4, 4) and text[start] in "2378":  # (02) without its 0
        return label in {"", *CALLED}
    return groups == (3, 3, 3) and text[start] == "4" and label in {"", *CALLED}


def _fits(digits: Digits, start: int, length: int, groups: tuple[int, ...]) -> bool:
    """Whether what is called a phone number has the size of one."""
    first, last = digits.span(start, len(digits.text))
    if _UNIT.match(digits.doc.text, last) or digits.doc.text[first - 1 : first] == "$":
        return False
    return _LOCAL <= length <= _LONGEST or groups == _SEVEN or (length == MINIMUM_CALLED and len(groups) > 1)


MINIMUM_CALLED = 6
