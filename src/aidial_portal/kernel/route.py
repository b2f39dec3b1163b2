"""What a route of the portal is: one row. The table is the router.

The one thing a newcomer would get wrong: no policy field has a default, so a row without a policy does not
type-check; and a handler never checks a role, the guard did.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Final, Literal

from starlette.responses import Response

from aidial_contract import media
from aidial_contract.limits import JSON_BODY
from aidial_contract.query import QueryParam, QueryParams
from aidial_portal.kernel.families import family_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    import msgspec

    from aidial_contract.access import Permission
    from aidial_contract.checking import Rule
    from aidial_contract.envelopes import Envelope
    from aidial_contract.errors import ErrorRow
    from aidial_contract.limits import Numbers
    from aidial_contract.scope import ScopeKind
    from aidial_portal.kernel.limits import Bucket
    from aidial_portal.kernel.request import PortalRequest

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
SAFE_METHODS: Final = frozenset({"GET", "HEAD"})

Handler = Callable[["PortalRequest"], Awaitable[Response]]
"""A handler answers with a Starlette response and raises `Fault` for every error."""


class Kind(StrEnum):
    """`api`: JSON; `page`: HTML; `auth`: next-auth's own protocol, which checks CSRF itself; `health`."""

    API = "api"
    PAGE = "page"
    AUTH = "auth"
    HEALTH = "health"


class Access(StrEnum):
    """`public`: no session; `pending`: a session, but neither assignment nor second factor; `full`: all."""

    PUBLIC = "public"
    PENDING = "pending"
    FULL = "full"


@dataclass(frozen=True, slots=True)
class PendingWhen:
    """`pending` when the query says `name=value`, else `full`: one page whose own profile is open to all."""

    name: str
    value: str


class Precondition(StrEnum):
    """What a change must say about what it changes: 428 when it is absent."""

    NONE = "none"
    EXPECTED_VERSION = "expected_version"
    IF_MATCH = "if_match"


class WithoutContext(StrEnum):
    """What happens when the API cannot say who the session is: 503, or the handler degrades."""

    FAIL = "fail"
    DEGRADE = "degrade"


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteScope:
    """Through what the row's ids are looked up, and where a client or project id stands.

    `client_id` and `project_id` are `query.<name>`, `path.<name>`, `body.<name>` or None; the guard answers
    404 when the value is out of reach. Ids of other records (`call_id`) are the API's to find through the
    same scope. `project_ref` is where a reference to one of the person's own projects stands.
    """

    kind: ScopeKind
    client_id: str | None
    project_id: str | None
    project_ref: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """What a row takes: the cap in bytes, its media types (none: any body is ignored) and its shape."""

    limit_bytes: int
    media_types: frozenset[str]
    shape: type[msgspec.Struct] | None = None
    rules: tuple[Rule, ...] = ()


CALL_DENIAL: Final = "/v1/calls/{id}"
"""What a row without a better one asks for when it denies."""

NO_BODY: Final = Body(limit_bytes=JSON_BODY, media_types=frozenset())
NO_QUERY: Final[frozenset[str]] = frozenset()
JSON: Final = media.JSON
HTML: Final = "text/html"
ANY: Final = media.ANY
"""Of a row whose answers are not negotiated: health, files, next-auth."""


def json_body(shape: type[msgspec.Struct], *rules: Rule) -> Body:
    """A JSON body of a shape."""
    return Body(limit_bytes=JSON_BODY, media_types=frozenset({JSON}), shape=shape, rules=rules)


@dataclass(frozen=True, kw_only=True)
class Route:
    """One row.

    `query` names every parameter (another one is 400 on `/api`, ignored by pages); `params` says what those
    the contract describes may hold, and what using one needs beside the row's permission. `bucket` is the
    rate limit besides the coarse one. `produces` is the success media type, compared with `Accept`; `formats`
    names another by the value of the query's `format`.
    `denial` is what a missing id asks `/v1` for, `{id}` being one that cannot exist: a denial asks for the
    same, so that the two cannot be told apart ("" where nothing can be missing). `without_context` says what
    a broken API means for the row. `errors` are the codes the handler, or `/v1` behind it, adds to those that
    follow from the policy. `away` is what the row calls an API that does not answer, unless by its own name.
    `gate` says more than the role: whom it refuses is denied like somebody without the permission.
    """

    method: Method
    path: str
    name: str
    handler: Handler
    kind: Kind
    access: Access | PendingWhen
    permission: Permission | None
    scope: RouteScope
    query: frozenset[str]
    bucket: Bucket | None
    body: Body
    produces: str
    precondition: Precondition
    denial: str
    without_context: WithoutContext
    params: tuple[QueryParam, ...] = ()
    formats: Mapping[str, str] = field(default_factory=dict)
    errors: tuple[str, ...] = ()
    away: ErrorRow | None = None
    gate: Callable[[PortalRequest], bool] | None = None

    def __post_init__(self) -> None:
        """Refuse rows whose policy contradicts itself."""
        public = self.access is Access.PUBLIC
        if public != (self.permission is None):
            raise ValueError(f"{self.method} {self.path}: public rows, and only they, have no permission")
        if self.precondition is not Precondition.NONE and self.method in SAFE_METHODS:
            raise ValueError(f"{self.method} {self.path}: a read has no precondition")
        if self.precondition is Precondition.EXPECTED_VERSION and self.body.shape is None:
            raise ValueError(f"{self.method} {self.path}: expected_version needs a body")
        if not self.query.issuperset(param.name for param in self.params):
            raise ValueError(f"{self.method} {self.path}: a described parameter is not among its query")
        object.__setattr__(self, "params", QueryParams(self.params))

    @cached_property
    def envelope(self) -> Envelope:
        """The family the row answers errors in; it follows from the path."""
        return family_of(self.method, self.path)

    @cached_property
    def needing_more(self) -> tuple[tuple[str, Permission], ...]:
        """Parameters whose use needs a permission of their own."""
        return tuple((param.name, param.permission) for param in self.params if param.permission is not None)

    def access_for(self, query: Mapping[str, str]) -> Access:
        """Which checks a request with this query goes through."""
        if isinstance(self.access, PendingWhen):
            wanted = query.get(self.access.name) == self.access.value
            return Access.PENDING if wanted else Access.FULL
        return self.access

    def configured(self, numbers: Numbers) -> Route:
        """The same row with the sizes that are configured here."""
        body = replace(self.body, limit_bytes=numbers.size(self.body.limit_bytes))
        return replace(self, body=body, params=numbers.params(self.params))

    def produces_for(self, query: Mapping[str, str]) -> str:
        """The success media type of a request with this query."""
        return self.formats.get(query.get("format", ""), self.produces)

    @property
    def unsafe(self) -> bool:
        """Whether the row may change something."""
        return self.method not in SAFE_METHODS
