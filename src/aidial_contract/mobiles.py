"""Mobile numbers as people write them, for SMS.

The one thing a newcomer would get wrong: whether a number is somebody's, only an SMS tells. Refused is what
cannot be a number, what is known to be a landline, and the codes of no country: satellites and services, to
which an SMS is dear.
"""

from __future__ import annotations

from typing import Final

import phonenumbers
from phonenumbers import PhoneNumberFormat, PhoneNumberType

_NO_COUNTRY: Final = phonenumbers.REGION_CODE_FOR_NON_GEO_ENTITY
HOME: Final = "AU"
"""Where a number without its country code is."""
_NO_MOBILES: Final = frozenset(
    {
        PhoneNumberType.FIXED_LINE,
        PhoneNumberType.TOLL_FREE,
        PhoneNumberType.PREMIUM_RATE,
        PhoneNumberType.SHARED_COST,
        PhoneNumberType.VOIP,
        PhoneNumberType.UAN,
        PhoneNumberType.PAGER,
    }
)


def mobile_number(text: str) -> str | None:
    """`0412 345 678` as `+61412345678`; None when it cannot be a mobile number."""
    if any(character.isalpha() for character in text):
        return None  # the library would read letters as the keys of a telephone
    try:
        number = phonenumbers.parse(text, HOME)
    except phonenumbers.NumberParseException:
        return None
    if number.extension or not phonenumbers.is_possible_number(number):
        return None
    if phonenumbers.region_code_for_country_code(number.country_code or 0) == _NO_COUNTRY:
        return None
    if phonenumbers.number_type(number) in _NO_MOBILES:
        return None
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)
