"""Query parameters as data: parsed, refused and documented from one row each.

The one thing a newcomer would get wrong: ids are not validated here. An id that cannot exist and an id out
of scope must be the same 404, so `Kind.ID` is handed to the guard as it came.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Self

from aidial_contract import errors
from aidial_contract.access import Permission
from aidial_contract.checking import TEXT_PATTERN, parse_day, parse_time
from aidial_contract.fault import Fault, FieldError

MAX_TEXT = 200
_TEXT = re.compile(TEXT_PATTERN)
_INT = re.compile(r"\d{1,9}\Z", re.ASCII)


class Kind(StrEnum):
    """What a parameter's text means."""

    ID = "id"  # str; judged by the guard's scope step
    CHOICE = "choice"  # one of `choices`
    CHOICES = "choices"  # several of `choices`, by comma; a tuple
    TEXTS = "texts"  # free texts by comma; a tuple
    WHOLE = "whole"  # a whole number between `least` and `most`
    MOMENT = "moment"  # a date (a day in the project's zone) or an RFC 3339 time
    CURSOR = "cursor"  # opaque
    TEXT = "text"  # free text


@dataclass(frozen=True, slots=True)
class QueryParam:
    """One parameter a row takes.

    `permission`: using it needs this as well, and lacking it is the row's 404. `requires`: another
    parameter that must come with it (422 otherwise). `required`: 400 without it; `chosen`: the caller has to
    choose first, so 422 without it.
    """

    name: str
    kind: Kind
    about: str
    choices: tuple[str, ...] = ()
    least: int = 0
    most: int = 0
    default: Any = None
    required: bool = False
    chosen: bool = False
    permission: Permission | None = None
    requires: str | None = None


class QueryParams(tuple[QueryParam, ...]):  # noqa: SLOT001 - a tuple's kind cannot have slots
    """The parameters of a row, and what reading a query asks of all of them, put together once."""

    by_name: Mapping[str, QueryParam]
    defaults: Mapping[str, Any]
    required: tuple[str, ...]
    chosen: frozenset[str]
    ids: frozenset[str]
    permitted: tuple[QueryParam, ...]
    """Those that need a permission of their own."""

    def __new__(cls, params: Iterable[QueryParam]) -> Self:
        """Of rows; the same object for what is one already."""
        if isinstance(params, cls):
            return params
        made = super().__new__(cls, params)
        made.by_name = {param.name: param for param in made}
        made.defaults = {param.name: param.default for param in made}
        made.required = tuple(param.name for param in made if param.required)
        made.chosen = frozenset(param.name for param in made if param.chosen)
        made.ids = frozenset(param.name for param in made if param.kind is Kind.ID)
        made.permitted = tuple(param for param in made if param.permission is not None)
        return made


def plain_pairs(text: str, at_most: int) -> list[tuple[str, str]] | None:
    """The pairs of a query in which nothing is encoded, as in nearly every one; None for a parser's."""
    if "%" in text or "+" in text:
        return None
    pairs = []
    for part in text.split("&"):
        name, equals, value = part.partition("=")
        if not equals:
            return None
        pairs.append((name, value))
    return pairs if len(pairs) <= at_most else None


def parse_query(pairs: Iterable[tuple[str, str]], params: Iterable[QueryParam]) -> Mapping[str, Any]:
    """The values by name (absent ones by default), or a 400 that names every bad parameter."""
    params = QueryParams(params)
    known, values = params.by_name, dict(params.defaults)
    unknown: list[FieldError] = []
    bad: list[FieldError] = []
    seen: set[str] = set()
    for name, text in pairs:
        param = known.get(name)
        if param is None:
            unknown.append(FieldError(f"query.{_shown(name)}", "unknown"))
            continue
        if name in seen:
            bad.append(FieldError(f"query.{name}", "repeated"))
            continue
        seen.add(name)
        problem, values[name] = _read(param, text)
        if problem:
            bad.append(FieldError(f"query.{name}", problem))
    bad += [FieldError(f"query.{name}", "required") for name in params.required if name not in seen]
    if unknown:
        raise Fault(errors.UNSUPPORTED_QUERY_PARAMETER, field_errors=(unknown + bad)[:50])
    if bad:
        raise Fault(errors.UNSUPPORTED_QUERY_VALUE, field_errors=bad[:50])
    needed = {known[name].requires for name in seen} | params.chosen
    lonely = needed - {None} - seen
    if lonely:
        raise Fault(
            errors.VALIDATION_FAILED,
            field_errors=[FieldError(f"query.{n}", "required") for n in sorted(map(str, lonely))],
        )
    return values


def _shown(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.\[\]-]", "?", name)[:64]


def _read(param: QueryParam, text: str) -> tuple[str | None, Any]:  # noqa: PLR0911 - one return a kind
    if param.kind in {Kind.ID, Kind.CURSOR}:
        return None, text
    if param.kind is Kind.CHOICE:
        return (None, text) if text in param.choices else ("not_allowed", None)
    if param.kind is Kind.CHOICES:
        chosen = tuple(dict.fromkeys(text.split(",")))
        return (None, chosen) if all(one in param.choices for one in chosen) else ("not_allowed", None)
    if param.kind is Kind.TEXTS:
        texts = text.split(",")
        fits = len(texts) <= MAX_TEXT and all(0 < len(one) <= MAX_TEXT and _TEXT.match(one) for one in texts)
        return (None, tuple(dict.fromkeys(texts))) if fits else ("format", None)
    if param.kind is Kind.WHOLE:
        return _read_whole(param, text)
    if param.kind is Kind.MOMENT:
        moment = _read_moment(text)
        return (None, moment) if moment is not None else ("format", None)
    fits = 0 < len(text) <= MAX_TEXT and _TEXT.match(text) is not None
    return (None, text) if fits else ("format", None)


def _read_whole(param: QueryParam, text: str) -> tuple[str | None, int | None]:
    if not _INT.match(text):
        return "wrong_type", None
    number = int(text)
    if number < param.least:
        return "too_small", None
    return ("too_large", None) if number > param.most else (None, number)


def _read_moment(text: str) -> date | datetime | None:
    return parse_day(text) or parse_time(text)
