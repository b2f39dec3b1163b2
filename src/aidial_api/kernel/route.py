"""What a route is: one row of `routes.py`. The table is the router.

The one thing a newcomer would get wrong: the policy fields have no defaults, so a row without a policy does
not type-check; and a handler never checks a role, the guard did.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import msgspec

from aidial_contract.access import Permission
from aidial_contract.checking import Rule
from aidial_contract.errors import BODY_TOO_LARGE, VALIDATION_FAILED, ErrorRow
from aidial_contract.limits import JSON_BODY, Numbers
from aidial_contract.media import JSON
from aidial_contract.query import QueryParam, QueryParams
from aidial_contract.scope import ScopeKind

if TYPE_CHECKING:
    from aidial_api.kernel.ask import Ask
    from aidial_contract.fault import Fault


class AuthMode(StrEnum):
    """Which credentials a row takes; another one is 403 `auth_mode_not_allowed`."""

    NONE = "none"
    KEY = "key"
    BEARER = "bearer"
    EITHER = "key or bearer"


RECORD_KINDS = frozenset({ScopeKind.CALL, ScopeKind.RECORD})
"""Kinds whose finder gives one record, `client_id` among its columns."""

CREATED = 201


class Access(StrEnum):
    """`public`: hygiene and parse only; `pending`: no assignment or second factor; `full`: all steps."""

    PUBLIC = "public"
    PENDING = "pending"
    FULL = "full"


class SessionNeed(StrEnum):
    """Whether a person's bearer must come with `X-AiDial-Session`."""

    REQUIRED = "required"
    OPTIONAL = "optional"


class Precondition(StrEnum):
    """What an unsafe request must say about what it changes."""

    NONE = "none"
    IF_MATCH = "if_match"
    EXPECTED_VERSION = "expected_version"


@dataclass(slots=True)
class Answer:
    """What a handler gives back: a wire shape (or raw bytes with their media type) and headers.

    `stream` is a body that is made while it is sent, instead of `body`. It runs after the request's
    transaction has ended; what it raises before its first piece is an answer, later it breaks the connection.
    """

    body: msgspec.Struct | bytes | None = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    media_type: str = "application/json"
    stream: AsyncGenerator[bytes, None] | None = None


Handler = Callable[["Ask"], Awaitable["Answer | Fault"]]
"""What runs a row. A refusal that it raises undoes what it wrote; one that it returns does not."""
Receiver = Callable[["Ask"], Awaitable[Answer]]
Finder = Callable[["Ask"], Awaitable[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One row.

    `find` fetches the record the path names THROUGH the scope (None is the 404); `find_body` does the same
    for ids in the body; `body` is the incoming shape, `rules` its cross-field checks; `answers` the
    outgoing shape by status; `body_limit_bytes` the cap of contract section 7. `takes_expired_token`: a
    bearer whose only fault is its age will do, because the row is how one gets a new one or signs out.
    `takes` are the media types of the body, `misfit` is what a body that does not fit its shape is called.
    `members`: members of the body that need a permission of their own; to those who lack it, this row's 404.
    `records`: a safe row whose handler leaves an audit event, so its transaction may write.
    `media_type` is the answer's; `formats` names it by the value of the query's `format`, where there are
    several (an answer of `bytes` or `str` is a file of that type). `survives_bad_configuration`: health,
    which then says so.
    `idempotent_create`: takes `Idempotency-Key`, as every POST that creates must.
    `or_permission` will do for those who lack `permission`; `ask.held` says which of the two they hold.
    `receives`: the body is a file. `handler` decides in the request's transaction whether it may come; then
    `receives` reads it from `ask.receive` piece by piece, writes in transactions of its own, and answers.
    `too_large` is what a body above the limit is called.
    `params` is `query` as every request reads it.
    `names_client`: partners too say which client they mean, in the query's `client_id` (else 400);
    internal roles do so on every row that takes one, because they reach no client until they do.
    """

    method: str
    path: str
    name: str
    summary: str
    handler: Handler
    access: Access
    auth: AuthMode
    permission: Permission | None
    scope: ScopeKind
    bucket: str
    answers: Mapping[int, Any]
    or_permission: Permission | None = None
    session: SessionNeed = SessionNeed.REQUIRED
    query: tuple[QueryParam, ...] = ()
    params: QueryParams = field(init=False, repr=False)
    find: Finder | None = None
    find_body: Finder | None = None
    body: type[msgspec.Struct] | None = None
    rules: tuple[Rule, ...] = ()
    takes: tuple[str, ...] = (JSON,)
    misfit: ErrorRow = VALIDATION_FAILED
    body_limit_bytes: int = JSON_BODY
    precondition: Precondition = Precondition.NONE
    writes: bool = False
    records: bool = False
    takes_expired_token: bool = False
    idempotent_create: bool = False
    receives: Receiver | None = None
    too_large: ErrorRow = BODY_TOO_LARGE
    names_client: bool = False
    members: Mapping[str, Permission] = field(default_factory=dict)
    media_type: str = JSON
    formats: Mapping[str, str] = field(default_factory=dict)
    survives_bad_configuration: bool = False
    errors: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse rows whose policy contradicts itself; have the query's rows ready for every request."""
        object.__setattr__(self, "params", QueryParams(self.query))
        for is_wrong, why in (*self._wrong_policy(), *self._wrong_scope()):
            if is_wrong:
                raise ValueError(f"{self.method} {self.path}: {why}")

    def _wrong_policy(self) -> Iterable[tuple[bool, str]]:
        public = self.access is Access.PUBLIC
        unsafe = self.method in {"POST", "PUT", "PATCH", "DELETE"}
        creates = self.method == "POST" and CREATED in self.answers
        yield public != (self.auth is AuthMode.NONE), "public rows, and only they, take no credential"
        yield public != (self.permission is None), "public rows, and only they, have no permission"
        yield public and self.or_permission is not None, "a public row has no permission"
        yield unsafe != self.writes and not public, "an unsafe row writes, a safe one does not"
        yield self.records and (self.writes or public), "only a read by somebody known is recorded"
        yield (
            self.idempotent_create and (public or self.method != "POST"),
            "Idempotency-Key is for a POST with a credential",
        )
        yield creates and not (self.idempotent_create or public), "a POST that creates takes Idempotency-Key"

    def _wrong_scope(self) -> Iterable[tuple[bool, str]]:
        takes_client = any(param.name == "client_id" for param in self.query)
        versioned = self.precondition is Precondition.EXPECTED_VERSION
        yield self.scope in RECORD_KINDS and self.find is None, "a row with an id needs a finder"
        yield (
            self.names_client and (self.find is None or not takes_client),
            "naming a client takes its parameter and its finder",
        )
        yield self.body_names_client and self.find_body is None, "a client in the body needs its finder"
        yield versioned and self.body is None, "expected_version needs a body"

    @property
    def media_types(self) -> tuple[str, ...]:
        """What a success may be."""
        return tuple(self.formats.values()) or (self.media_type,)

    @property
    def body_names_client(self) -> bool:
        """Whether the body says which client it is about, so that scope is judged once it was read."""
        fields = () if self.body is None else self.body.__struct_fields__
        return self.scope is ScopeKind.CLIENTS and "client_id" in fields


@dataclass(frozen=True, slots=True)
class Match:
    """A path that exists: its rows by method, and the values of its braces."""

    rows: Mapping[str, Route]
    path: Mapping[str, str]


class RouteTable:
    """Every row, matched by exact path first and by segments after."""

    def __init__(self, rows: Iterable[Route]) -> None:
        self.rows = tuple(rows)
        self._static: dict[str, dict[str, Route]] = {}
        self._dynamic: dict[int, list[tuple[tuple[str, ...], dict[str, Route]]]] = {}
        for row in self.rows:
            self._add(row)

    def configured(self, numbers: Numbers) -> RouteTable:
        """The same rows with the sizes that are configured here."""
        return RouteTable(
            replace(row, body_limit_bytes=numbers.size(row.body_limit_bytes), query=numbers.params(row.query))
            for row in self.rows
        )

    def _add(self, row: Route) -> None:
        if "{" not in row.path:
            by_method = self._static.setdefault(row.path, {})
        else:
            segments = tuple(row.path.split("/"))
            listed = self._dynamic.setdefault(len(segments), [])
            for known, methods in listed:
                if known == segments:
                    by_method = methods
                    break
            else:
                by_method = {}
                listed.append((segments, by_method))
        if row.method in by_method:
            raise ValueError(f"{row.method} {row.path} is declared twice")
        by_method[row.method] = row

    def match(self, path: str) -> Match | None:
        """The rows of a path as it was sent, or None when no row has it.

        A row's own words are never encoded, so that no rule of a proxy about `/v1/` can be walked around;
        only what stands in braces may be.
        """
        static = self._static.get(path)
        if static is not None:
            return Match(static, {})
        parts = path.split("/")
        for segments, by_method in self._dynamic.get(len(parts), ()):
            values = _fit(segments, parts)
            if values is not None:
                return Match(by_method, values)
        return None


def _fit(segments: tuple[str, ...], parts: list[str]) -> dict[str, str] | None:
    values = {}
    for segment, part in zip(segments, parts, strict=True):
        if segment.startswith("{"):
            value = unquote(part) if "%" in part else part
            if not value or "/" in value:
                return None
            values[segment[1:-1]] = value
        elif segment != part:
            return None
    return values
