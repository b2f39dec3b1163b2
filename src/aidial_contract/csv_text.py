"""CSV as RFC 4180 says, safe to open in a spreadsheet.

The one thing a newcomer would get wrong: quoting does not stop a formula. A cell that a spreadsheet would run
begins with an apostrophe instead, and that goes for our own texts too: a phone number begins with a plus.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from io import StringIO
from typing import Final

Cell = str | int | float | None
BOM: Final = "\ufeff".encode()
# The full-width signs are formulas too where people write Japanese or Chinese.
_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def neutral(text: str) -> str:
    """The text, led by an apostrophe when a spreadsheet would take it for a formula."""
    return f"'{text}" if text.startswith(_STARTS) or text.lstrip().startswith(_STARTS) else text


def csv_lines(rows: Iterable[Sequence[Cell]]) -> bytes:
    """The rows as UTF-8, each ended by CR LF; None is an empty cell."""
    written = StringIO()
    writer = csv.writer(written, lineterminator="\r\n")
    writer.writerows([neutral(cell) if isinstance(cell, str) else cell for cell in row] for row in rows)
    return written.getvalue().encode()
