"""Signing in never sends anybody to a stranger's site."""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from aidial_portal.kernel.nextauth.callback import is_acceptable, origin_of, safe_callback_url

ORIGIN = "https://portal.example"


@pytest.mark.parametrize(
    ("given_url", "goes_to"),
    [
        ("/calls?page=2#top", f"{ORIGIN}/calls?page=2#top"),
        ("//evil.example", f"{ORIGIN}//evil.example"),
        ("/\\evil.example", f"{ORIGIN}/\\evil.example"),
        (f"{ORIGIN}/calls", f"{ORIGIN}/calls"),
        (f"{ORIGIN}:443/calls", f"{ORIGIN}:443/calls"),
        ("HTTPS://Portal.Example?x=1", "HTTPS://Portal.Example?x=1"),
        (ORIGIN, ORIGIN),
    ],
)
def test_alice_returns_to_the_page_she_came_for(given_url: str, goes_to: str) -> None:
    assert safe_callback_url(given_url, ORIGIN) == goes_to


@pytest.mark.parametrize(
    "given_url",
    [
        "https://evil.example/",
        "http://portal.example/",
        "https://portal.example.evil.example/",
        "https://portal.example:8443/",
        "https://portal.example@evil.example/",
        "https://portal.example\\@evil.example/",
        "https:evil.example",
        "https:/\\evil.example",
        "javascript:alert(1)",
        "data:text/html,x",
        "calls",
        "",
        " /calls",
        "/calls\r\nSet-Cookie: x=y",
        f"{ORIGIN}/\tcalls",
        "/\ud800",
        "/" + "x" * 2048,
        None,
        7,
        ["/calls"],
    ],
)
def test_whatever_is_not_plainly_ours_becomes_the_front_page(given_url: object) -> None:
    assert safe_callback_url(given_url, ORIGIN) == ORIGIN


@given(st.text() | st.text("/\\:@.?#htpseviloramx \t\n", max_size=30).map(lambda text: "https:" + text))
@example("https://portal.example\u3002evil.example/")
def test_no_text_at_all_leads_elsewhere(text: str) -> None:
    result = safe_callback_url(text, ORIGIN)
    target = urlsplit(urljoin(ORIGIN, result))
    assert (target.scheme, (target.hostname or "")) == ("https", "portal.example")
    assert target.username is None


@pytest.mark.parametrize(
    "url", ["/x", "//evil", "http://a.example", "https:evil", "http://portal@evil/", " https://x/"]
)
def test_http_urls_and_paths_pass_the_first_check(url: str) -> None:
    assert is_acceptable(url)


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "nonsense", "data:,x", "https://", "http://a:99999", "http://a b/"]
)
def test_anything_else_is_a_configuration_error_as_in_next_auth(url: str) -> None:
    assert not is_acceptable(url)


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://Portal.Example", ORIGIN),
        ("https://portal.example:443/x", ORIGIN),
        ("http://127.0.0.1:3000", "http://127.0.0.1:3000"),
        ("http://[::1]:3000/", "http://[::1]:3000"),
    ],
)
def test_the_origin_is_what_browsers_call_it(url: str, origin: str) -> None:
    assert origin_of(url) == origin
