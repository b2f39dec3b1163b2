"""Pieces of wire shapes that several surfaces use.

The one thing a newcomer would get wrong: text on the wire is `Text`, which refuses NUL and control
characters, never a bare `str`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from aidial_contract.checking import TEXT_PATTERN, Rule
from aidial_contract.fault import FieldError


class Incoming(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A body a caller sends: unknown fields are refused."""


class Outgoing(msgspec.Struct, kw_only=True, gc=False):
    """A body we answer with. Never part of a cycle, so the collector need not look at it."""


Time = Annotated[datetime, Meta(tz=True, description="RFC 3339 with offset")]
_UUID = r"\A[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\Z"
Uuid = Annotated[str, Meta(pattern=_UUID, description="UUID")]
ListedUuid = Annotated[
    str, Meta(min_length=36, max_length=36, extra_json_schema={"pattern": _UUID}, description="UUID")
]
"""The same in what a page holds many of: matching forty of them costs as much as reading all the rest."""
Slug = Annotated[str, Meta(pattern=r"\A[a-z0-9][a-z0-9-]{1,62}\Z")]
Line = Annotated[str, Meta(min_length=1, max_length=200, pattern=TEXT_PATTERN)]
Label = Annotated[str, Meta(min_length=1, max_length=80, pattern=TEXT_PATTERN)]
ViewName = Annotated[str, Meta(min_length=1, max_length=60, pattern=TEXT_PATTERN)]
Note = Annotated[str, Meta(max_length=2_000, pattern=TEXT_PATTERN)]
Version = Annotated[int, Meta(ge=1, le=2**31 - 1)]


class Matching(Outgoing):
    """How many records match: exact up to 10,000, then `capped`. Thousands of calls may be of 2 s ago."""

    count: int
    capped: bool


class ErrorEntry(Outgoing):
    """One row of the public error registry."""

    code: str
    status: int
    category: str
    message_key: str
    message: str
    retryable: bool
    what_to_do: str


class ErrorRegistry(Outgoing):
    """`GET /v1/errors`."""

    errors: list[ErrorEntry]


class HealthCheck(Outgoing):
    """One dependency's state."""

    status: Literal["pass", "warn", "fail"]
    latency_ms: float


class Health(Outgoing):
    """`application/health+json`."""

    status: Literal["pass", "warn", "fail"]
    service: str
    version: str
    checks: dict[str, HealthCheck] = {}


JsonObject = dict[str, Any]


def not_blank(*names: str) -> Rule:
    """The rule that these members hold more than spaces, where they are there."""

    def rule(plain: Any, failed: frozenset[str]) -> Iterator[FieldError]:
        if isinstance(plain, dict):
            for name in names:
                text = plain.get(name)
                if isinstance(text, str) and f"/{name}" not in failed and not text.strip():
                    yield FieldError(f"/{name}", "too_short")

    return rule
