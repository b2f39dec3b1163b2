"""Phone numbers from the digits of a run.

A newcomer's likely mistake: asking `phonenumbers` first. It is asked only about numbers with a foreign
country code; the rest is decided by shape, because a misheard number is still somebody's number.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

import phonenumbers

from .identifiers import names_another
from .references import is_reference

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
_PARTED = re.compile(r"(?<![a-z])(?:and|or|to|till|until)(?! then)(?![a-z])|,")
_AT_A_TIME = re.compile(
    r"(?<![a-z])(?:at|between|from|around|about|by|before|after|till|until|for|got|have) \Z"
)
_AT_LONG = 12
_TIMES = re.compile(
    r"(?:0?[1-9]|1\d|2[0-3])(?:[0-5][05])?|(?:(?:1[0-2]|[1-9])[0-5][05]){2,3}|(?:(?:19|20)\d\d)+"
)
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
_LEAST_KEPT = 4


def strong(digits: Digits, start: int) -> int:
    """Where a number that is a phone number by shape alone ends, or 0."""
    if digits.atoms[digits.at[start]].plus:
        return _international(digits, start)
    text = digits.text
    found = _begun_again(digits, start) or STRONG.match(text, start)
    if found and found.end() in digits.at:
        named = text[start] == "1" and digits.label(start, found.end()) == "neg"
        return 0 if named or is_reference(digits, start, found.end()) else found.end()
    found = _ABROAD.match(text, start)
    if found:
        return _longest_possible(digits, start, start + 4)
    return 0


def is_completed(said: list[str], anew: str) -> bool:
    """Whether groups become a phone number when what is said anew takes the place of the last of them."""
    begun = ("".join(said[:kept]) for kept in range(1, len(said) + 1))
    return any(len(digits) >= _LEAST_KEPT and STRONG.fullmatch(digits + anew) for digits in begun)


def _begun_again(digits: Digits, start: int) -> re.Match[str] | None:
    """The whole number behind its own beginning: "0432, yeah, 0432 118 907"."""
    text = digits.text
    for cut in range(start + 3, min(start + 10, len(text) - 9)):
        if cut in digits.at and text.startswith(text[start:cut], cut):
            return STRONG.match(text, cut)
    return None


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
    if label != "phone" and names_another(label, end - start):
        return False
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


def _are_times(digits: Digits, start: int) -> bool:
    """Whether it is times or years: "call between ten fifteen and eleven", "from 2019 2020"."""
    atoms = digits.atoms[digits.at[start] :]
    first, last = atoms[0].start, atoms[-1].end
    text = digits.doc.text
    if not _PARTED.search(text, first, last) and not _AT_A_TIME.search(text, max(0, first - _AT_LONG), first):
        return False
    if sum(len(atom.digits) == 1 for atom in atoms) > len(atoms) // 2:
        return False  # said digit by digit
    groups = [atoms[0].digits]
    for before, atom in pairwise(atoms):
        if _PARTED.search(text, before.end, atom.start):
            groups.append(atom.digits)
        else:
            groups[-1] += atom.digits
    return all(_TIMES.fullmatch(group) for group in groups)


def _fits(digits: Digits, start: int, length: int, groups: tuple[int, ...]) -> bool:
    """Whether what is called a phone number has the size of one."""
    first, last = digits.span(start, len(digits.text))
    if (
        _are_times(digits, start)
        or _UNIT.match(digits.doc.text, last)
        or digits.doc.text[first - 1 : first] == "$"
    ):
        return False
    return _LOCAL <= length <= _LONGEST or groups == _SEVEN or (length == MINIMUM_CALLED and len(groups) > 1)


MINIMUM_CALLED = 6
