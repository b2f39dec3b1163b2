"""Reading an export as a spreadsheet would."""

from __future__ import annotations

import csv
from io import StringIO

from tests.support.askers import Answer


def rows_of(answer: Answer) -> list[dict[str, str]]:
    """Every line as column to cell; the file is UTF-8 with CR LF, whole."""
    assert answer.status == 200, answer
    assert answer.headers["content-type"].startswith("text/csv; charset=utf-8")
    text = answer.body.decode()
    assert text.endswith("\r\n")
    return list(csv.DictReader(StringIO(text.removeprefix("\ufeff"), newline="")))
