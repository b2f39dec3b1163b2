"""One renderer per envelope family of `contract.md` section 3.

The status comes from the row, the body from the route's family, the headers from the error. The one thing
a newcomer would get wrong: an envelope never picks a status. The `page` family is rendered by the portal's
templates from `what a person reads`, the others here.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Any

from aidial_contract.fault import Fault

Body = dict[str, Any]


class Envelope(StrEnum):
    """The families a route may answer errors in."""

    TRANSPORT = "transport"
    CALLS = "calls"
    COMPLIANCE = "compliance"
    ANALYTICS = "analytics"
    SUPPORT = "support"
    PROTECTED = "protected"
    PAGE = "page"


def _with_extras(body: Body, fault: Fault) -> Body:
    if fault.field_errors:
        body["field_errors"] = [error.as_wire() for error in fault.field_errors]
    if fault.details is not None:
        body["details"] = dict(fault.details)
    if fault.retry_after_ms is not None:
        body["retry_after_ms"] = fault.retry_after_ms
    return body


def _transport(fault: Fault, request_id: str) -> Body:
    row = fault.row
    body = {
        "code": row.code,
        "category": str(row.category),
        "message": row.message,
        "message_key": row.message_key,
        "retryable": row.retryable,
        "request_id": request_id,
    }
    return _with_extras(body, fault)


def _calls(fault: Fault, request_id: str) -> Body:
    row = fault.row
    body = {
        "error": row.code,
        "message": row.message,
        "retryable": row.retryable,
        "request_id": request_id,
    }
    return _with_extras(body, fault)


def _compliance(fault: Fault, request_id: str) -> Body:
    row = fault.row
    return _with_extras(
        {"error": {"code": row.code, "message": row.message}, "request_id": request_id}, fault
    )


def _analytics(fault: Fault, request_id: str) -> Body:
    row = fault.row
    return _with_extras(
        {"ok": False, "code": row.code, "message": row.message, "request_id": request_id}, fault
    )


def _support(fault: Fault, request_id: str) -> Body:
    row = fault.row
    error: Body = {"code": row.code, "message": row.message}
    if fault.field_errors:
        error["field_errors"] = [item.as_wire() for item in fault.field_errors]
    if fault.details is not None:
        error["details"] = dict(fault.details)
    body: Body = {"error": error, "request_id": request_id}
    if fault.retry_after_ms is not None:
        body["retry_after_ms"] = fault.retry_after_ms
    return body


def _protected(fault: Fault, request_id: str) -> Body:
    row = fault.row
    details: Body = dict(fault.details or {})
    if fault.field_errors:
        details["field_errors"] = [item.as_wire() for item in fault.field_errors]
    if fault.retry_after_seconds is not None:
        details["retry_after_seconds"] = fault.retry_after_seconds
    return {
        "error": {
            "code": row.code,
            "message": row.message,
            "message_key": row.message_key,
            "request_id": request_id,
            "details": details,
        }
    }


_RENDERERS: dict[Envelope, Callable[[Fault, str], Body]] = {
    Envelope.TRANSPORT: _transport,
    Envelope.CALLS: _calls,
    Envelope.COMPLIANCE: _compliance,
    Envelope.ANALYTICS: _analytics,
    Envelope.SUPPORT: _support,
    Envelope.PROTECTED: _protected,
}


def render(envelope: Envelope, fault: Fault, request_id: str) -> Body:
    """The JSON body of `fault` in a family; `page` has no JSON body and raises KeyError."""
    return _RENDERERS[envelope](fault, request_id)


def fault_headers(fault: Fault) -> dict[str, str]:
    """The headers every family sends with this error."""
    headers = {"cache-control": "no-store", **fault.headers}
    if fault.retry_after_seconds is not None:
        headers["retry-after"] = str(fault.retry_after_seconds)
    return headers
