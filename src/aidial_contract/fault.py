"""The one exception both apps raise for an error that a client sees.

The one thing a newcomer would get wrong: `reason` goes to the log and never to the wire; everything else
is public.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from aidial_contract.errors import ErrorRow
from aidial_contract.messages import text

BUSY: Final[Mapping[str, Any]] = {"reason": "busy"}
"""`details` of a 503 from a process that works and has too much to do: no sign that it is broken."""


@dataclass(frozen=True, slots=True)
class FieldError:
    """One field that failed.

    `field` is a JSON Pointer into the caller's body (`/turns/0/text`), or `query.<name>`, `path.<name>`,
    `header.<name>`. `code` is one of the catalogue's `fields.*`. A value is never echoed.
    """

    field: str
    code: str

    @property
    def message_key(self) -> str:
        """`fields.<code>`."""
        return f"fields.{self.code}"

    def as_wire(self) -> dict[str, str]:
        """`{"field","code","message","message_key"}`."""
        return {
            "field": self.field,
            "code": self.code,
            "message": text(self.message_key),
            "message_key": self.message_key,
        }


@dataclass(slots=True)
class Fault(Exception):  # noqa: N818 - the word the whole product uses
    """A registry row plus what this one occurrence adds.

    `details` is public; `retry_after_ms` gives `Retry-After` and its body twins from one number;
    `headers` are extra public headers (`Allow`, `WWW-Authenticate`); `reason` is for the log only.
    """

    row: ErrorRow
    details: Mapping[str, Any] | None = None
    field_errors: Sequence[FieldError] = ()
    retry_after_ms: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    reason: str = ""

    def __post_init__(self) -> None:
        """Give every 429 and 503 a time to retry after: one second unless somebody knows better."""
        Exception.__init__(self, self.row.code)
        if self.retry_after_ms is None and self.row.status in {429, 503}:
            self.retry_after_ms = 1_000

    @property
    def retry_after_seconds(self) -> int | None:
        """Whole seconds, rounded up: the `Retry-After` header."""
        return None if self.retry_after_ms is None else max(1, -(-self.retry_after_ms // 1_000))
