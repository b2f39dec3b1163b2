"""What a log line never holds, whatever was handed to the logger."""

from __future__ import annotations

import json

import pytest

from aidial_api.kernel.logs import HIDDEN, as_line, hide_named


@pytest.mark.parametrize(
    "secret",
    [
        "adk_test_3Qe4cy6LdcVqmkFNVQOn12_wQlsNsY2ruLk4Dc5PQFcDkvl",
        "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.c2ln",
        "whsec_c2VjcmV0",
        "postgresql://aidial:secret@db/aidial",
        "postgres://aidial:secret@db/aidial",
    ],
)
def test_a_secret_inside_a_text_is_replaced_and_the_line_stays_json(secret: str) -> None:
    line = as_line({"event": "request", "reason": f"it broke on {secret} today", "status": 500})
    told = json.loads(line)
    assert secret.split(":", maxsplit=1)[0] not in told["reason"]
    assert (told["event"], told["status"]) == ("request", 500)
    assert HIDDEN in told["reason"]


def test_a_line_without_secrets_is_as_it_was() -> None:
    assert json.loads(as_line({"event": "request", "reason": None, "n": 1})) == {
        "event": "request",
        "reason": None,
        "n": 1,
    }


def test_values_under_secret_names_are_replaced_whatever_they_look_like() -> None:
    event = hide_named(None, "info", {"event": "x", "client_secret": "abc", "status": 1})
    assert event == {"event": "x", "client_secret": HIDDEN, "status": 1}
