"""Reading an API's error: every row comes back as itself, and nothing else gets through."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aidial_contract import errors
from aidial_contract.envelopes import Envelope, render
from aidial_contract.errors import ERRORS, ErrorRow
from aidial_contract.fault import Fault, FieldError
from aidial_contract.limits import ACCOUNT_EXPORTS_HOURS
from aidial_contract.transport import MAX_FIELD_ERRORS, parse

JSON = "application/json"
REQUEST = "request-0001"
FIELDS = [FieldError("/turns/0/text", "required"), FieldError("query.limit", "too_large")]


def body_of(fault: Fault, **changes: Any) -> bytes:
    return msgspec.json.encode({**render(Envelope.TRANSPORT, fault, REQUEST), **changes})


def is_violation(fault: Fault) -> bool:
    return fault.row is errors.UPSTREAM_CONTRACT_VIOLATION


@pytest.mark.parametrize("row", list(ERRORS.values()), ids=list(ERRORS))
def test_every_row_survives_the_journey(row: ErrorRow) -> None:
    sent = Fault(row, details={"limit": 10_000}, field_errors=FIELDS, retry_after_ms=4_200)
    read = parse(row.status, "application/json; charset=utf-8", body_of(sent))
    expected = errors.UPSTREAM_RATE_LIMITED if row is errors.RATE_LIMITED else row
    assert read.row is expected
    assert read.details == {"limit": 10_000}
    assert list(read.field_errors) == FIELDS
    assert read.retry_after_ms == 4_200


@pytest.mark.parametrize("row", list(ERRORS.values()), ids=list(ERRORS))
def test_what_was_read_can_be_said_again_in_every_family(row: ErrorRow) -> None:
    read = parse(row.status, JSON, body_of(Fault(row, field_errors=FIELDS)))
    for family in Envelope:
        if family is not Envelope.PAGE:
            assert msgspec.json.encode(render(family, read, REQUEST))


def test_members_nobody_knows_are_dropped() -> None:
    read = parse(404, JSON, body_of(Fault(errors.NOT_FOUND), trace="at line 5"))
    assert read.row is errors.NOT_FOUND
    assert "at line 5" not in repr(render(Envelope.TRANSPORT, read, REQUEST))


def test_the_upstreams_own_words_are_not_passed_on() -> None:
    read = parse(404, JSON, body_of(Fault(errors.NOT_FOUND), message="table calls is missing"))
    assert render(Envelope.TRANSPORT, read, REQUEST)["message"] == "Not found."


@pytest.mark.parametrize(
    "changes",
    [
        {"code": "no_such_code"},
        {"code": 7},
        {"category": "internal"},
        {"message_key": "errors.internal_error"},
        {"retryable": True},
        {"retryable": "no"},
        {"request_id": None},
        {"details": []},
        {"details": "x"},
        {"field_errors": {}},
        {"field_errors": [{"field": "/a"}]},
        {"field_errors": [{"field": "/a", "code": "invented", "message": "", "message_key": ""}]},
        {"field_errors": [{"field": "/" * 5_000, "code": "required", "message": "", "message_key": ""}]},
        {"field_errors": [FIELDS[0].as_wire()] * (MAX_FIELD_ERRORS + 1)},
        {"retry_after_ms": -1},
        {"retry_after_ms": 1.5},
        {"retry_after_ms": 10**15},
    ],
    ids=repr,
)
def test_an_answer_that_breaks_the_contract_is_not_passed_on(changes: dict[str, Any]) -> None:
    assert is_violation(parse(422, JSON, body_of(Fault(errors.VALIDATION_FAILED), **changes)))


def test_a_quota_of_a_month_keeps_its_wait() -> None:
    wait_ms = ACCOUNT_EXPORTS_HOURS.most * 60 * 60 * 1_000
    fault = parse(429, JSON, body_of(Fault(errors.QUOTA_EXCEEDED, retry_after_ms=wait_ms)))
    assert (fault.row, fault.retry_after_ms) == (errors.QUOTA_EXCEEDED, wait_ms)


@pytest.mark.parametrize("status", [200, 400, 403, 500])
def test_a_code_with_another_status_is_a_violation(status: int) -> None:
    assert is_violation(parse(status, JSON, body_of(Fault(errors.NOT_FOUND))))


@pytest.mark.parametrize("media_type", ["", "text/html", "text/json", "application/problem+json"])
def test_an_error_that_is_not_json_is_a_violation(media_type: str) -> None:
    assert is_violation(parse(404, media_type, body_of(Fault(errors.NOT_FOUND))))


@pytest.mark.parametrize(
    "number", [b"NaN", b"Infinity", b"-Infinity", b"1e999"], ids=["nan", "infinity", "minus", "huge"]
)
def test_numbers_json_does_not_have_are_a_violation(number: bytes) -> None:
    body = body_of(Fault(errors.NOT_FOUND), details={"x": 0}).replace(b'"x":0', b'"x":' + number)
    assert is_violation(parse(404, JSON, body))


def test_a_bottomless_answer_is_a_violation() -> None:
    deep = b"[" * 100_000 + b"]" * 100_000
    body = body_of(Fault(errors.NOT_FOUND), details={"x": 0}).replace(b'"x":0', b'"x":' + deep)
    assert is_violation(parse(404, JSON, body))


@given(st.integers(100, 599), st.one_of(st.just(JSON), st.text(max_size=30)), st.binary(max_size=300))
def test_whatever_comes_back_becomes_a_fault(status: int, media_type: str, body: bytes) -> None:
    assert is_violation(parse(status, media_type, body))
