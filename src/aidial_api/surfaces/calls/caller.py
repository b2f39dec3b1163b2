"""Finding a caller by number without storing it in the clear.

The one thing a newcomer would get wrong: the index knows the whole number and its last 3, 4, 6 and 9
digits. Five, seven or eight are found by the next shorter suffix and then compared, decrypted.
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
_LONGEST_SUFFIX = 9
_REGION = "AU"


@dataclass(frozen=True, slots=True)
class CallerSearch:
    """A token to look up, and the ending to compare when the token finds too much."""

    token: bytes
    ending: str | None


async def calls_of_caller(ask: Ask) -> bytes | list[str]:
    """The token of the caller asked for, or, where no token says it all, the calls compared one by one."""
    key = await ask.services.tenant_keys.get(ask.tx, ask.reach.client_ids[0])
    search = search_for(ask.query["caller"], key)
    if search.ending is None:
        return search.token
    candidates = await store.find_by_token(ask.tx, ask.reach, search.token)
    return [str(row["call_id"]) for row in candidates if _ends_with(row, key, search.ending)]


def _ends_with(row: asyncpg.Record, key: TenantKey, ending: str) -> bool:
    purpose = "from_number" if row["direction"] == "inbound" else "to_number"
    number = open_number(key, row[purpose], purpose, str(row["call_id"]))
    return number is not None and number.endswith(ending)


def search_for(text: str, key: TenantKey) -> CallerSearch:
    """What `caller` asks for. 400 `unsupported_query_value` when it is no number and no digits."""
    plain = _SEPARATORS.sub("", text)
    digits = plain.removeprefix("+")
    if not (digits.isascii() and digits.isdigit()) or len(digits) < SUFFIX_DIGITS[0]:
        raise _refused()
    # A whole number here has ten digits or a plus, so fewer are an ending, a leading zero or not.
    if not plain.startswith("+") and len(digits) <= _LONGEST_SUFFIX:
        return _ending(digits, key)
    try:
        number = phonenumbers.parse(plain, _REGION)
    except phonenumbers.NumberParseException:
        raise _refused() from None
    if phonenumbers.is_possible_number(number):
        e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
        return CallerSearch(key.exact_token(e164), None)
    if len(digits) > _LONGEST_SUFFIX:
        raise _refused()
    return _ending(digits, key)


def _ending(digits: str, key: TenantKey) -> CallerSearch:
    size = max(size for size in SUFFIX_DIGITS if size <= len(digits))
    return CallerSearch(key.suffix_token(digits[-size:]), digits if size != len(digits) else None)


def _refused() -> Fault:
    return Fault(errors.UNSUPPORTED_QUERY_VALUE, field_errors=[FieldError("query.caller", "format")])
