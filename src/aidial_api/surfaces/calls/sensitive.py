"""Refusing to search summaries for what is never in them: private details, written out or begun.

The one thing a newcomer would get wrong: a search has no sentence around it, so what redaction would only
call a phone number because of the words beside it is asked about with such words put there.
"""

from __future__ import annotations

import re
from typing import Final

from aidial_api.kernel.ask import Ask
from aidial_api.kernel.redaction import Kind, has_full_date, redact, redact_beside
from aidial_contract import errors
from aidial_contract.access import Permission
from aidial_contract.fault import Fault, FieldError

_BESIDE: Final = ("phone number", "medicare number", "e-mail")
_MANY_DIGITS: Final = re.compile(r"(?:\d[\s()./+-]*){7,}")
_AMOUNT: Final = re.compile(r"(?<![\d,])\d{1,3},000(?![\d,])")  # "100,000 km service"
_MONTH: Final = re.compile(r"\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)", re.IGNORECASE)
_DATE_WORDS: Final = 5
_BEGUN: Final = (
    (Kind.EMAIL, re.compile(r"@")),
    # "jane smith gmail.com": an address typed as the words it is made of.
    (
        Kind.EMAIL,
        re.compile(
            r"\w\s+(?:gmail|hotmail|outlook|icloud|yahoo|bigpond|optusnet|protonmail)(?:\.|\s(?:dot\s)?)(?:com|net)\b",
            re.IGNORECASE,
        ),
    ),
    (
        Kind.DATE_OF_BIRTH,
        re.compile(
            r"\b\d{1,2}([/.-])\d{1,2}\1\d|\b(?:19|20)\d\d[/.-]\d|\bbirthday\s\d{1,2}[/.-]\d", re.IGNORECASE
        ),
    ),
    (Kind.PHONE, re.compile(r"\+\d")),
)


def sensitive_kind(wanted: str) -> Kind | None:
    """What private detail a search holds or begins; None for ordinary words."""
    wanted = _AMOUNT.sub("", wanted)
    for kind, pattern in _BEGUN:
        if pattern.search(wanted):
            return kind
    if spans := redact(wanted).spans:
        return spans[0].kind
    is_date = has_full_date(wanted)
    if is_date and _MONTH.search(wanted):
        return Kind.DATE_OF_BIRTH
    for name in _BESIDE:
        if spans := redact_beside(name, wanted).spans:
            return spans[0].kind
    if is_date:  # said in numbers alone: digit by digit it is a number, "fourteen three eighty five" a date
        return Kind.PHONE if len(wanted.split()) > _DATE_WORDS else Kind.DATE_OF_BIRTH
    return Kind.PHONE if _MANY_DIGITS.search(wanted) else None


def refuse_sensitive(ask: Ask) -> None:
    """422 `sensitive_search_term` for a `q` that looks private; `details.use` is the filter to use instead.

    The term itself goes nowhere: not into the answer, not into the log.
    """
    kind = sensitive_kind(ask.query["q"])
    if kind is None:
        return
    by_day = kind is Kind.DATE_OF_BIRTH or ask.actor.level(Permission.CALLS_SEARCH_CALLER) is None
    raise Fault(
        errors.SENSITIVE_SEARCH_TERM,
        details={"use": "from" if by_day else "caller"},
        field_errors=[FieldError("query.q", "sensitive")],
        reason=f"a search for what looks like {kind}",
    )
