"""The error registry: every status and code either surface can answer, as rows.

Source: `contract.md` section 2. The one thing a newcomer would get wrong: an error body is never written
by hand. Raise `aidial_contract.fault.Fault` with a row from here; the route's envelope renders it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from aidial_contract.messages import text


class Category(StrEnum):
    """What kind of trouble an error is; the same word on both surfaces."""

    VALIDATION = "validation"
    AUTHENTICATION = "authentication"
    SECURITY_POLICY = "security_policy"
    NOT_FOUND = "not_found"
    CONFLICT = "conflict"
    PRECONDITION = "precondition"
    PAYLOAD_TOO_LARGE = "payload_too_large"
    RATE_LIMITED = "rate_limited"
    DEPENDENCY = "dependency"
    INTERNAL = "internal"


@dataclass(frozen=True, slots=True)
class ErrorRow:
    """One row: `code` is stable for ever; `message` and `what_to_do` are en-AU texts of the catalogue."""

    code: str
    status: int
    category: Category
    retryable: bool

    @property
    def message_key(self) -> str:
        """The key a client's own catalogue may translate by: `errors.<code>`."""
        return f"errors.{self.code}"

    @property
    def message(self) -> str:
        """The default message, Australian English."""
        return text(self.message_key)

    @property
    def what_to_do(self) -> str:
        """What the caller should do next, Australian English."""
        return text(self.message_key, "todo")


ERRORS: Final[dict[str, ErrorRow]] = {}


def _row(code: str, status: int, category: Category, *, retryable: bool = False) -> ErrorRow:
    row = ErrorRow(code, status, category, retryable)
    if code in ERRORS:
        raise ValueError(f"error code {code} is declared twice")
    ERRORS[code] = row
    return row


_C = Category

MALFORMED_JSON: Final = _row("malformed_json", 400, _C.VALIDATION)
MALFORMED_REQUEST: Final = _row("malformed_request", 400, _C.VALIDATION)
UNSUPPORTED_QUERY_PARAMETER: Final = _row("unsupported_query_parameter", 400, _C.VALIDATION)
UNSUPPORTED_QUERY_VALUE: Final = _row("unsupported_query_value", 400, _C.VALIDATION)
INVALID_CURSOR: Final = _row("invalid_cursor", 400, _C.VALIDATION)
IDEMPOTENCY_KEY_INVALID: Final = _row("idempotency_key_invalid", 400, _C.VALIDATION)
HOST_INVALID: Final = _row("host_invalid", 400, _C.VALIDATION)

SESSION_MISSING: Final = _row("session_missing", 401, _C.AUTHENTICATION)
SESSION_INVALID: Final = _row("session_invalid", 401, _C.AUTHENTICATION)
SESSION_EXPIRED: Final = _row("session_expired", 401, _C.AUTHENTICATION)
SESSION_REVOKED: Final = _row("session_revoked", 401, _C.AUTHENTICATION)
SESSION_CLAIMS_MISSING: Final = _row("session_claims_missing", 401, _C.AUTHENTICATION)
CREDENTIALS_MISSING: Final = _row("credentials_missing", 401, _C.AUTHENTICATION)
API_KEY_INVALID: Final = _row("api_key_invalid", 401, _C.AUTHENTICATION)
API_KEY_EXPIRED: Final = _row("api_key_expired", 401, _C.AUTHENTICATION)
API_KEY_REVOKED: Final = _row("api_key_revoked", 401, _C.AUTHENTICATION)
TOKEN_MALFORMED: Final = _row("token_malformed", 401, _C.AUTHENTICATION)
TOKEN_EXPIRED: Final = _row("token_expired", 401, _C.AUTHENTICATION)
TOKEN_INVALID: Final = _row("token_invalid", 401, _C.AUTHENTICATION)
TOKEN_SCHEME_UNSUPPORTED: Final = _row("token_scheme_unsupported", 401, _C.AUTHENTICATION)

CSRF_MISSING: Final = _row("csrf_missing", 403, _C.SECURITY_POLICY)
CSRF_INVALID: Final = _row("csrf_invalid", 403, _C.SECURITY_POLICY)
CROSS_SITE_REQUEST: Final = _row("cross_site_request", 403, _C.SECURITY_POLICY)
SESSION_COOKIE_POLICY: Final = _row("session_cookie_policy", 403, _C.SECURITY_POLICY)
IP_NOT_ALLOWED: Final = _row("ip_not_allowed", 403, _C.SECURITY_POLICY)
AUTH_MODE_NOT_ALLOWED: Final = _row("auth_mode_not_allowed", 403, _C.SECURITY_POLICY)
SCOPE_INSUFFICIENT: Final = _row("scope_insufficient", 403, _C.SECURITY_POLICY)
BROWSER_CREDENTIAL_REJECTED: Final = _row("browser_credential_rejected", 403, _C.SECURITY_POLICY)
ENTITLEMENT_REQUIRED: Final = _row("entitlement_required", 403, _C.SECURITY_POLICY)

NOT_FOUND: Final = _row("not_found", 404, _C.NOT_FOUND)
METHOD_NOT_ALLOWED: Final = _row("method_not_allowed", 405, _C.VALIDATION)
NOT_ACCEPTABLE: Final = _row("not_acceptable", 406, _C.VALIDATION)
UNSUPPORTED_MEDIA_TYPE: Final = _row("unsupported_media_type", 415, _C.VALIDATION)
RANGE_NOT_SATISFIABLE: Final = _row("range_not_satisfiable", 416, _C.VALIDATION)

VERSION_CONFLICT: Final = _row("version_conflict", 409, _C.CONFLICT)
STATE_CONFLICT: Final = _row("state_conflict", 409, _C.CONFLICT)
ALREADY_EXISTS: Final = _row("already_exists", 409, _C.CONFLICT)
IDEMPOTENCY_CONFLICT: Final = _row("idempotency_conflict", 409, _C.CONFLICT)
REQUEST_IN_PROGRESS: Final = _row("request_in_progress", 409, _C.CONFLICT, retryable=True)
PUBLISHED_STATE_MISSING: Final = _row("published_state_missing", 409, _C.CONFLICT)
DRAFT_STATE_MISSING: Final = _row("draft_state_missing", 409, _C.CONFLICT)
CONSENT_REQUIRED: Final = _row("consent_required", 409, _C.CONFLICT)
RECORDING_UNAVAILABLE: Final = _row("recording_unavailable", 409, _C.CONFLICT)
SEAT_LIMIT_REACHED: Final = _row("seat_limit_reached", 409, _C.CONFLICT)

REVISION_STALE: Final = _row("revision_stale", 412, _C.PRECONDITION)
PRECONDITION_REQUIRED: Final = _row("precondition_required", 428, _C.PRECONDITION)

BODY_TOO_LARGE: Final = _row("body_too_large", 413, _C.PAYLOAD_TOO_LARGE)
EXPORT_TOO_LARGE: Final = _row("export_too_large", 413, _C.PAYLOAD_TOO_LARGE)
TRANSCRIPT_TOO_LARGE: Final = _row("transcript_too_large", 413, _C.PAYLOAD_TOO_LARGE)
FILE_TOO_LARGE: Final = _row("file_too_large", 413, _C.PAYLOAD_TOO_LARGE)
HEADERS_TOO_LARGE: Final = _row("headers_too_large", 431, _C.PAYLOAD_TOO_LARGE)
URI_TOO_LONG: Final = _row("uri_too_long", 414, _C.PAYLOAD_TOO_LARGE)

VALIDATION_FAILED: Final = _row("validation_failed", 422, _C.VALIDATION)
SENSITIVE_SEARCH_TERM: Final = _row("sensitive_search_term", 422, _C.VALIDATION)

RATE_LIMITED: Final = _row("rate_limited", 429, _C.RATE_LIMITED, retryable=True)
UPSTREAM_RATE_LIMITED: Final = _row("upstream_rate_limited", 429, _C.RATE_LIMITED, retryable=True)
QUOTA_EXCEEDED: Final = _row("quota_exceeded", 429, _C.RATE_LIMITED, retryable=True)

INTERNAL_ERROR: Final = _row("internal_error", 500, _C.INTERNAL)
CONFIGURATION_INVALID: Final = _row("configuration_invalid", 500, _C.INTERNAL)
UPSTREAM_CONTRACT_VIOLATION: Final = _row("upstream_contract_violation", 500, _C.DEPENDENCY)

DEPENDENCY_UNAVAILABLE: Final = _row("dependency_unavailable", 503, _C.DEPENDENCY, retryable=True)
DEPENDENCY_TIMEOUT: Final = _row("dependency_timeout", 503, _C.DEPENDENCY, retryable=True)
BILLING_PROVIDER_UNAVAILABLE: Final = _row("billing_provider_unavailable", 503, _C.DEPENDENCY, retryable=True)
SESSION_SERVICE_UNAVAILABLE: Final = _row("session_service_unavailable", 503, _C.DEPENDENCY, retryable=True)
STORAGE_UNAVAILABLE: Final = _row("storage_unavailable", 503, _C.DEPENDENCY, retryable=True)

AWAITED: Final[dict[str, str]] = {
    "seat_limit_reached": "customer users",
}
"""Codes no route raises yet, each with the surface that will. A test keeps this honest both ways."""
