"""The file of the fault matrix itself: whole, and every word of it known."""

from __future__ import annotations

from aidial_contract.errors import ERRORS
from tests.support.faults import FAILURES
from tests.together.fault_matrix import matrix
from tests.together.test_faults_api import BY_BILLING as API_BY_BILLING
from tests.together.test_faults_api import BY_DATABASE, BY_FILES
from tests.together.test_faults_api import BY_ISSUER as API_BY_ISSUER
from tests.together.test_faults_api import BY_ISSUER_NEVER_MET as API_NEVER_MET
from tests.together.test_faults_api import BY_STORE as API_BY_STORE
from tests.together.test_faults_api import BY_USER_SERVICE as API_BY_USER_SERVICE
from tests.together.test_faults_portal import (
    BY_API,
    BY_BILLING,
    BY_ISSUER,
    BY_ISSUER_NEVER_MET,
    BY_STORE,
    BY_USER_SERVICE,
)
from tests.together.test_faults_recordings import BY_API_MID_WAY, BY_FILES_MID_WAY
from tests.together.test_faults_recordings import BY_FILES as PORTAL_BY_FILES

STATES = {"unknown", "fail", "warn", "OAuthSignin", "OAuthCallback", "dependency_*", "aged"}
STATES |= {"broken_off", "going_on"}


def test_every_failure_is_known_and_every_dependency_meets_every_one() -> None:
    assert tuple(matrix().failures) == FAILURES
    whole = (
        BY_API,
        BY_DATABASE,
        BY_ISSUER,
        API_BY_ISSUER,
        BY_STORE,
        API_BY_STORE,
        BY_BILLING,
        API_BY_BILLING,
        BY_FILES,
        PORTAL_BY_FILES,
        BY_FILES_MID_WAY,
        BY_USER_SERVICE,
        API_BY_USER_SERVICE,
    )
    for pairs in whole:
        assert sorted(failure for failure, _ in pairs) == sorted(FAILURES)
    others = (BY_ISSUER_NEVER_MET, API_NEVER_MET, BY_API_MID_WAY)
    tested = [pair for pairs in (*whole, *others) for pair in pairs]
    assert {case.name for _, case in tested} == {case.name for case in matrix().cases}


def test_every_class_of_an_app_has_an_answer_when_what_it_requires_fails() -> None:
    for pairs, app, but in ((BY_API, "portal", {"callback"}), (BY_DATABASE, "api", set[str]())):
        for _, case in pairs:
            assert set(case.answers) == set(matrix().classes[app]) - but, case.name


def test_every_answer_is_a_word_of_the_registry_or_a_state() -> None:
    for case in matrix().cases:
        assert set(case.answers) <= set(matrix().classes[case.app]), case.name
        for answer in case.answers.values():
            if answer == "ok":
                continue
            status, _, word = answer.partition(" ")
            assert word in STATES or ERRORS[word].status == int(status), answer


def test_nothing_that_fails_lets_anybody_pass_a_check() -> None:
    """Failing closed: while a required dependency is away, no class that needs it succeeds."""
    open_to_all = {"csrf", "sign_in", "start", "who", "live", "errors"}
    for pairs, app in ((BY_API, "portal"), (BY_DATABASE, "api")):
        needing = set(matrix().classes[app]) - (open_to_all if app == "portal" else {"live", "errors"})
        for failure, case in pairs:
            if failure != "latency":
                assert "ok" not in {case.answers.get(name) for name in needing}, case.name
