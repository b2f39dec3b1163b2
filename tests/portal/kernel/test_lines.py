"""The portal's connections to the API: what comes whole is whole, and what is odd ends the connection."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
import uvloop

from aidial_portal.kernel.lines import Answer, Lines, LostError, NotHttpError, TooLargeError

OK = b"HTTP/1.1 200 OK\r\n"
CAP_BYTES = 100


@dataclass
class Server:
    """Says the next of `script` to each question, whatever it is; b"" hangs up, and so does an end of it."""

    script: list[bytes]
    asked: list[bytes] = field(default_factory=list)
    connections: int = 0
    open_now: int = 0
    port: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open_now += 1
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = next(
                    (int(line[15:]) for line in head.split(b"\r\n") if line.startswith(b"content-length:")), 0
                )
                self.asked.append(head + await reader.readexactly(length))
                said = self.script.pop(0) if self.script else b""
                writer.write(said.removesuffix(b"<end>"))
                await writer.drain()
                if not said or said.endswith(b"<end>"):
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()
            self.open_now -= 1


@asynccontextmanager
async def serving(*script: bytes, idle_s: float = 4.0) -> AsyncIterator[tuple[Server, Lines]]:
    server = Server(list(script))
    listener = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    server.port = listener.sockets[0].getsockname()[1]
    lines = Lines(f"http://127.0.0.1:{server.port}/base/", connect_s=5, idle_s=idle_s)
    try:
        yield server, lines
    finally:
        lines.close()
        listener.close()


async def ask(
    lines: Lines, method: str = "GET", body: bytes | None = None, headers: Mapping[str, str] | None = None
) -> Answer:
    async with asyncio.timeout(10):
        return await lines.ask(method, "/v1/calls?limit=1", headers or {}, body, CAP_BYTES)


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not true():  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    ("said", "body"),
    [
        (OK + b"content-length: 2\r\n\r\nhi", b"hi"),
        (OK + b"transfer-encoding: chunked\r\n\r\n1\r\nh\r\n1\r\ni\r\n0\r\n\r\n", b"hi"),
        (OK + b"\r\nhi<end>", b"hi"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
        (b"HTTP/1.1 100 Continue\r\nx: 1\r\n\r\n" + OK + b"content-length: 2\r\n\r\nhi", b"hi"),
        (b"HTTP/1.1 503 Busy\r\ncontent-length: 2\r\n\r\nno", b"no"),
    ],
    ids=["length", "chunks", "until the end", "nothing", "interim", "error"],
)
async def test_a_whole_answer_is_given_as_it_is(said: bytes, body: bytes) -> None:
    async with serving(said) as (_, lines):
        answer = await ask(lines)
    assert answer.body == body
    assert answer.status in {200, 204, 503}
    assert "x" not in answer.headers


async def test_a_question_is_said_as_http_says() -> None:
    async with serving(*[OK + b"content-length: 0\r\n\r\n"] * 3) as (server, lines):
        await ask(lines, headers={"x-one": "Grüße"})
        await ask(lines, "POST", b"{}")
        await ask(lines, "POST")
    host = f"host: 127.0.0.1:{server.port}\r\n".encode()
    assert server.asked == [
        b"GET /base/v1/calls?limit=1 HTTP/1.1\r\n" + host + "x-one: Grüße\r\n\r\n".encode(),
        b"POST /base/v1/calls?limit=1 HTTP/1.1\r\n" + host + b"content-length: 2\r\n\r\n{}",
        b"POST /base/v1/calls?limit=1 HTTP/1.1\r\n" + host + b"content-length: 0\r\n\r\n",
    ]
    assert server.connections == 1


async def test_an_answer_to_head_ends_with_its_head() -> None:
    said = OK + b"content-length: 200\r\n\r\n", OK + b"content-length: 2\r\n\r\nhi"
    async with serving(*said) as (server, lines):
        answer = await ask(lines, "HEAD")
        assert (answer.status, answer.body, answer.headers["content-length"]) == (200, b"", "200")
        assert (await ask(lines)).body == b"hi"
    assert server.connections == 1
    assert b"content-length" not in server.asked[0]


async def test_of_a_header_said_twice_the_first_counts() -> None:
    async with serving(OK + b"X-A: 1\r\nx-a: 2\r\ncontent-length: 0\r\n\r\n") as (_, lines):
        assert (await ask(lines)).headers["x-a"] == "1"


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"HTTP/1.1 20<end>",
        OK + b"content-length: 3\r\n\r\nhi<end>",
        OK + b"transfer-encoding: chunked\r\n\r\n5\r\nhi<end>",
    ],
    ids=["nothing", "head", "body", "chunk"],
)
async def test_an_answer_that_is_cut_is_lost(said: bytes) -> None:
    async with serving(said) as (_, lines):
        with pytest.raises(LostError):
            await ask(lines)


@pytest.mark.parametrize(
    "said",
    [
        b"\x16\x03\x01 what is this",
        b"HTTP/1.1 200 OK\r\nx: " + b"a" * 70_000,
        OK + b"content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        OK + b"content-length: two\r\n\r\n",
        b"HTTP/1.1 101 Switching\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n",
    ],
    ids=["garbage", "endless head", "two lengths", "no number", "upgrade"],
)
async def test_what_is_no_answer_is_told_apart(said: bytes) -> None:
    async with serving(said) as (server, lines):
        with pytest.raises(NotHttpError):
            await ask(lines)
        await until(lambda: server.open_now == 0)


@pytest.mark.parametrize(
    "said",
    [
        OK + b"content-length: 101\r\n\r\n",
        OK + b"transfer-encoding: chunked\r\n\r\n65\r\n" + b"a" * 101 + b"\r\n",
        OK + b"\r\n" + b"a" * 101 + b"<end>",
    ],
    ids=["says so", "chunks", "without end"],
)
async def test_an_answer_above_the_cap_is_not_waited_for(said: bytes) -> None:
    async with serving(said) as (_, lines):
        with pytest.raises(TooLargeError):
            await ask(lines)


async def test_nobody_there_is_lost() -> None:
    async with serving() as (server, _):
        pass
    with pytest.raises(LostError):
        await ask(Lines(f"http://127.0.0.1:{server.port}", connect_s=5, idle_s=4))


@pytest.mark.parametrize(
    "first",
    [
        OK + b"connection: close\r\ncontent-length: 0\r\n\r\n",
        OK + b"content-length: 0\r\n\r\nmore",
        OK + b"content-length: 0\r\n\r\n" + OK + b"content-length: 0\r\n\r\n",
        b"HTTP/1.0 200 OK\r\ncontent-length: 0\r\n\r\n",
    ],
    ids=["close", "more", "two answers", "old"],
)
async def test_a_line_that_is_not_clean_is_not_used_again(first: bytes) -> None:
    async with serving(first, OK + b"content-length: 1\r\n\r\n2") as (server, lines):
        assert (await ask(lines)).body == b""
        assert (await ask(lines)).body == b"2"
    assert server.connections == 2


async def test_a_line_that_was_idle_too_long_is_not_used_again() -> None:
    async with serving(*[OK + b"content-length: 0\r\n\r\n"] * 2, idle_s=-1) as (server, lines):
        await ask(lines)
        await ask(lines)
    assert server.connections == 2


async def test_who_stops_waiting_leaves_no_line_behind() -> None:
    async with serving(OK + b"content-length: 9\r\n\r\nbut") as (server, lines):
        asking = asyncio.create_task(ask(lines))
        await until(lambda: len(server.asked) == 1)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        await until(lambda: server.open_now == 0)


@pytest.mark.parametrize("name", ["x-a\r\nx-b", "x-a\n", "x-a\0"])
async def test_a_head_is_never_two(name: str) -> None:
    async with serving() as (server, lines):
        with pytest.raises(ValueError, match="head"):
            await ask(lines, headers={name: "1"})
    assert server.asked == []


def test_the_loop_of_the_servers_does_as_well() -> None:
    async def twenty() -> int:
        async with serving(*[OK + b"content-length: 2\r\n\r\nhi"] * 20) as (server, lines):
            answers = [await ask(lines) for _ in range(10)]
            answers += await asyncio.gather(*(ask(lines) for _ in range(10)))
            assert {answer.body for answer in answers} == {b"hi"}
            return server.connections

    assert 1 <= uvloop.run(twenty()) <= 11
