"""The API is busy, away, or not there at all: what the client does about it, and what it never gives away."""

from __future__ import annotations

import logging
import pickle
import traceback
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from aidial_client import (
    AidialError,
    AsyncAidial,
    DependencyFailed,
    InternalFailure,
    InvalidRequest,
    NoAnswer,
    RateLimited,
    Refused,
    UnexpectedAnswer,
    transport,
)
from aidial_contract import errors
from aidial_contract.fault import Fault, FieldError
from aidial_contract.ids import new_api_key, new_id
from tests.client.scripted import LOST, PROJECTS, SILENT, Raw, ScriptedServer, Step
from tests.people import FRONT_DESK
from tests.support.processes import nobody_listens
from tests.support.world_calls import new_call

KEY = new_api_key("live")[0]
HTML = {"content-type": "text/html"}
CALL: dict[str, Any] = new_call(FRONT_DESK, "scripted-1")


@asynccontextmanager
async def asking(server: ScriptedServer, *steps: Step, **options: Any) -> AsyncIterator[AsyncAidial]:
    """A client of a server that answers with these steps."""
    server.steps = list(steps)
    async with AsyncAidial(server.url, KEY, **options) as client:
        yield client


async def test_a_wait_that_was_asked_for_is_kept(scripted: ScriptedServer) -> None:
    busy = Fault(errors.RATE_LIMITED, retry_after_ms=700)  # in the header: 1 s, rounded up
    async with asking(scripted, busy, Raw()) as client:
        assert await client.projects() == []
    first, second = scripted.asked
    assert second.at - first.at >= 1
    assert first.headers["x-request-id"] == second.headers["x-request-id"]


async def test_a_wait_longer_than_there_is_time_is_told_at_once(scripted: ScriptedServer) -> None:
    busy = Fault(errors.QUOTA_EXCEEDED, retry_after_ms=60_000)
    async with asking(scripted, busy) as client:
        with pytest.raises(RateLimited) as refused:
            await client.projects()
    assert (refused.value.code, refused.value.status) == ("quota_exceeded", 429)
    assert refused.value.retry_after_s == 60
    assert len(scripted.asked) == 1


async def test_the_tries_are_counted(scripted: ScriptedServer) -> None:
    async with asking(scripted, LOST, retries=1) as client:
        with pytest.raises(NoAnswer):
            await client.projects()
    assert len(scripted.asked) == 2


async def test_a_proxys_own_page_is_asked_again_and_then_unexpected(scripted: ScriptedServer) -> None:
    async with asking(scripted, Raw(503, b"<h1>Busy</h1>", HTML)) as client:
        with pytest.raises(UnexpectedAnswer) as refused:
            await client.projects()
    assert refused.value.status == 503
    assert len(scripted.asked) == 3


async def test_a_delivery_is_repeated_under_the_same_idempotency_key(scripted: ScriptedServer) -> None:
    running = Fault(errors.REQUEST_IN_PROGRESS, retry_after_ms=1)
    away = Fault(errors.VALIDATION_FAILED, field_errors=[FieldError("/channel", "not_allowed")])
    async with asking(scripted, LOST, running, away) as client:
        with pytest.raises(InvalidRequest):
            await client.deliver_call(CALL)
        with pytest.raises(InvalidRequest):
            await client.deliver_call(CALL, idempotency_key="mine-1")
    *tries, other = scripted.asked
    assert len(tries) == 3
    assert len({(one.headers["idempotency-key"], one.body) for one in tries}) == 1
    assert other.headers["idempotency-key"] == "mine-1"


@pytest.mark.parametrize("step", [LOST, Fault(errors.DEPENDENCY_UNAVAILABLE)])
async def test_a_change_is_never_repeated(scripted: ScriptedServer, step: Step) -> None:
    async with asking(scripted, step) as client:
        with pytest.raises((NoAnswer, DependencyFailed)):
            await client.change_call(new_id(), '"tag"', {"outcome": "booked"})
    assert len(scripted.asked) == 1
    assert scripted.asked[0].headers["if-match"] == '"tag"'


async def test_what_cannot_change_is_not_asked_again(scripted: ScriptedServer) -> None:
    async with asking(scripted, Fault(errors.INTERNAL_ERROR)) as client:
        with pytest.raises(InternalFailure):
            await client.projects()
    assert len(scripted.asked) == 1


async def test_silence_ends_when_the_time_is_over(scripted: ScriptedServer) -> None:
    async with asking(scripted, SILENT, timeout_s=2) as client:
        with pytest.raises(NoAnswer, match=r"within 2 s"):
            await client.projects()


async def test_an_address_where_nobody_listens_is_no_answer() -> None:
    with nobody_listens() as url:
        async with AsyncAidial(url, KEY, retries=0) as client:
            with pytest.raises(NoAnswer, match="ClientConnectorError"):
                await client.projects()


async def test_a_redirect_is_not_followed(scripted: ScriptedServer) -> None:
    away = Raw(307, b"", {"location": f"{scripted.url}/elsewhere"})
    async with asking(scripted, away) as client:
        with pytest.raises(UnexpectedAnswer) as refused:
            await client.projects()
    assert refused.value.status == 307
    assert [one.path for one in scripted.asked] == ["/v1/projects"]


async def test_health_that_fails_is_an_answer(scripted: ScriptedServer) -> None:
    body = b'{"status":"fail","service":"aidial_api","version":"1","checks":{}}'
    failing = Raw(503, body, {"content-type": "application/health+json", "retry-after": "1"})
    async with asking(scripted, failing) as client:
        assert (await client.health()).status == "fail"


ENVELOPE = (
    b'{"code":"%s","category":"internal","message":"","message_key":"errors.%s","retryable":false,'
    b'"request_id":"0123456789"}'
)
JSON = {"content-type": "application/json"}
STRANGE: dict[str, Raw] = {
    "a page": Raw(200, b"<h1>Welcome</h1>", HTML),
    "another shape": Raw(200, b'{"projects":[{"project_id":1}]}'),
    "no JSON": Raw(200, b"\xff{"),
    "another success": Raw(202, PROJECTS),
    "an unknown code": Raw(500, ENVELOPE % (b"on_fire", b"on_fire"), JSON),
    "a known code with another status": Raw(418, ENVELOPE % (b"internal_error", b"internal_error"), JSON),
    "a foreign error": Raw(404, b'{"detail":"Not Found"}', JSON),
    "packed, though not asked for": Raw(200, PROJECTS, {**JSON, "content-encoding": "br"}),
}


@pytest.mark.parametrize("name", STRANGE)
async def test_a_strangers_answer_is_unexpected(scripted: ScriptedServer, name: str) -> None:
    async with asking(scripted, STRANGE[name]) as client:
        with pytest.raises(UnexpectedAnswer) as refused:
            await client.projects()
    assert refused.value.status == STRANGE[name].status
    assert len(scripted.asked) == 1


async def test_what_is_not_http_is_unexpected(scripted: ScriptedServer) -> None:
    async with asking(scripted, Raw(200, PROJECTS, {"x": "a" * 20_000})) as client:
        with pytest.raises(UnexpectedAnswer, match="not HTTP"):
            await client.projects()


async def test_an_answer_without_end_is_cut(
    scripted: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "MAX_ANSWER_BYTES", 1_000)
    async with asking(scripted, Raw(200, b" " * 1_001), Raw(200, PROJECTS)) as client:
        with pytest.raises(UnexpectedAnswer, match="larger than 1000 bytes"):
            await client.projects()
        assert await client.projects() == []


async def test_a_closed_client_says_so(scripted: ScriptedServer) -> None:
    async with asking(scripted, Raw()) as client:
        await client.projects()
    with pytest.raises(RuntimeError, match="closed"):
        await client.projects()


async def raised(asked: Awaitable[object]) -> AidialError:
    with pytest.raises(AidialError) as refused:
        await asked
    return refused.value


def everything_about(error: BaseException | None) -> str:
    """An exception as it would be printed, with the locals of its frames, and those it came from."""
    told = ""
    while error is not None:
        frames = traceback.TracebackException.from_exception(error, capture_locals=True).stack
        told += str([frame.locals for frame in frames if "aidial_client" in frame.filename])
        told += repr(error) + str(error) + repr(vars(error))
        error = error.__cause__ or error.__context__
    return told


@pytest.mark.parametrize(
    "step", [LOST, Fault(errors.API_KEY_INVALID), STRANGE["a page"], Raw(200, PROJECTS, {"x": "a" * 20_000})]
)
async def test_the_key_is_in_no_exception_log_or_repr(
    scripted: ScriptedServer, step: Step, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with asking(scripted, step, retries=0) as client:
        error = await raised(client.projects())
        assert scripted.asked[0].headers["x-api-key"] == KEY
        told = everything_about(error) + repr(client) + repr(vars(client)) + caplog.text
    assert error.__context__ is None
    assert scripted.url in told
    assert KEY not in told
    assert KEY[-20:] not in told


def test_refusals_survive_a_queue() -> None:
    for error in (
        NoAnswer("No answer.", "request-1"),
        UnexpectedAnswer("Odd.", "request-2", 3.0, 503),
        RateLimited(errors.RATE_LIMITED, "request-3", 2.5, (FieldError("/a", "required"),), {"limit": 3}),
    ):
        again = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
        assert type(again) is type(error)
        assert vars(again) == vars(error)
        assert str(again) == str(error)
    assert issubclass(RateLimited, Refused)
