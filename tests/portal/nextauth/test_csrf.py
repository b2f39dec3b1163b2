"""A stranger's page cannot sign Alice in or out, nor change anything in her session."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aidial_portal.kernel.nextauth.aidial_csrf import check_token, issue_token, token_cookie, token_is_valid
from aidial_portal.kernel.nextauth.cookies import Cookie
from aidial_portal.kernel.nextauth.csrf import check_csrf
from aidial_portal.kernel.nextauth.names import cookie_names
from tests.portal.nextauth import vectors

KEY = b"k" * 32
ALICE = "019a0000-0000-7000-8000-000000000001"
BEN = "019a0000-0000-7000-8000-000000000002"
GOOD_COOKIE = f"{vectors.CSRF_TOKEN}|{vectors.CSRF_HASH}"


def test_a_cookie_of_next_auth_proves_its_token() -> None:
    state = check_csrf(vectors.SECRET, cookie_value=GOOD_COOKIE, body_token=vectors.CSRF_TOKEN)
    assert (state.token, state.cookie_value, state.verified) == (vectors.CSRF_TOKEN, None, True)


@pytest.mark.parametrize("body_token", [None, "", "b" * 64, True, ["a"], "\ud800"])
def test_a_post_that_does_not_know_the_token_is_not_verified(body_token: object) -> None:
    state = check_csrf(vectors.SECRET, cookie_value=GOOD_COOKIE, body_token=body_token)
    assert (state.token, state.cookie_value, state.verified) == (vectors.CSRF_TOKEN, None, False)


@pytest.mark.parametrize(
    "cookie",
    [None, "", "|", vectors.CSRF_TOKEN, f"{vectors.CSRF_TOKEN}|", f"{'b' * 64}|{vectors.CSRF_HASH}", "é|é"],
)
def test_a_cookie_we_did_not_make_is_replaced_and_proves_nothing(cookie: str | None) -> None:
    body_token = (cookie or "").partition("|")[0]
    state = check_csrf(vectors.SECRET, cookie_value=cookie, body_token=body_token)
    assert not state.verified
    assert state.cookie_value is not None
    assert len(state.token) == 64
    assert check_csrf(vectors.SECRET, cookie_value=state.cookie_value, body_token=state.token).verified


def test_alices_token_lets_alice_change_things() -> None:
    token = issue_token(KEY, ALICE)
    assert check_token(KEY, ALICE, header=token, cookie=token) is None
    assert len(token) == 76


def test_bens_token_planted_in_alices_browser_is_invalid() -> None:
    token = issue_token(KEY, BEN)
    assert check_token(KEY, ALICE, header=token, cookie=token) == "csrf_invalid"


def test_header_and_cookie_must_both_come_and_agree() -> None:
    token = issue_token(KEY, ALICE)
    assert check_token(KEY, ALICE, header=None, cookie=token) == "csrf_missing"
    assert check_token(KEY, ALICE, header=token, cookie="") == "csrf_missing"
    assert check_token(KEY, ALICE, header=token, cookie=issue_token(KEY, ALICE)) == "csrf_invalid"


@given(st.text(max_size=100))
def test_no_guess_is_a_token(guess: str) -> None:
    assert not token_is_valid(KEY, ALICE, guess)
    assert not token_is_valid(KEY, ALICE, f"{guess}.{guess}")


@given(st.integers(0, 75), st.integers(0, 6))
def test_one_flipped_bit_spoils_a_token(place: int, bit: int) -> None:
    token = issue_token(KEY, ALICE)
    spoilt = token[:place] + chr(ord(token[place]) ^ (1 << bit)) + token[place + 1 :]
    assert not token_is_valid(KEY, ALICE, spoilt)


def test_the_token_lives_in_a_host_bound_cookie_over_https() -> None:
    token = issue_token(KEY, ALICE)
    assert token_cookie(token, cookie_names("https://p.example")) == Cookie("__Host-aidial.csrf", token)
