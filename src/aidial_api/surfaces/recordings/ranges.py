"""`Range` and `If-Range`: which bytes of a file are asked for. RFC 9110 sections 13 and 14.

The one thing a newcomer would get wrong: a range that is not understood is ignored (the whole file is sent);
one that is understood and lies outside is 416.
"""

from __future__ import annotations

import re
from typing import Final

from aidial_contract import errors
from aidial_contract.fault import Fault

_ONE: Final = re.compile(r"bytes=(\d{0,15})-(\d{0,15})", re.ASCII | re.IGNORECASE)


def asked_range(header: str | None, if_range: str | None, tag: str, size: int) -> tuple[int, int] | None:
    """The first byte and the one after the last, or None for the whole file; 416 `range_not_satisfiable`."""
    if header is None or (if_range is not None and if_range.strip() != tag):
        return None
    match = _ONE.fullmatch(header.strip())
    # Several ranges may be answered whole; nobody who plays a recording asks for them.
    if match is None or match[1] == match[2] == "":
        return None
    if match[1] == "":
        wanted = int(match[2])
        start, end = max(0, size - wanted), size
        if wanted == 0:
            raise _outside(size)
    else:
        start = int(match[1])
        end = min(size, int(match[2]) + 1) if match[2] else size
        if match[2] and int(match[2]) < start:
            return None
    if start >= size:
        raise _outside(size)
    return start, end


def _outside(size: int) -> Fault:
    return Fault(
        errors.RANGE_NOT_SATISFIABLE,
        details={"size_bytes": size},
        headers={"content-range": f"bytes */{size}"},
        reason="range",
    )
