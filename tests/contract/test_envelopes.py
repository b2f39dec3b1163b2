"""Every family's body, member by member, with and without what an error may add."""

from __future__ import annotations

from typing import Any

import pytest

from aidial_contract import errors
from aidial_contract.envelopes import Envelope, fault_headers, render
from aidial_contract.errors import ERRORS, ErrorRow
from aidial_contract.fault import Fault, FieldError

REQUEST = "request-0001"
FAMILIES = [family for family in Envelope if family is not Envelope.PAGE]
PLAIN = Fault(errors.NOT_FOUND, reason="role lacks calls.view")
FIELD = {
    "field": "/turns/0/text",
    "code": "required",
    "message": "This field is required.",
    "message_key": "fields.required",
}
FULL = Fault(
    errors.RATE_LIMITED,
    details={"use": "caller"},
    field_errors=[FieldError("/turns/0/text", "required")],
    retry_after_ms=4_200,
    reason="secret of the log",
)
MISSING = {"code": "not_found", "message": "Not found."}
BUSY = {"code": "rate_limited", "message": "Too many requests."}
EXTRAS = {"field_errors": [FIELD], "details": {"use": "caller"}, "retry_after_ms": 4_200}

PLAIN_BODIES: dict[Envelope, dict[str, Any]] = {
    Envelope.TRANSPORT: {
        **MISSING,
        "category": "not_found",
        "message_key": "errors.not_found",
        "retryable": False,
        "request_id": REQUEST,
    },
    Envelope.CALLS: {
        "error": "not_found",
        "message": "Not found.",
        "retryable": False,
        "request_id": REQUEST,
    },
    Envelope.COMPLIANCE: {"error": MISSING, "request_id": REQUEST},
    Envelope.ANALYTICS: {"ok": False, **MISSING, "request_id": REQUEST},
    Envelope.SUPPORT: {"error": MISSING, "request_id": REQUEST},
    Envelope.PROTECTED: {
        "error": {**MISSING, "message_key": "errors.not_found", "request_id": REQUEST, "details": {}}
    },
}
FULL_BODIES: dict[Envelope, dict[str, Any]] = {
    Envelope.TRANSPORT: {
        **BUSY,
        "category": "rate_limited",
        "message_key": "errors.rate_limited",
        "retryable": True,
        "request_id": REQUEST,
        **EXTRAS,
    },
    Envelope.CALLS: {
        "error": "rate_limited",
        "message": "Too many requests.",
        "retryable": True,
        "request_id": REQUEST,
        **EXTRAS,
    },
    Envelope.COMPLIANCE: {"error": BUSY, "request_id": REQUEST, **EXTRAS},
    Envelope.ANALYTICS: {"ok": False, **BUSY, "request_id": REQUEST, **EXTRAS},
    Envelope.SUPPORT: {
        "error": {**BUSY, "field_errors": [FIELD], "details": {"use": "caller"}},
        "request_id": REQUEST,
        "retry_after_ms": 4_200,
    },
    Envelope.PROTECTED: {
        "error": {
            **BUSY,
            "message_key": "errors.rate_limited",
            "request_id": REQUEST,
            "details": {"use": "caller", "field_errors": [FIELD], "retry_after_seconds": 5},
        }
    },
}


@pytest.mark.parametrize("family", FAMILIES)
def test_a_plain_error_has_exactly_the_members_of_its_family(family: Envelope) -> None:
    assert render(family, PLAIN, REQUEST) == PLAIN_BODIES[family]


@pytest.mark.parametrize("family", FAMILIES)
def test_a_full_error_puts_each_addition_where_its_family_has_it(family: Envelope) -> None:
    assert render(family, FULL, REQUEST) == FULL_BODIES[family]


@pytest.mark.parametrize("family", FAMILIES)
def test_the_log_reason_never_reaches_the_wire(family: Envelope) -> None:
    assert "secret of the log" not in repr(render(family, FULL, REQUEST))
    assert "role lacks" not in repr(render(family, PLAIN, REQUEST))


def test_pages_have_no_json_body() -> None:
    with pytest.raises(KeyError):
        render(Envelope.PAGE, PLAIN, REQUEST)


def test_rendering_leaves_the_error_as_it_was() -> None:
    details = {"use": "caller"}
    fault = Fault(errors.VALIDATION_FAILED, details=details, field_errors=[FieldError("/a", "required")])
    body = render(Envelope.PROTECTED, fault, REQUEST)
    body["error"]["details"]["use"] = "something else"
    assert details == {"use": "caller"}


@pytest.mark.parametrize("row", [row for row in ERRORS.values() if row.status in {429, 503}])
def test_every_429_and_503_says_when_to_come_back(row: ErrorRow) -> None:
    assert fault_headers(Fault(row))["retry-after"] == "1"


@pytest.mark.parametrize(
    ("wait_ms", "seconds"), [(0, "1"), (1, "1"), (999, "1"), (1_000, "1"), (1_001, "2"), (4_200, "5")]
)
def test_retry_after_is_whole_seconds_rounded_up_from_the_bodys_number(wait_ms: int, seconds: str) -> None:
    fault = Fault(errors.RATE_LIMITED, retry_after_ms=wait_ms)
    assert fault_headers(fault)["retry-after"] == seconds
    assert render(Envelope.PROTECTED, fault, REQUEST)["error"]["details"]["retry_after_seconds"] == int(
        seconds
    )
    assert render(Envelope.TRANSPORT, fault, REQUEST)["retry_after_ms"] == wait_ms


def test_errors_are_never_stored_and_keep_their_own_headers() -> None:
    headers = fault_headers(Fault(errors.METHOD_NOT_ALLOWED, headers={"allow": "GET, HEAD"}))
    assert headers == {"cache-control": "no-store", "allow": "GET, HEAD"}
