"""Numbers and addresses as somebody sees them who may know that there is one, and not whose it is."""

from __future__ import annotations

from typing import Final

from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

_SHOWN_DIGITS: Final = 3
_HOME: Final = "+61"
_MASKED_HOME: Final = f"{_HOME} ... "
_COUNTRY_CODES: Final = frozenset(map(str, COUNTRY_CODE_TO_REGION_CODE))


def mask_number(number: str) -> str:
    """`+61 ... 678`: the country code and the last three digits."""
    if number[:3] == _HOME:  # nearly every number, and forty a page
        return _MASKED_HOME + number[-_SHOWN_DIGITS:]
    for end in (2, 3, 4):
        if number[1:end] in _COUNTRY_CODES:
            return f"{number[:end]} ... {number[-_SHOWN_DIGITS:]}"
    return f"+ ... {number[-_SHOWN_DIGITS:]}"


def mask_address(address: str) -> str:
    """`m...@harbour.example`: the first letter and the domain."""
    name, _, domain = address.rpartition("@")
    return f"{name[:1]}...@{domain}"
