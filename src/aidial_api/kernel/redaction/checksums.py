"""The check digits of Australian identifiers and of payment cards. Arguments are ASCII digits only."""

from __future__ import annotations

_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)
_MEDICARE = (1, 3, 7, 9, 1, 3, 7, 9)
_TFN = (1, 4, 3, 7, 5, 8, 6, 9, 10)
_TFN_OLD = (10, 7, 8, 4, 6, 3, 5, 1)
_ABN = (10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19)
_ACN = (8, 7, 6, 5, 4, 3, 2, 1)
MEDICARE_LENGTHS = (10, 11)  # the eleventh is the person's place on the card
ABN_LENGTH = 11
NINE = 9


def _weighed(digits: str, weights: tuple[int, ...]) -> int:
    return sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=False))


def luhn(digits: str) -> bool:
    """Payment cards."""
    total = sum(map(int, digits[-1::-2])) + sum(_DOUBLED[int(digit)] for digit in digits[-2::-2])
    return total % 10 == 0 and digits.strip("0") != ""


def medicare(digits: str) -> bool:
    """Medicare card: 10 digits, or 11 with the place on the card."""
    return (
        len(digits) in MEDICARE_LENGTHS
        and "2" <= digits[0] <= "6"
        and digits[9] != "0"
        and _weighed(digits, _MEDICARE) % 10 == int(digits[8])
    )


def tfn(digits: str) -> bool:
    """Tax file number: 9 digits, or 8 of the old ones."""
    weights = _TFN if len(digits) == NINE else _TFN_OLD
    return len(digits) == len(weights) and digits.strip("0") != "" and _weighed(digits, weights) % 11 == 0


def abn(digits: str) -> bool:
    """Australian business number: 11 digits."""
    return len(digits) == ABN_LENGTH and digits[0] != "0" and (_weighed(digits, _ABN) - 10) % 89 == 0


def acn(digits: str) -> bool:
    """Australian company number: 9 digits."""
    return (
        len(digits) == NINE
        and digits.strip("0") != ""
        and (10 - _weighed(digits, _ACN) % 10) % 10 == int(digits[8])
    )
