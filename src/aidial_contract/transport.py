"""Reading a `/v1` answer back into a `Fault`: how the portal and the client trust nothing but the contract.

The one thing a newcomer would get wrong: an answer that is not exactly a known row (unknown code, another
status, wrong types) is never passed on; it becomes `upstream_contract_violation`.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from aidial_contract import errors
from aidial_contract.fault import Fault, FieldError
from aidial_contract.messages import field_codes

MAX_FIELD_ERRORS = 50
MAX_POINTER = 1_024
MAX_RETRY_AFTER_MS = 31 * 24 * 60 * 60 * 1_000
"""The longest window that a quota may have."""


class WireFieldError(msgspec.Struct, frozen=True):
    """One entry of `field_errors` on the wire."""

    field: str
    code: str
    message: str
    message_key: str


class WireError(msgspec.Struct, frozen=True):
    """The `transport` envelope on the wire; unknown members are dropped."""

    code: str
    category: str
    message: str
    message_key: str
    retryable: bool
    request_id: str
    field_errors: list[WireFieldError] = []
    details: dict[str, Any] | None = None
    retry_after_ms: int | None = None


_decoder = msgspec.json.Decoder(WireError)

_OF_HEAD: Final = {
    row.status: row
    for row in (
        errors.MALFORMED_REQUEST,
        errors.TOKEN_EXPIRED,
        errors.IP_NOT_ALLOWED,
        errors.NOT_FOUND,
        errors.NOT_ACCEPTABLE,
        errors.STATE_CONFLICT,
        errors.BODY_TOO_LARGE,
        errors.RANGE_NOT_SATISFIABLE,
        errors.VALIDATION_FAILED,
        errors.UPSTREAM_RATE_LIMITED,
        errors.DEPENDENCY_UNAVAILABLE,
    )
}
"""One row a status."""


def violation(reason: str) -> Fault:
    """An upstream answer that breaks the contract; `reason` is for the log."""
    return Fault(errors.UPSTREAM_CONTRACT_VIOLATION, reason=reason)


def parse(status: int, content_type: str, body: bytes) -> Fault:  # noqa: PLR0911 - one return a broken promise
    """The `Fault` an upstream error answer means, or the violation it is.

    Shapes: `body` is the `transport` envelope as JSON. `rate_limited` becomes `upstream_rate_limited`
    with its retry time kept.
    """
    if content_type.partition(";")[0].strip().lower() != "application/json":
        return violation("error answer is not application/json")
    try:
        wire = _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return violation("error answer does not fit the transport envelope")
    row = errors.ERRORS.get(wire.code)
    if row is None:
        return violation("error answer has an unknown code")
    said = (wire.category, wire.message_key, wire.retryable)
    if row.status != status or said != (str(row.category), row.message_key, row.retryable):
        return violation("error answer disagrees with the registry")
    if len(wire.field_errors) > MAX_FIELD_ERRORS:
        return violation("error answer has too many field errors")
    if any(item.code not in field_codes() or len(item.field) > MAX_POINTER for item in wire.field_errors):
        return violation("error answer has a field error no catalogue knows")
    retry_after_ms = wire.retry_after_ms
    if retry_after_ms is not None and not 0 <= retry_after_ms <= MAX_RETRY_AFTER_MS:
        return violation("error answer has an impossible retry time")
    if row is errors.RATE_LIMITED:
        row = errors.UPSTREAM_RATE_LIMITED
    return Fault(
        row,
        details=wire.details,
        field_errors=[FieldError(item.field, item.code) for item in wire.field_errors],
        retry_after_ms=retry_after_ms,
        reason="upstream answered this",
    )


def parse_head(status: int) -> Fault:
    """What a refused HEAD means: no body says which row it is, so one of that status will do."""
    row = _OF_HEAD.get(status)
    return violation("HEAD was refused unusually") if row is None else Fault(row, reason="of HEAD")
