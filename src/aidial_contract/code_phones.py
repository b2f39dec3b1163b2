"""Phones that take codes: Australian mobiles alone, as people write them. Other messages go to more."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import phonenumbers
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from aidial_contract.fault import FieldError

_REGION = "AU"


def australian_mobile(value: str) -> str | None:
    """The number in E.164 (`+61412345678`); None for whatever is no valid Australian mobile."""
    try:
        number = phonenumbers.parse(value, _REGION)
    except phonenumbers.NumberParseException:
        return None
    is_one = (
        number.extension is None
        and phonenumbers.is_valid_number_for_region(number, _REGION)
        and phonenumbers.number_type(number) == PhoneNumberType.MOBILE
    )
    return phonenumbers.format_number(number, PhoneNumberFormat.E164) if is_one else None


def mobile_rules(body: Any, failed: frozenset[str]) -> Iterable[FieldError]:
    """`mobile` is a valid Australian one."""
    value = body.get("mobile") if isinstance(body, dict) else None
    if isinstance(value, str) and "/mobile" not in failed and australian_mobile(value) is None:
        yield FieldError("/mobile", "not_an_australian_mobile")
