"""Reading a page's cursor: one way for every list.

The one thing a newcomer would get wrong: a cursor is signed for its list, its reach and its filters; one of
another list is as invalid as one that was made up.
"""

from __future__ import annotations

from typing import TypeVar

from aidial_api.kernel.crypto import CursorInvalid, CursorKey
from aidial_contract import errors
from aidial_contract.fault import Fault, FieldError

T = TypeVar("T")


def read_cursor(cursors: CursorKey, text: str | None, shape: type[T], *bound: str) -> T | None:
    """Where the page before ended, None for the first page. 400 `invalid_cursor` for any other list's."""
    if text is None:
        return None
    try:
        return cursors.decode(text, shape, *bound)
    except CursorInvalid:
        field = FieldError("query.cursor", "format")
        raise Fault(errors.INVALID_CURSOR, field_errors=[field], reason="cursor") from None
