"""The filters of lists and analytics, typed, and how they are written into a query.

The one thing a newcomer would get wrong: `from` is a word of Python's, so it is spelled `from_` here. A name
that is not listed is sent as it is, and the API says in `field_errors` that it does not know it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Literal, TypedDict
from urllib.parse import quote, urlencode

from aidial_contract.shapes.analytics import By

Texts = str | Sequence[str]
Moment = date | str
"""A date is a whole day in the project's zone, a datetime (with offset) an instant; a text goes as it is."""


class CallFilters(TypedDict, total=False):
    """Which calls: several values of one filter are alternatives. `caller` and `q` need `project_id`."""

    project_id: str
    client_id: str
    range: Literal["today", "7d", "30d", "90d"]
    from_: Moment
    to: Moment
    status: Texts
    outcome: Texts
    sentiment: Texts
    resolution: Texts
    type: Texts
    agent: Texts
    channel: Texts
    direction: Texts
    sms_status: Texts
    email_status: Texts
    attention: bool
    booking: bool
    transfer: bool
    follow_up: bool
    min_duration: int
    max_duration: int
    caller: str
    q: str
    sort: Literal["-started_at", "started_at", "-duration", "duration"]
    limit: int


class ExportFilters(TypedDict, total=False):
    """Which calls of `project_id`, as in `CallFilters`; `bom` begins the file with a byte order mark."""

    client_id: str
    from_: Moment
    to: Moment
    status: Texts
    outcome: Texts
    sentiment: Texts
    resolution: Texts
    type: Texts
    agent: Texts
    channel: Texts
    direction: Texts
    sms_status: Texts
    email_status: Texts
    attention: bool
    booking: bool
    transfer: bool
    follow_up: bool
    min_duration: int
    max_duration: int
    caller: str
    q: str
    sort: Literal["-started_at", "started_at", "-duration", "duration"]
    bom: bool


class PageFilters(CallFilters, total=False):
    """`CallFilters`, and the `next_cursor` of the page before."""

    cursor: str | None


class PeriodFilters(TypedDict, total=False):
    """Which period, of what: a named `range`, or `from_` and `to`; the last seven days unless said."""

    range: Literal["today", "7d", "30d", "90d"]
    from_: Moment
    to: Moment
    project_id: str
    client_id: str


class SeriesFilters(PeriodFilters, total=False):
    """`PeriodFilters`, and what one bar holds."""

    interval: Literal["hour", "day", "week"]


class BreakdownFilters(PeriodFilters, total=False):
    """`PeriodFilters`, what to break down by, and how many of the commonest keys."""

    by: By
    limit: int


def query_of(filters: Mapping[str, object]) -> str:
    """The filters as an encoded query; None is left out, several texts are joined by comma."""
    pairs = [(name.removesuffix("_"), _text(name, v)) for name, v in filters.items() if v is not None]
    return urlencode(pairs, quote_via=quote)


def _text(name: str, value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list | tuple | set | frozenset):
        texts = [str(one) for one in value]
        if any("," in text for text in texts):
            raise ValueError(f"{name}: a value with a comma cannot be asked for")
        return ",".join(texts)
    return str(value)
