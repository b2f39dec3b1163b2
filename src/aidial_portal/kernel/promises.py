"""Which errors a row of the portal may answer: they follow from its policy, by the steps the guard runs.

The one thing a newcomer would get wrong: what the handler or `/v1` adds of its own is said on the row
(`errors`); everything else is derived here and nowhere else.
"""

from __future__ import annotations

from typing import Final

from aidial_contract import errors
from aidial_portal.kernel.route import Access, Kind, Precondition, Route, WithoutContext

_HYGIENE: Final = ("host_invalid", "malformed_request", "headers_too_large", "uri_too_long", "body_too_large")
_FAILURES: Final = ("internal_error", "configuration_invalid")
_UPSTREAM: Final = ("upstream_contract_violation", "upstream_rate_limited")
_AWAY: Final = ("dependency_unavailable", "dependency_timeout")
_SESSION: Final = (
    "session_missing",
    "session_invalid",
    "session_expired",
    "session_revoked",
    "session_claims_missing",
)
_UNSAFE: Final = ("cross_site_request", "csrf_missing", "csrf_invalid")
_POLICED: Final = ("/api/auth/", "/api/session/")


def codes_of(row: Route) -> tuple[str, ...]:
    """Every error code a row can answer, in registry order."""
    codes = {*_HYGIENE, *_FAILURES, *row.errors}
    if row.path.startswith(_POLICED):
        codes.add("session_cookie_policy")
    if row.access is not Access.PUBLIC:
        codes |= _of_session(row)
    if row.kind is Kind.API:
        codes |= {"not_acceptable", "unsupported_query_parameter"} | _of_parse(row)
    if row.bucket is not None:
        codes.add("rate_limited")
    return tuple(code for code in errors.ERRORS if code in codes)


def _of_session(row: Route) -> set[str]:
    codes = {*_SESSION, "browser_credential_rejected", "not_found", "rate_limited"}
    if row.without_context is WithoutContext.FAIL:
        codes |= {*_UPSTREAM, *(_AWAY if row.away is None else (row.away.code,))}
    else:
        codes.add("upstream_rate_limited")
    if row.access is not Access.PENDING:
        codes.add("ip_not_allowed")
    if row.unsafe:
        codes |= set(_UNSAFE)
    return codes


def _of_parse(row: Route) -> set[str]:
    codes: set[str] = set()
    if row.params:
        codes.add("unsupported_query_value")
    if any(param.name == "cursor" for param in row.params):
        codes.add("invalid_cursor")
    if row.body.media_types:
        codes.add("unsupported_media_type")
    if row.body.shape is not None:
        codes |= {"malformed_json", "validation_failed"}
    if row.precondition is not Precondition.NONE:
        codes.add("precondition_required")
    if row.precondition is Precondition.EXPECTED_VERSION:
        codes.add("version_conflict")
    if row.precondition is Precondition.IF_MATCH:
        codes.add("revision_stale")
    return codes
