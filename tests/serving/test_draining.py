"""Bodies that are refused while they come: whoever sends first and reads afterwards reads the answer."""

from __future__ import annotations

import asyncio
import http.client
from typing import Any

import pytest

from aidial_serving import draining
from tests.serving.serving import Line, line, running

MIB = 1024 * 1024
REFUSAL = b"too much"


async def refusing(scope: Any, receive: Any, send: Any) -> None:
    """413 at once, unread; the connection is kept at `/kept` only."""
    headers = [(b"content-length", str(len(REFUSAL)).encode())]
    if scope["path"] != "/kept":
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": REFUSAL})


def sent_first(port: int, body: Any) -> tuple[int, bytes]:
    """The answer to a client that reads nothing before it has sent everything."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("POST", "/", body)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


async def begun(client: Line, path: str = "/", length: int = 100) -> None:
    """A request whose body has begun, and its answer."""
    await client.say(f"POST {path} HTTP/1.1\r\nHost: here\r\nContent-Length: {length}\r\n\r\n{{")
    status, _, body = await client.heard()
    assert (status, body) == (413, REFUSAL)


@pytest.mark.parametrize("chunked", [False, True], ids=["declared", "in chunks"])
async def test_whoever_sends_first_reads_the_answer(chunked: bool) -> None:  # noqa: FBT001
    async with running(refusing) as server:
        body = (b"x" * MIB for _ in range(11)) if chunked else b"x" * 11 * MIB
        assert await asyncio.to_thread(sent_first, server.port, body) == (413, REFUSAL)


async def test_whoever_reads_while_sending_has_the_answer_at_once() -> None:
    async with running(refusing) as server, line(server.port) as alice:
        await begun(alice)
        await alice.say("x" * 99)
        assert await alice.ended()


async def test_a_kept_connection_takes_the_next_request_when_the_body_has_ended() -> None:
    async with running(refusing) as server, line(server.port) as alice:
        await begun(alice, "/kept")
        await alice.say("x" * 99)
        await begun(alice, "/kept")


async def test_what_stands_behind_a_refused_body_is_never_answered() -> None:
    async with running(refusing) as server, line(server.port) as mallory:
        await begun(mallory)
        await mallory.say("x" * 99 + "GET / HTTP/1.1\r\nHost: here\r\n\r\n")
        assert await mallory.ended()


@pytest.mark.parametrize("name", ["LONGEST_S", "IDLE_S"])
async def test_nobody_holds_a_connection_by_being_refused(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(draining, name, 0.2)
    async with running(refusing) as server, line(server.port) as mallory:
        await begun(mallory)
        async with asyncio.timeout(3):
            assert await mallory.ended()


async def _drip(mallory: Line) -> None:
    for _ in range(100):
        await mallory.say("x")
        await asyncio.sleep(0.05)


async def test_nobody_holds_a_connection_by_dripping(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(draining, "LONGEST_S", 0.3)
    async with running(refusing) as server, line(server.port) as mallory:
        await begun(mallory, length=10_000)
        with pytest.raises(ConnectionError):
            await _drip(mallory)


async def test_no_more_is_taken_than_anybody_needs_to_send(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(draining, "MOST_BYTES", MIB)
    async with running(refusing) as server:
        with pytest.raises(ConnectionError):
            await asyncio.to_thread(sent_first, server.port, b"x" * 64 * MIB)


async def test_a_server_that_stops_still_lets_the_answer_be_read() -> None:
    async with running(refusing) as server, line(server.port) as alice:
        await begun(alice)
        stopping = asyncio.create_task(server.stop())
        await asyncio.sleep(0.3)
        await alice.say("x" * 99)
        assert await alice.ended()
        await stopping


async def test_a_stop_does_not_wait_for_a_refused_body(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(draining, "LEAVING_S", 0.2)
    monkeypatch.setattr(draining, "IDLE_S", 60)
    async with running(refusing, stop_timeout_s=60) as server, line(server.port) as mallory:
        await begun(mallory)
        async with asyncio.timeout(5):
            await server.stop()
            assert await mallory.ended()
