"""Numbers with check digits: payment cards, Medicare, ABN, TFN, ACN; and numbers known by name only.

A newcomer's likely mistake: trusting the checksum alone in a long run of single digits; every tenth one
passes. A number must stand by itself, or be grouped as it is printed, or be called by its name. Called by
its name it is covered even when the checksum fails: one misheard digit leaves nine right ones.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from . import checksums
from .letters import is_lettered
from .marks import Kind

if TYPE_CHECKING:
    from .digits import Digits

_CARD_BRANDS = re.compile(
    r"(?:4(?:\d{15}|\d{18}|\d{12})|(?:5[1-5]|2[2-7])\d{14}|3[47]\d{13}|3[068]\d{12}|35\d{14}|6\d{15,18}|5[06-9]\d{14})"
)
_CARD_LENGTHS = (16, 15, 14, 19, 18, 17, 13)
_PRINTED = {
    Kind.MEDICARE: {(4, 5, 1), (4, 5, 1, 1), (10,), (11,), (4, 6), (4, 5, 2), (10, 1), (4, 6, 1)},
    Kind.ABN: {(2, 3, 3, 3), (11,)},
    Kind.TFN: {(3, 3, 3), (9,)},
    Kind.ACN: {(3, 3, 3), (9,)},
}
# Nothing else is printed like this: whatever it is called, its check digit tells.
_ONLY_MEDICARE = {(4, 5, 1), (4, 5, 1, 1), (4, 5, 2)}
_CHECKS = (
    (Kind.ABN, (11,), checksums.abn),
    (Kind.MEDICARE, (11, 10), checksums.medicare),
    (Kind.TFN, (9,), checksums.tfn),
    (Kind.ACN, (9,), checksums.acn),
)
_USUAL_CARD = 16  # what is longer ends in a date or a verification code
_SHORTEST_CODE = 3
_LONGEST_MISHEARD = 25
_SHORTEST_CALLED = 5
_BEFORE_LETTERS = 4
_CALLED = {
    "medicare": (Kind.MEDICARE, (11, 10, 9)),
    "tfn": (Kind.TFN, (9, 8)),
    "abn": (Kind.ABN, (11, 10, 12)),
    "acn": (Kind.ACN, (9, 8, 10)),
    "card": (Kind.CARD, (16, 15, 14, 19, 18, 17, 13)),
    "passport": (Kind.PASSPORT, (9, 8, 7, 6)),
    "licence": (Kind.LICENCE, (10, 9, 8, 7, 6, 5)),
}


def card(digits: Digits, start: int) -> int:
    """Where a payment card number ends, or 0."""
    text = digits.text
    left = len(text) - start
    if left < _CARD_LENGTHS[-1] or text[start] == "0":
        return 0
    brand = _CARD_BRANDS.match(text, start)
    if brand:
        for length in _CARD_LENGTHS:
            end = start + length
            if end in digits.at and _is_brand_length(text[start], length) and checksums.luhn(text[start:end]):
                return end
    whole = start == 0 and left <= max(_CARD_LENGTHS)
    return len(text) if whole and checksums.luhn(text) else 0


def looks_like_a_card(digits: Digits) -> bool:
    """Whether it begins as a card is printed, were its checksum right; its code may follow."""
    return bool(_CARD_BRANDS.match(digits.text)) and digits.groups(0, len(digits.text))[:4] == (4, 4, 4, 4)


def is_a_misheard_card(digits: Digits) -> bool:
    """Whether it is about as long as a card, with or without its expiry date, and called nothing else."""
    length = len(digits.text)
    return (
        _USUAL_CARD - 1 <= length <= _LONGEST_MISHEARD
        and bool(_CARD_BRANDS.match(digits.text.ljust(_USUAL_CARD, "0")))
        and digits.label(0, length) not in {"neg", "phone"}
    )


def _is_brand_length(first: str, length: int) -> bool:
    allowed = {"4": (16, 19, 13), "5": (16,), "2": (16,), "3": (16, 15, 14)}.get(first, _CARD_LENGTHS)
    return length in allowed


def checked(digits: Digits, start: int, taken: int, label: str) -> tuple[Kind, int] | None:
    """Kind and end of a number whose check digit is right, or None."""
    for kind, lengths, check in _CHECKS:
        for length in lengths:
            end = start + length
            if end not in digits.at or not check(digits.text[start:end]):
                continue
            groups = digits.groups(start, end)
            called = label == kind.lower() or (kind is Kind.MEDICARE and groups in _ONLY_MEDICARE)
            printed = groups in _PRINTED[kind]
            if called or ((printed or digits.spoken) and _allowed(digits, start, end, taken, label)):
                return _between_nines(kind, label), end
    return None


def _allowed(digits: Digits, start: int, end: int, taken: int, label: str) -> bool:
    if end - start == checksums.NINE and digits.listed(start, end):
        return False
    alone = digits.is_alone(start, end, taken) or (
        not digits.spoken and len(digits.groups(start, end)) > 1 and start in {0, taken}
    )
    if label == "number" and end - start == checksums.NINE:
        return False
    return alone and not names_another(label, end - start) and not digits.glued(start, end)


def names_another(label: str, length: int) -> bool:
    """Whether the words around a number say that it is something else, of a length such a thing has."""
    return label in {"neg", "phone"} or (label in _CALLED and length in _CALLED[label][1])


def _between_nines(kind: Kind, label: str) -> Kind:
    """TFN and ACN have nine digits both; what it is called decides when both checksums fit."""
    return Kind.ACN if kind is Kind.TFN and label == "acn" else kind


def whole(digits: Digits) -> tuple[Kind, int] | None:
    """Kind and end of a run that is called something and has its length, whatever stands inside it."""
    length = len(digits.text)
    label = digits.label(0, length)
    if label == "card" and length >= _USUAL_CARD + _SHORTEST_CODE and digits.text[0] in "245":
        return (Kind.CARD, _USUAL_CARD) if _USUAL_CARD in digits.at else None
    return (_CALLED[label][0], length) if label in _CALLED and length in _CALLED[label][1] else None


def kind_called(label: str) -> Kind | None:
    """The kind a word names."""
    if label in {"phone", "number"}:
        return Kind.PHONE
    return _CALLED[label][0] if label in _CALLED else None


def called(digits: Digits, start: int, taken: int, label: str) -> tuple[Kind, int] | None:
    """Kind and end of a number that the words around it name, or None."""
    if label not in _CALLED or start not in {0, taken}:
        return None
    if len(digits.text) - start < _SHORTEST_CALLED:
        short = start + _BEFORE_LETTERS
        return (Kind.LICENCE, short) if label == "licence" and is_lettered(digits, start, short) else None
    kind, lengths = _CALLED[label]
    for length in lengths:
        end = start + length
        if end in digits.at and (digits.is_alone(start, end, taken) or len(digits.groups(start, end)) == 1):
            return kind, end
    return None
