"""Whatever breaks in the API, an answer in the `transport` envelope comes out of it, and no stack."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NoReturn

import pytest
import structlog

from aidial_api import app as api_app
from aidial_api.kernel import guard, reply
from tests.support.api import World


class BrokenError(Exception):
    """Something nobody foresaw, with a secret in its words."""


def broken(*_: Any, **__: Any) -> NoReturn:
    raise BrokenError("adk_live_secret at /srv/secret.py")


@pytest.fixture(autouse=True)
def short_log() -> Iterator[None]:
    """Tracebacks as a process writes them; those made for a terminal take seconds each."""
    before = structlog.get_config()
    written: list[Any] = [
        structlog.processors.format_exc_info,
        structlog.processors.JSONRenderer(default=str),
    ]
    structlog.configure(processors=written, cache_logger_on_first_use=False)
    yield
    structlog.configure(**before)


@pytest.mark.parametrize(
    ("where", "name"),
    [
        (guard, "run"),
        (guard, "split_query"),
        (reply, "send_answer"),
        (reply, "send_fault"),
        (api_app, "read_headers"),
        (api_app, "told_budget_ms"),
    ],
)
async def test_what_breaks_is_told_in_the_envelope_and_no_more(
    world: World, monkeypatch: pytest.MonkeyPatch, where: Any, name: str
) -> None:
    monkeypatch.setattr(where, name, broken)
    path = "/v1/nothing" if name == "send_fault" else "/v1/projects"
    answer = await world.harbour_read.get(path, x_request_id="harbours-own-id")
    assert (answer.status, answer.code) == (500, "internal_error")
    assert answer.headers["x-request-id"] == answer.json["request_id"] == "harbours-own-id"
    assert answer.headers["cache-control"] == "no-store"
    for secret in (b"adk_live", b"secret.py", b"Traceback", b"BrokenError"):
        assert secret not in answer.body
    monkeypatch.undo()
    assert (await world.harbour_read.get("/v1/projects")).status == 200


@pytest.fixture
def broken_log() -> Iterator[None]:
    before = structlog.get_config()
    structlog.configure(processors=[broken], cache_logger_on_first_use=False)
    yield
    structlog.configure(**before)


@pytest.mark.usefixtures("broken_log")
async def test_a_log_that_cannot_be_written_keeps_nobody_from_an_answer(
    world: World, capfd: pytest.CaptureFixture[str]
) -> None:
    assert (await world.harbour_read.get("/v1/projects")).status == 200
    answer = await world.harbour_read.get("/v1/nothing")
    assert (answer.status, answer.code) == (404, "not_found")
    assert '"event":"last_resort","error":"BrokenError"' in capfd.readouterr().err
