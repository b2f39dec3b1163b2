"""The table: which family a path answers in, how a row is found, and what a row must say."""

from __future__ import annotations

import pytest

from aidial_contract.envelopes import Envelope
from aidial_portal.kernel.families import family_of
from aidial_portal.kernel.matcher import Matcher
from aidial_portal.kernel.promises import codes_of
from aidial_portal.kernel.route import Access
from aidial_portal.routes import all_rows


@pytest.mark.parametrize(
    ("method", "path", "family"),
    [
        ("GET", "/api/projects", Envelope.TRANSPORT),
        ("GET", "/api/status", Envelope.TRANSPORT),
        ("POST", "/api/session/touch", Envelope.TRANSPORT),
        ("GET", "/api/health", Envelope.TRANSPORT),
        ("GET", "/api/health/live", Envelope.TRANSPORT),
        ("GET", "/api/calls", Envelope.CALLS),
        ("GET", "/api/calls/1/preview", Envelope.CALLS),
        ("POST", "/api/calls/1/pii-unlocks", Envelope.PROTECTED),
        ("GET", "/api/compliance/audit-events", Envelope.COMPLIANCE),
        ("GET", "/api/analytics/summary", Envelope.ANALYTICS),
        ("POST", "/api/support/tickets", Envelope.SUPPORT),
        ("GET", "/api/settings/profile", Envelope.PROTECTED),
        ("GET", "/api/sessions", Envelope.PROTECTED),
        ("POST", "/api/auth/mfa-sms-enrol", Envelope.PROTECTED),
        ("GET", "/api/workspace/projects/1", Envelope.PROTECTED),
        ("GET", "/calls", Envelope.PAGE),
        ("GET", "/apiary", Envelope.PAGE),
    ],
)
def test_each_path_has_its_family(method: str, path: str, family: Envelope) -> None:
    assert family_of(method, path) is family


def test_an_unmapped_api_path_answers_in_transport_whatever_it_starts_with() -> None:
    assert family_of("GET", "/api/calls/1/nothing", mapped=False) is Envelope.TRANSPORT
    assert family_of("GET", "/nothing", mapped=False) is Envelope.PAGE


def test_every_row_is_found_under_its_own_path_and_only_there() -> None:
    matcher = Matcher(all_rows())
    for row in matcher.rows:
        path = row.path.replace("{file*}", "css/app.css")
        while "{" in path:
            start, end = path.index("{"), path.index("}")
            path = f"{path[:start]}some-id{path[end + 1 :]}"
        match = matcher.match(row.method, path)
        assert match.route is row
        assert matcher.match("TRACE", path).mapped
        assert not matcher.match(row.method, f"{path}%2f").mapped


def test_head_is_answered_by_the_row_of_get() -> None:
    match = Matcher(all_rows()).match("HEAD", "/api/health/live")
    assert match.route is not None
    assert match.route.name == "health.live"


def test_a_row_for_one_path_twice_is_refused() -> None:
    rows = all_rows()
    with pytest.raises(ValueError, match="declared twice"):
        Matcher([*rows, rows[0]])


def test_public_rows_are_few_and_known() -> None:
    words = {"auth", "health", "static", "sign-in", "access-denied", "not-found"}
    for row in all_rows():
        if row.access is Access.PUBLIC:
            assert words & set(row.path.strip("/").split("/")), row.path


def test_rows_that_hand_an_idempotency_key_on_promise_what_it_may_answer() -> None:
    told = {"idempotency_key_invalid", "idempotency_conflict", "request_in_progress"}
    promising = {row.name for row in all_rows() if told <= set(codes_of(row))}
    assert promising >= {
        "api_keys.create",
        "api_keys.rotate",
        "billing.payment_portal",
        "support.create",
        "support.comment",
    }


def test_rows_of_things_with_a_lifecycle_promise_a_state_conflict() -> None:
    promising = {row.name for row in all_rows() if "state_conflict" in codes_of(row)}
    assert promising >= {"api_keys.rotate", "api_keys.revoke", "support.change", "support.comment"}
