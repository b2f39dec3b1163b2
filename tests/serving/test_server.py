"""Connections: how they begin, how long they may take, and how they end when the server stops."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from aidial_contract import errors
from aidial_contract.fault import Fault
from aidial_serving.last_resort import LastResort
from aidial_serving.protocol import BoundedProtocol
from tests.serving.serving import Line, answer, line, running


class Held:
    """An app that answers `/held` when it is told to, and the rest at once."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.go = asyncio.Event()

    async def __call__(self, scope: Any, _: Any, send: Any) -> None:
        if scope["path"] == "/held":
            self.begun.set()
            await self.go.wait()
        await answer(send)


async def test_a_stop_answers_what_is_under_way_and_refuses_who_comes_after() -> None:
    app = Held()
    async with running(app) as server, line(server.port) as alice, line(server.port) as idle:
        await idle.get()
        assert (await idle.heard())[0] == 200
        await alice.get("/held")
        await app.begun.wait()
        stopping = asyncio.create_task(server.stop())
        assert await idle.ended()
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", server.port)
        app.go.set()
        status, headers, body = await alice.heard()
        assert (status, headers["connection"], body) == (200, "close", b"whole")
        assert await alice.ended()
        await stopping


async def test_a_kept_connection_gets_one_more_answer_and_is_told_that_it_is_the_last() -> None:
    async with running(Held(), stop_timeout_s=60, linger_s=20) as server, line(server.port) as ben:
        await ben.get()
        assert "connection" not in (await ben.heard())[1]
        stopping = asyncio.create_task(server.stop())
        while not server.server.server_state.is_leaving:  # type: ignore[attr-defined]  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        await ben.get()
        status, headers, _ = await ben.heard()
        assert (status, headers["connection"]) == (200, "close")
        assert await ben.ended()
        async with asyncio.timeout(10):
            await stopping  # nobody is left: it does not linger for nothing


async def test_a_stop_that_takes_too_long_ends_with_an_answer_all_the_same() -> None:
    def write(_: Any, fault: Fault, request_id: str) -> tuple[bytes, bytes]:
        return b"application/json", f'{{"code":"{fault.row.code}","request_id":"{request_id}"}}'.encode()

    app = Held()
    async with running(LastResort(app, write), stop_timeout_s=0.3) as server, line(server.port) as chloe:
        await chloe.say("GET /held HTTP/1.1\r\nHost: here\r\nX-Request-Id: chloes-request\r\n\r\n")
        await app.begun.wait()
        async with asyncio.timeout(10):
            await server.stop()
            status, headers, body = await chloe.heard()
        assert status == errors.DEPENDENCY_UNAVAILABLE.status
        assert (headers["retry-after"], headers["connection"]) == ("1", "close")
        assert body == b'{"code":"dependency_unavailable","request_id":"chloes-request"}'


class Impatient(BoundedProtocol):
    head_time_s = 0.2
    read_stall_s = 0.2


@pytest.mark.parametrize(
    "said",
    ["", "\r\n\r\n", "GET / HTTP/1.1\r\nHost: he", "GET / HTTP/1.1\r\nHost: here\r\nX-One: 1\r\n"],
    ids=["nothing", "empty lines", "half a head", "a head without its end"],
)
@pytest.mark.parametrize("used", [False, True], ids=["new connection", "used connection"])
async def test_whoever_does_not_finish_a_head_is_let_go(said: str, used: bool) -> None:  # noqa: FBT001
    if used and not said:
        return  # that is keep-alive, which has its own time
    async with running(Held(), http=Impatient) as server, line(server.port) as slow:
        if used:
            await slow.get()
            await slow.heard()
        await slow.say(said)
        assert await slow.ended()


async def _drip(slow: Line, text: str) -> None:
    for letter in text:
        await slow.say(letter)
        await asyncio.sleep(0.02)


async def test_a_head_that_drips_is_let_go_however_often_something_comes() -> None:
    async with running(Held(), http=Impatient) as server, line(server.port) as slow:
        started = asyncio.get_running_loop().time()
        with pytest.raises(ConnectionError):
            await _drip(slow, "GET / HTTP/1.1\r\nHost: here\r\nX-Very-Long: " + "a" * 200)
        assert asyncio.get_running_loop().time() - started < 3


async def test_whoever_reads_nothing_does_not_hold_an_answer_for_ever() -> None:
    ended = asyncio.Event()

    async def large(scope: Any, receive: Any, send: Any) -> None:
        headers = [(b"content-length", b"50000000")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        for _ in range(50):
            await send({"type": "http.response.body", "body": b"a" * 1_000_000, "more_body": True})
        ended.set()

    async with running(large, http=Impatient) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port, limit=1024)
        writer.write(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n")
        await writer.drain()
        async with asyncio.timeout(10):
            await ended.wait()
        writer.close()
        del reader
