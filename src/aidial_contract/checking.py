"""Validation of JSON bodies against wire shapes: fast when good, complete when bad.

msgspec decodes the good case. When it refuses, one slow walk over the shape collects EVERY failing field
(up to 50) as JSON Pointers, and never echoes a value. The one thing a newcomer would get wrong: msgspec
takes duplicate keys, so the standard library's decoder reads the body first and refuses them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime
from functools import cache
from math import isfinite
from typing import Any, TypeVar

import msgspec
from msgspec import inspect as mi

from aidial_contract import errors
from aidial_contract.fault import Fault, FieldError
from aidial_contract.transport import MAX_FIELD_ERRORS

MAX_NAME = 128
T = TypeVar("T")
Rule = Callable[[Any, frozenset[str]], Iterable[FieldError]]
"""A check over several fields: gets the plain JSON value and the pointers that failed already."""


class _RepeatedKeyError(ValueError):
    pass


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise _RepeatedKeyError
    return value


def _refuse_constant(name: str) -> Any:
    raise ValueError(name)


def _finite(text: str) -> float:
    value = float(text)
    if not isfinite(value):
        raise ValueError("too large for a number")
    return value


def plain_json(body: bytes) -> Any:
    """The body as plain Python values, or `Fault(malformed_json)`: no duplicate keys, NaN or other text."""
    try:
        return json.loads(
            body.decode("utf-8"),
            object_pairs_hook=_unique,
            parse_constant=_refuse_constant,
            parse_float=_finite,
        )
    except (ValueError, RecursionError) as error:
        raise Fault(errors.MALFORMED_JSON, reason=type(error).__name__) from None


def check(body: bytes, shape: type[T], rules: Iterable[Rule] = ()) -> T:
    """The body as `shape`, or a `Fault` naming every failing field.

    Errors: 400 `malformed_json`; 422 `validation_failed` with `field_errors`.
    """
    plain = plain_json(body)
    info = _info_of(shape)
    failures: list[FieldError] = []
    value: T | None = None
    try:
        value = msgspec.json.decode(body, type=shape)
    except (msgspec.ValidationError, msgspec.DecodeError, RecursionError):
        failures = list(_walk(plain, info, ""))
    else:
        failures = list(_walk_times(plain, info, ""))
    failed = frozenset(failure.field for failure in failures)
    for rule in rules:
        failures += rule(plain, failed)
    if failures:
        raise Fault(errors.VALIDATION_FAILED, field_errors=failures[:MAX_FIELD_ERRORS])
    if value is None:
        raise Fault(errors.VALIDATION_FAILED, field_errors=[FieldError("", "format")])
    return value


def _escape(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def _shown(name: str) -> str:
    """A name the caller made up, as part of a pointer: cut, and without what JSON cannot carry."""
    return _escape(name[:MAX_NAME].encode("utf-8", "replace").decode())


_infos: dict[Any, mi.Type] = {}


def _info_of(shape: Any) -> mi.Type:
    info = _infos.get(shape)
    if info is None:
        info = _infos[shape] = mi.type_info(shape)
    return info


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def _walk(value: Any, info: mi.Type, at: str) -> Iterator[FieldError]:
    if isinstance(info, mi.Metadata):
        info = info.type
    if isinstance(info, mi.UnionType):
        yield from _walk_union(value, info, at)
    elif isinstance(info, mi.StructType):
        yield from _walk_struct(value, info, at)
    elif isinstance(info, mi.ListType):
        yield from _walk_list(value, info, at)
    elif isinstance(info, mi.DictType):
        if not isinstance(value, dict):
            yield FieldError(at, "wrong_type")
    elif isinstance(info, mi.AnyType | mi.RawType):
        return
    else:
        yield from _walk_leaf(value, info, at)


def _walk_union(value: Any, info: mi.UnionType, at: str) -> Iterator[FieldError]:
    if value is None:
        if not any(isinstance(one, mi.NoneType) for one in info.types):
            yield FieldError(at, "wrong_type")
        return
    others = [one for one in info.types if not isinstance(one, mi.NoneType)]
    # Whoever sends an object means the one of its shapes that is an object.
    meant = [one for one in others if isinstance(one, mi.StructType) == isinstance(value, dict)]
    if len(others) == 1 or (len(meant) == 1 and isinstance(value, dict | str)):
        yield from _walk(value, others[0] if len(others) == 1 else meant[0], at)
    elif all(list(_walk(value, one, at)) for one in others):
        yield FieldError(at, "wrong_type")


def _walk_struct(value: Any, info: mi.StructType, at: str) -> Iterator[FieldError]:
    if not isinstance(value, dict):
        yield FieldError(at, "wrong_type")
        return
    known = {field.encode_name: field for field in info.fields}
    for name, field in known.items():
        pointer = f"{at}/{_escape(name)}"
        if name in value:
            yield from _walk(value[name], field.type, pointer)
        elif field.required:
            yield FieldError(pointer, "required")
    if info.forbid_unknown_fields:
        for name in value:
            if name not in known:
                yield FieldError(f"{at}/{_shown(name)}", "unknown")


def _walk_list(value: Any, info: mi.ListType, at: str) -> Iterator[FieldError]:
    if not isinstance(value, list):
        yield FieldError(at, "wrong_type")
        return
    yield from _length(len(value), info.min_length, info.max_length, at)
    if info.max_length is not None and len(value) > info.max_length:
        return
    for index, item in enumerate(value):
        yield from _walk(item, info.item_type, f"{at}/{index}")


def _length(length: int, least: int | None, most: int | None, at: str) -> Iterator[FieldError]:
    if least is not None and length < least:
        yield FieldError(at, "too_short")
    if most is not None and length > most:
        yield FieldError(at, "too_long")


def _walk_leaf(value: Any, info: mi.Type, at: str) -> Iterator[FieldError]:
    if isinstance(info, mi.StrType):
        yield from _walk_text(value, info, at)
    elif isinstance(info, mi.BoolType):
        if not isinstance(value, bool):
            yield FieldError(at, "wrong_type")
    elif isinstance(info, mi.IntType | mi.FloatType):
        yield from _walk_number(value, info, at)
    elif isinstance(info, mi.LiteralType):
        if isinstance(value, bool) or value not in info.values:
            yield FieldError(at, "not_allowed" if isinstance(value, str) else "wrong_type")
    elif isinstance(info, mi.DateTimeType):
        yield from _walk_time(value, at)
    elif isinstance(info, mi.NoneType):
        if value is not None:
            yield FieldError(at, "wrong_type")
    else:
        raise TypeError(f"shapes may not hold {info!r}: teach the walker first")


def _walk_text(value: Any, info: mi.StrType, at: str) -> Iterator[FieldError]:
    if not isinstance(value, str):
        yield FieldError(at, "wrong_type")
        return
    wrong_length = list(_length(len(value), info.min_length, info.max_length, at))
    yield from wrong_length
    if wrong_length:
        return
    if info.pattern is not None and not _compiled(info.pattern).search(value):
        yield FieldError(at, "control_characters" if info.pattern == TEXT_PATTERN else "format")
    elif _compiled(LONE_SURROGATE).search(value):
        yield FieldError(at, "control_characters")


def _walk_number(value: Any, info: mi.IntType | mi.FloatType, at: str) -> Iterator[FieldError]:
    kinds = int if isinstance(info, mi.IntType) else int | float
    if isinstance(value, bool) or not isinstance(value, kinds):
        yield FieldError(at, "wrong_type")
    elif info.ge is not None and value < info.ge:
        yield FieldError(at, "too_small")
    elif info.le is not None and value > info.le:
        yield FieldError(at, "too_large")


def _walk_time(value: Any, at: str) -> Iterator[FieldError]:
    if not isinstance(value, str):
        yield FieldError(at, "wrong_type")
        return
    try:
        time = msgspec.convert(value, type=datetime)
    except msgspec.ValidationError:
        yield FieldError(at, "format")
        return
    if time.tzinfo is None:
        yield FieldError(at, "naive_time")
    elif time.year not in YEARS or not _has_colon(value):
        yield FieldError(at, "format")


def _walk_times(value: Any, info: mi.Type, at: str) -> Iterator[FieldError]:
    """What msgspec lets through: a time whose year no clock has, or whose offset RFC 3339 writes otherwise.

    Looks at members only, never at lists.
    """
    if isinstance(info, mi.Metadata):
        info = info.type
    if isinstance(info, mi.UnionType):
        info = next(one for one in info.types if not isinstance(one, mi.NoneType))
        yield from _walk_times(value, info, at)
    elif isinstance(info, mi.StructType) and isinstance(value, dict):
        for field in info.fields:
            if field.encode_name in value:
                yield from _walk_times(value[field.encode_name], field.type, f"{at}/{field.encode_name}")
    elif isinstance(info, mi.DateTimeType) and value is not None:
        yield from _walk_time(value, at)


def parse_time(value: Any) -> datetime | None:
    """An RFC 3339 time with offset in one of `YEARS`, or None."""
    try:
        time = msgspec.convert(value, type=datetime)
    except msgspec.ValidationError:
        return None
    return time if time.tzinfo is not None and time.year in YEARS and _has_colon(value) else None


def _has_colon(text: str) -> bool:
    """Whether a time's offset is Z or has a colon. `+1100` is ISO 8601, and all of it that msgspec takes."""
    return text[-1] in "Zz" or text[-3] == ":"


def parse_day(text: str) -> date | None:
    """A day in one of `YEARS`, or None. Python would take weeks and a day without hyphens too."""
    if not _DAY.match(text):
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if day.year in YEARS else None


_DAY = re.compile(r"\d{4}-\d{2}-\d{2}\Z", re.ASCII)
YEARS = range(1970, 2200)
"""Years a time may have. Year 1 with an offset is before the calendar, and no zone can be asked of it."""


LONE_SURROGATE = r"[\ud800-\udfff]"
"""Half a letter: JSON can write it, and nothing can store it."""
TEXT_PATTERN = r"\A[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]*\Z"
"""Text: no NUL, no control characters but tab and line ends, no lone surrogates."""
