"""Saved views of the list of calls on the wire: a person's own named filters, as one document.

The one thing a newcomer would get wrong: a view says what is asked, never what was found; opening one asks
anew, as whoever opens it. A caller's number is no part of one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Annotated, Any, Final

from msgspec import Meta

from aidial_contract.fault import Fault, FieldError
from aidial_contract.params import CALL_FILTERS, PERIOD_PARAMS, RANGE, SEARCH, SORT
from aidial_contract.query import Kind, QueryParam, parse_query
from aidial_contract.shapes.common import Incoming, JsonObject, Outgoing, Version, ViewName

MOST_VIEWS: Final = 50
VIEW_PARAMS: Final = (
    QueryParam("project_id", Kind.ID, "Only calls of this project."),
    RANGE,
    *PERIOD_PARAMS,
    *CALL_FILTERS,
    replace(SEARCH, requires=None),
    SORT,
)
"""What a view may hold, as parameters of `/calls`. One without a project is of whichever is chosen then."""


class NewCallView(Incoming):
    """A view: its name, and the parameters of the list as texts."""

    name: ViewName
    query: JsonObject


class CallViewsChange(Incoming):
    """`PUT /v1/call-views`: every view from now on, in their order."""

    views: Annotated[list[NewCallView], Meta(max_length=MOST_VIEWS)]
    expected_version: Version | None = None


class CallView(Outgoing):
    """A saved view. `query` are parameters of `/calls` and of `/v1/calls`."""

    name: str
    query: dict[str, str]


class CallViews(Outgoing):
    """`GET /v1/call-views`: the asker's own views of one client's calls."""

    version: int
    views: list[CallView]


def call_views_rules(body: Any, failed: frozenset[str]) -> Iterable[FieldError]:
    """Each name once, in either case; each parameter one of the list's, and well written."""
    views = body.get("views") if isinstance(body, dict) else None
    if not isinstance(views, list) or "/views" in failed:
        return
    seen: set[str] = set()
    for place, view in enumerate(views):
        if not isinstance(view, dict):
            continue
        name = view.get("name")
        if isinstance(name, str) and f"/views/{place}/name" not in failed:
            if name.casefold() in seen:
                yield FieldError(f"/views/{place}/name", "repeated")
            seen.add(name.casefold())
        if isinstance(view.get("query"), dict):
            yield from _query(view["query"], f"/views/{place}/query")


def _query(query: dict[str, Any], at: str) -> Iterator[FieldError]:
    wrong = [name for name, text in query.items() if not isinstance(text, str)]
    if wrong:
        yield FieldError(at, "wrong_type")
        return
    try:
        parse_query(query.items(), VIEW_PARAMS)
    except Fault as fault:
        for error in fault.field_errors:
            yield FieldError(f"{at}/{error.field.removeprefix('query.')}", error.code)
