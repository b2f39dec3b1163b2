"""What a log line of either app never holds, whatever was handed to the logger."""

from __future__ import annotations

import json
from typing import Any

import pytest

from aidial_api.kernel import logs as api
from aidial_portal.kernel import logs as portal

JWT = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.c2ln"
KEY = "adk_test_3Qe4cy6LdcVqmkFNVQOn12_wQlsNsY2ruLk4Dc5PQFcDkvl"
SECRETS: list[tuple[Any, str, str]] = [
    *((api, api.HIDDEN, one) for one in (KEY, JWT, "whsec_c2VjcmV0", "postgresql://aidial:secret@db/aidial")),
    *((portal, portal.REDACTED, one) for one in (KEY, JWT, "BEARER abcdefgh12345", "alice@harbour.example")),
]


@pytest.mark.parametrize(("logs", "mark", "secret"), SECRETS)
def test_a_secret_inside_a_text_is_replaced_and_the_line_stays_json(
    logs: Any, mark: str, secret: str
) -> None:
    line = logs.as_line(
        None, "info", {"event": "request", "reason": f"it broke on {secret} today", "status": 500}
    )
    told = json.loads(line)
    assert secret not in told["reason"]
    assert (told["event"], told["status"]) == ("request", 500)
    assert mark in told["reason"]


@pytest.mark.parametrize("logs", [api, portal])
def test_a_line_without_secrets_is_as_it_was(logs: Any) -> None:
    event = {"event": "request", "reason": None, "n": 1}
    assert json.loads(logs.as_line(None, "info", dict(event))) == event


@pytest.mark.parametrize(("name", "mark"), [(api.hide_named, api.HIDDEN), (portal.redact, portal.REDACTED)])
def test_values_under_secret_names_are_replaced_whatever_they_look_like(name: Any, mark: str) -> None:
    event = name(None, "info", {"event": "x", "client_secret": "abc", "status": 1})
    assert event == {"event": "x", "client_secret": mark, "status": 1}
