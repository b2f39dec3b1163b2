"""The registry: at least the rows of the contract, each with a text, none declared twice."""

from __future__ import annotations

import re

import pytest

from aidial_contract import errors
from aidial_contract.errors import ERRORS, Category, ErrorRow
from aidial_contract.messages import field_codes, text

# Section 2 of the contract, copied by hand: a row may be added, never renamed or moved to another status.
PROMISED = {
    400: "malformed_json malformed_request unsupported_query_parameter unsupported_query_value "
    "invalid_cursor idempotency_key_invalid host_invalid",
    401: "session_missing session_invalid session_expired session_revoked session_claims_missing "
    "credentials_missing api_key_invalid api_key_expired api_key_revoked token_malformed token_expired "
    "token_invalid token_scheme_unsupported",
    403: "csrf_missing csrf_invalid cross_site_request session_cookie_policy ip_not_allowed "
    "auth_mode_not_allowed scope_insufficient browser_credential_rejected entitlement_required",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    409: "version_conflict state_conflict already_exists idempotency_conflict request_in_progress "
    "published_state_missing draft_state_missing consent_required recording_unavailable seat_limit_reached",
    412: "revision_stale",
    413: "body_too_large export_too_large transcript_too_large file_too_large",
    414: "uri_too_long",
    415: "unsupported_media_type",
    416: "range_not_satisfiable",
    422: "validation_failed sensitive_search_term",
    428: "precondition_required",
    429: "rate_limited upstream_rate_limited quota_exceeded",
    431: "headers_too_large",
    500: "internal_error configuration_invalid upstream_contract_violation",
    503: "dependency_unavailable dependency_timeout billing_provider_unavailable session_service_unavailable "
    "storage_unavailable",
}
PAIRS = [(code, status) for status, codes in PROMISED.items() for code in codes.split()]
RETRYABLE_STATUSES = {429, 503}


@pytest.mark.parametrize(("code", "status"), PAIRS)
def test_every_promised_code_has_its_promised_status(code: str, status: int) -> None:
    assert ERRORS[code].status == status


def test_not_found_is_the_only_404() -> None:
    assert [row.code for row in ERRORS.values() if row.status == 404] == ["not_found"]


@pytest.mark.parametrize("row", list(ERRORS.values()), ids=list(ERRORS))
def test_every_row_says_what_happened_and_what_to_do(row: ErrorRow) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9_]{2,40}", row.code)
    assert row.message_key == f"errors.{row.code}"
    for words in (row.message, row.what_to_do):
        assert words.endswith(".")
        assert len(words) >= 8
        assert "!" not in words
    assert row.message != row.what_to_do


@pytest.mark.parametrize("code", list(field_codes()))
def test_every_field_code_has_a_text(code: str) -> None:
    assert text(f"fields.{code}").endswith(".")


def test_waiting_helps_for_every_429_and_503_and_for_no_mistake_of_the_caller() -> None:
    for row in ERRORS.values():
        if row.status in RETRYABLE_STATUSES:
            assert row.retryable, row.code
        elif row is not errors.REQUEST_IN_PROGRESS:
            assert not row.retryable, row.code


def test_the_categories_are_the_ten_of_the_contract_and_each_is_used() -> None:
    promised = [
        "validation",
        "authentication",
        "security_policy",
        "not_found",
        "conflict",
        "precondition",
        "payload_too_large",
        "rate_limited",
        "dependency",
        "internal",
    ]
    assert [str(category) for category in Category] == promised
    assert {row.category for row in ERRORS.values()} == set(Category)


def test_a_key_without_a_text_is_found_out() -> None:
    with pytest.raises(KeyError):
        text("errors.no_such_error")
    with pytest.raises(KeyError):
        text("fields.required", "todo")
