"""What a caller takes in return, and what a body is sent as."""

from __future__ import annotations

import pytest

from aidial_contract.media import FORM, JSON, accepts, is_sent_as, plain_type


@pytest.mark.parametrize(
    ("accept", "media_type", "taken"),
    [
        ("", JSON, True),
        ("*/*", JSON, True),
        ("application/*", JSON, True),
        ("APPLICATION/JSON", JSON, True),
        ("application/json; charset=utf-8", JSON, True),
        ("text/html, application/json;q=0.001", JSON, True),
        ("application/json;q=0", JSON, False),
        ("application/json; Q=0.000", JSON, False),
        ("application/json;q=0, */*", JSON, False),
        ("*/*, application/json;q=0", JSON, False),
        ("application/*;q=0, application/json", JSON, True),
        ("application/*;q=0, */*", JSON, False),
        ("*/*;q=0", JSON, False),
        ("text/html;q=0, */*", JSON, True),
        ("application/json;q=0, application/json", JSON, True),
        ("application/json;q=nonsense", JSON, False),
        ("application/json;q=nan", JSON, False),
        ("text/html", JSON, False),
        ("text/html,", JSON, False),
        ("application", JSON, False),
        (JSON, "application/health+json", True),
        ("application/health+json;q=0, application/json", "application/health+json", False),
        ("audio/wav", "audio/*", True),
        ("audio/wav;q=0", "audio/*", False),
        ("audio/wav;q=0, audio/mpeg", "audio/*", True),
        ("video/mp4", "audio/*", False),
        ("image/png", "*/*", True),
    ],
)
def test_the_narrowest_word_about_a_type_counts(accept: str, media_type: str, taken: bool) -> None:  # noqa: FBT001
    assert accepts(accept, media_type) is taken


@pytest.mark.parametrize(
    ("content_type", "coding", "taken"),
    [
        ("application/json", None, True),
        ("Application/JSON ; Charset=UTF-8", None, True),
        ('application/json; charset="utf-8"', "identity", True),
        ("application/json; charset=utf8", "", True),
        ("application/json; profile=x; charset=us-ascii", None, True),
        ("application/json; charset=utf-16", None, False),
        ("application/json; charset=iso-8859-1", None, False),
        ("application/json; charset=", None, False),
        ("application/x-www-form-urlencoded; charset=utf-16", None, False),
        ("multipart/form-data; boundary=x; charset=iso-8859-1", None, True),
        ("application/json", "gzip", False),
        ("application/json", "Identity", True),
        ("application/json", "identity, gzip", False),
        ("audio/wav", "br", False),
        ("text/plain", None, False),
        (None, None, False),
    ],
)
def test_a_body_is_taken_as_it_comes_or_not_at_all(
    content_type: str | None,
    coding: str | None,
    taken: bool,  # noqa: FBT001
) -> None:
    named = {"content-type": content_type, "content-encoding": coding}
    headers = {name: value for name, value in named.items() if value is not None}
    assert is_sent_as(headers, {JSON, FORM, "multipart/form-data", "audio/wav"}) is taken


def test_a_type_is_read_without_its_parameters() -> None:
    assert plain_type({"content-type": "Text/Plain; charset=x"}) == "text/plain"
    assert plain_type({}) == ""
