"""Finding a caller by number without storing it in the clear.

The one thing a newcomer would get wrong: calls of before the index knew endings of 5, 7 and 8 digits get
them by a job (`endings.py`). Until it is done with a tenant, these are found by the next shorter ending and
compared, decrypted.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import asyncpg
import phonenumbers

from aidial_api.kernel.ask import Ask
from aidial_api.kernel.crypto import SUFFIX_DIGITS, TenantKey
from aidial_api.surfaces.calls import store
from aidial_api.surfaces.calls.present import open_number
from aidial_contract import errors
from aidial_contract.fault import Fault, FieldError

_SEPARATORS = re.compile(r"[\s().-]")
_SHORTEST_SUFFIX, _LONGEST_SUFFIX = SUFFIX_DIGITS[0], SUFFIX_DIGITS[-1]
_ALWAYS_KNOWN = (3, 4, 6, 9)
"""Digits of the endings that every call is found by, however old."""
_REGION = "AU"
_LONGEST_NUMBER = 15
"""Digits of E.164."""


@dataclass(frozen=True, slots=True)
class CallerSearch:
    """A token to look up.

    `is_whole`: it is all that was asked for, once every call has it. Until then, or where it is not, what
    `older` finds, which every call has, is compared with `ending`.
    """

    token: bytes
    is_whole: bool = True
    older: bytes | None = None
    ending: str = ""


async def calls_of_caller(ask: Ask) -> bytes | list[str]:
    """The token of the caller asked for, or, while not every call has it, the calls compared one by one."""
    client_id = ask.reach.client_ids[0]
    key = await ask.services.tenant_keys.get(ask.tx, client_id)
    search = search_for(ask.query["caller"], key)
    if search.older is None or (search.is_whole and not await store.lacks_endings(ask.tx, client_id)):
        return search.token
    candidates = await store.find_by_token(ask.tx, ask.reach, search.older)
    return [str(row["call_id"]) for row in candidates if _ends_with(row, key, search.ending)]


def _ends_with(row: asyncpg.Record, key: TenantKey, ending: str) -> bool:
    number = number_of(row, key)
    return number is not None and number.endswith(ending)


def number_of(row: asyncpg.Record, key: TenantKey) -> str | None:
    """The number of a stored call that its tokens are of: the other party's."""
    purpose = "from_number" if row["direction"] == "inbound" else "to_number"
    return open_number(key, row[purpose], purpose, str(row["call_id"]))


def search_for(text: str, key: TenantKey) -> CallerSearch:
    """What `caller` asks for. 400 `unsupported_query_value` when it is no number and no digits."""
    plain = _SEPARATORS.sub("", text)
    digits = plain.removeprefix("+")
    if not (digits.isascii() and digits.isdigit()) or len(digits) < _SHORTEST_SUFFIX:
        raise _refused()
    # A whole number here has ten digits or a plus, so fewer are an ending, a leading zero or not.
    if not plain.startswith("+") and len(digits) <= _LONGEST_SUFFIX:
        return _ending(digits, key)
    try:
        number = phonenumbers.parse(plain, _REGION)
    except phonenumbers.NumberParseException:
        raise _refused() from None
    whole = plain.startswith(("+", "0")) or phonenumbers.is_valid_number(number)
    if whole and phonenumbers.is_possible_number(number):
        e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
        return CallerSearch(key.exact_token(e164))
    if len(digits) > _LONGEST_NUMBER or (whole and len(digits) > _LONGEST_SUFFIX):
        raise _refused()
    return _ending(digits, key)


def _ending(digits: str, key: TenantKey) -> CallerSearch:
    token = key.suffix_token(digits[-_LONGEST_SUFFIX:])
    size = max(size for size in _ALWAYS_KNOWN if size <= len(digits))
    if size == len(digits):
        return CallerSearch(token)
    is_whole = len(digits) <= _LONGEST_SUFFIX
    return CallerSearch(token, is_whole, key.suffix_token(digits[-size:]), digits)


def _refused() -> Fault:
    return Fault(errors.UNSUPPORTED_QUERY_VALUE, field_errors=[FieldError("query.caller", "format")])
