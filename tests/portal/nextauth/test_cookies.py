"""Session cookies in one piece or eight, and every way of sending them wrong."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aidial_portal.kernel.nextauth.cookies import (
    CHUNK_CHARS,
    Cookie,
    deletion,
    first,
    policy_violation,
    read_pairs,
    session_cookies,
    session_deletions,
    session_value,
)
from aidial_portal.kernel.nextauth.names import cookie_names

HTTP = cookie_names("http://localhost:3000")
HTTPS = cookie_names("https://portal.example")
PLAIN = "next-auth.session-token"
SECURE = f"__Secure-{PLAIN}"


def test_over_https_every_name_has_its_prefix() -> None:
    assert HTTPS.session == SECURE
    assert HTTPS.csrf == "__Host-next-auth.csrf-token"
    assert HTTPS.pkce == "__Secure-next-auth.pkce.code_verifier"
    assert HTTPS.aidial_csrf == "__Host-aidial.csrf"
    assert (HTTP.session, HTTP.csrf, HTTP.aidial_csrf) == (PLAIN, "next-auth.csrf-token", "aidial.csrf")


def test_a_cookie_is_written_as_npm_writes_it() -> None:
    cookie = Cookie("next-auth.csrf-token", "ab|cd", max_age_s=900, expires_s=1_790_000_000)
    assert cookie.header(secure=True) == (
        "next-auth.csrf-token=ab%7Ccd; Max-Age=900; Path=/; Expires=Mon, 21 Sep 2026 14:13:20 GMT; "
        "HttpOnly; Secure; SameSite=Lax"
    )
    assert deletion("x").header(secure=False) == "x=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax"


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_value_survives_the_way_to_the_browser_and_back(value: str) -> None:
    sent = Cookie("name", value).header(secure=False).partition(";")[0]
    assert first(read_pairs([sent]), "name") == value


def test_broken_percent_signs_and_quotes_are_read_as_npm_reads_them() -> None:
    pairs = read_pairs(['a="quoted"; b=100%; c=%ff; d; e=x=y', "a=second"])
    assert pairs == [("a", "quoted"), ("b", "100%"), ("c", "%ff"), ("e", "x=y"), ("a", "second")]
    assert first(pairs, "a") == "quoted"


@pytest.mark.parametrize(
    ("length", "names"),
    [
        (1, [PLAIN]),
        (CHUNK_CHARS, [PLAIN]),
        (CHUNK_CHARS + 1, [f"{PLAIN}.0", f"{PLAIN}.1"]),
        (8 * CHUNK_CHARS, [f"{PLAIN}.{n}" for n in range(8)]),
    ],
)
def test_a_long_session_is_cut_where_next_auth_cuts_it(length: int, names: list[str]) -> None:
    cookies = session_cookies("x" * length, 1, [], HTTP)
    assert [cookie.name for cookie in cookies] == names
    assert all(len(cookie.value) <= CHUNK_CHARS for cookie in cookies)


def test_a_session_no_browser_would_send_back_is_not_written() -> None:
    with pytest.raises(ValueError, match="9 pieces"):
        session_cookies("x" * (8 * CHUNK_CHARS + 1), 1, [], HTTP)


@given(st.integers(1, 6 * CHUNK_CHARS), st.randoms(use_true_random=False))
def test_pieces_in_any_order_make_the_same_session(length: int, random: object) -> None:
    value = "".join(chr(97 + n % 26) for n in range(length))
    pairs = [(cookie.name, cookie.value) for cookie in session_cookies(value, 1, [], HTTPS)]
    random.shuffle(pairs)  # type: ignore[attr-defined]
    assert session_value(pairs, HTTPS) == value
    assert policy_violation(pairs, HTTPS) is None


def test_when_a_session_shrinks_the_old_pieces_are_deleted() -> None:
    before = [(f"{PLAIN}.{n}", "old") for n in range(3)]
    written = {cookie.name: cookie for cookie in session_cookies("new", 1, before, HTTP)}
    assert written[PLAIN].value == "new"
    assert all(written[name] == deletion(name) for name, _ in before)


def test_when_a_session_grows_the_bare_cookie_is_deleted_and_kept_pieces_are_replaced() -> None:
    before = [(PLAIN, "old"), (f"{PLAIN}.0", "old")]
    written = {cookie.name: cookie for cookie in session_cookies("n" * 5000, 7, before, HTTP)}
    assert written[PLAIN] == deletion(PLAIN)
    assert written[f"{PLAIN}.0"] == Cookie(f"{PLAIN}.0", "n" * CHUNK_CHARS, expires_s=7)


def test_signing_out_deletes_every_piece_that_was_sent_under_either_name_and_nothing_else() -> None:
    pairs = [(f"{SECURE}.1", "b"), ("other", "x"), (f"{SECURE}.0", "a"), (PLAIN, "plain")]
    deletions = session_deletions(pairs)
    assert deletions == [deletion(f"{SECURE}.1"), deletion(f"{SECURE}.0"), deletion(PLAIN)]
    # A browser believes a prefixed name only with `Secure`, over http to localhost too.
    headers = [cookie.header(secure=HTTP.secure) for cookie in deletions]
    assert ["; Secure" in header for header in headers] == [True, True, False]


@pytest.mark.parametrize(
    "header",
    [
        "",
        "theme=dark",
        f"{PLAIN}=a",
        f"{PLAIN}.0=a; {PLAIN}.1=b",
        f"{PLAIN}.1=b; {PLAIN}.0=a",
        f"{SECURE}=other-portal",
    ],
)
def test_an_honest_browser_over_http_keeps_the_policy(header: str) -> None:
    assert policy_violation(read_pairs([header]), HTTP) is None


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        (f"{PLAIN}=a; {PLAIN}=a", "twice"),
        (f"{PLAIN}.0=a; {PLAIN}.1=b; {PLAIN}.0=c", "twice"),
        (f"{PLAIN}=a; {PLAIN}.0=b", "whole and in pieces"),
        (f"{PLAIN}=a; {SECURE}=b", "secure and its plain"),
        (f"{PLAIN}=a; {SECURE}.0=b", "secure and its plain"),
        (f"{PLAIN}.0=a; {PLAIN}.2=b", "missing piece"),
        (f"{PLAIN}.1=a", "missing piece"),
        (f"{PLAIN}.0=a; {PLAIN}.01=b", "missing piece"),
        (f"{PLAIN}.0=a; {PLAIN}.x=b", "missing piece"),
        (f"{PLAIN}-other=a", "missing piece"),
        ("; ".join(f"{PLAIN}.{n}=a" for n in range(9)), "too many"),
    ],
)
def test_a_planted_cookie_breaks_the_policy(header: str, reason: str) -> None:
    violation = policy_violation(read_pairs([header]), HTTP)
    assert violation is not None
    assert reason in violation


def test_two_cookie_headers_are_one() -> None:
    assert policy_violation(read_pairs([f"{PLAIN}=a", f"{PLAIN}=b"]), HTTP) is not None


def test_over_https_a_plain_session_cookie_is_refused_wherever_it_comes_from() -> None:
    assert policy_violation(read_pairs([f"{PLAIN}=a"]), HTTPS) is not None
    assert policy_violation(read_pairs([f"{SECURE}=a"]), HTTPS) is None


def test_a_piece_with_thousands_of_digits_in_its_name_is_read_like_any_other() -> None:
    """Found by fuzzing: Python refuses to make a number of so many digits."""
    pairs = read_pairs([f"{PLAIN}.{'1' * 5_000}=b; {PLAIN}=a"])
    assert session_value(pairs, HTTP) == "ba"
    assert policy_violation(pairs, HTTP) is not None
