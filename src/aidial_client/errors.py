"""What the client raises: one class for each category of the error registry, and two for broken talk.

    AidialError
      Refused            the API said no; its class below is the category
        InvalidRequest, NotAuthenticated, NotAllowed, NotFound, Conflict, PreconditionFailed,
        TooLarge, RateLimited, DependencyFailed, InternalFailure
      NoAnswer           nothing came back in time
      UnexpectedAnswer   something came back that is not this API's

The one thing a newcomer would get wrong: the same `code` never changes its class, so catch the class and
look at `code` only for what the class does not say. All of them can be pickled: a job queue may carry them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from aidial_contract import errors
from aidial_contract.errors import Category, ErrorRow
from aidial_contract.fault import FieldError
from aidial_contract.headers import acceptable_request_id
from aidial_contract.transport import WireError, parse

SHOWN_FIELDS: Final = 5


class AidialError(Exception):
    """Anything that went wrong between here and the API.

    `request_id` names the request in the API's log; `retry_after_s` is how long to wait before the same
    request may succeed, None when nobody said.
    """

    def __init__(self, about: str, request_id: str, retry_after_s: float | None = None) -> None:
        super().__init__(about, request_id, retry_after_s)
        self.about = about
        self.request_id = request_id
        self.retry_after_s = retry_after_s

    def __str__(self) -> str:
        return f"{self.about} Request id {self.request_id}."


class NoAnswer(AidialError):  # noqa: N818 - named by what happened
    """No answer within the time allowed, or no connection. Whether the API did the work is not known."""


class UnexpectedAnswer(AidialError):  # noqa: N818 - named by what happened
    """An answer that breaks the contract: a redirect, a page, an unknown code, a body too large or misshapen.

    `status` is its HTTP status (0 when it was not even HTTP). Usually the address is wrong, or a proxy stands
    between; nothing of the answer is passed on.
    """

    def __init__(
        self, about: str, request_id: str, retry_after_s: float | None = None, status: int = 0
    ) -> None:
        super().__init__(about, request_id, retry_after_s)
        self.args = (about, request_id, retry_after_s, status)
        self.status = status


class Refused(AidialError):  # noqa: N818 - named by what happened
    """The API's own no, as a row of its error registry.

    `code` and `status` are stable for ever; `message` and `what_to_do` are for people. `field_errors` name
    every field that failed, by JSON Pointer (`/turns/0/text`) or `query.<name>`; `details` is the code's own.
    """

    def __init__(
        self,
        row: ErrorRow,
        request_id: str,
        retry_after_s: float | None = None,
        field_errors: tuple[FieldError, ...] = (),
        details: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(f"{row.code} ({row.status}): {row.message}", request_id, retry_after_s)
        self.args = (row, request_id, retry_after_s, field_errors, details)
        self.code = row.code
        self.status = row.status
        self.category = row.category
        self.message = row.message
        self.what_to_do = row.what_to_do
        self.retryable = row.retryable
        self.field_errors = field_errors
        self.details: Mapping[str, Any] = details or {}

    def __str__(self) -> str:
        shown = ", ".join(f"{one.field or 'body'} ({one.code})" for one in self.field_errors[:SHOWN_FIELDS])
        more = len(self.field_errors) - SHOWN_FIELDS
        fields = f" Fields: {shown}{f' and {more} more' if more > 0 else ''}." if shown else ""
        return f"{self.about}{fields} {self.what_to_do} Request id {self.request_id}."


class InvalidRequest(Refused):
    """`validation`: fix what `field_errors` name; the same request will fail again."""


class NotAuthenticated(Refused):
    """`authentication`: the key is wrong, expired or revoked."""


class NotAllowed(Refused):
    """`security_policy`: the key's scope, the kind of credential or the network address."""


class NotFound(Refused):
    """`not_found`: no such thing, or not one this key reaches; nobody is told which."""


class Conflict(Refused):
    """`conflict`: the state or an existing thing stands against it."""


class PreconditionFailed(Refused):
    """`precondition`: the ETag is stale or missing; read again first."""


class TooLarge(Refused):
    """`payload_too_large`."""


class RateLimited(Refused):
    """`rate_limited`, after the client's own retries: wait `retry_after_s`."""


class DependencyFailed(Refused):
    """`dependency`: something the API needs is down, after the client's own retries."""


class InternalFailure(Refused):
    """`internal`: the API's own fault."""


CLASSES: Final[dict[Category, type[Refused]]] = {
    Category.VALIDATION: InvalidRequest,
    Category.AUTHENTICATION: NotAuthenticated,
    Category.SECURITY_POLICY: NotAllowed,
    Category.NOT_FOUND: NotFound,
    Category.CONFLICT: Conflict,
    Category.PRECONDITION: PreconditionFailed,
    Category.PAYLOAD_TOO_LARGE: TooLarge,
    Category.RATE_LIMITED: RateLimited,
    Category.DEPENDENCY: DependencyFailed,
    Category.INTERNAL: InternalFailure,
}

_decoder = msgspec.json.Decoder(WireError)


def read_refusal(
    status: int, headers: Mapping[str, str], body: bytes, request_id: str
) -> Refused | UnexpectedAnswer:
    """What an answer that is no success means. `request_id` is ours, used where the answer's is none."""
    told_s = _retry_after_header(headers.get("retry-after"))
    fault = parse(status, headers.get("content-type", ""), body)
    wire = _wire(body)
    row = errors.ERRORS.get(wire.code) if wire else None
    # `parse` answers a broken promise with a row of its own, and names the bucket from the portal's side.
    meant = errors.UPSTREAM_RATE_LIMITED if row is errors.RATE_LIMITED else row
    if wire is None or row is None or fault.row is not meant or row.status != status:
        return UnexpectedAnswer(f"The answer (HTTP {status}) is not this API's.", request_id, told_s, status)
    body_s = None if wire.retry_after_ms is None else wire.retry_after_ms / 1_000
    waits = [seconds for seconds in (told_s, body_s) if seconds is not None]
    return CLASSES[row.category](
        row,
        wire.request_id if acceptable_request_id(wire.request_id) else request_id,
        max(waits, default=None),
        tuple(fault.field_errors),
        fault.details,
    )


def _wire(body: bytes) -> WireError | None:
    try:
        return _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _retry_after_header(text: str | None) -> float | None:
    """Whole seconds; the date form is nothing this API sends."""
    is_seconds = text is not None and text.isascii() and text.isdigit() and len(text) < 7  # noqa: PLR2004
    return float(text) if text is not None and is_seconds else None
