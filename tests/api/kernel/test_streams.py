"""Answers that are made while they are sent: whole, or broken where a reader cannot miss it.

The rows are a test's own, so that each piece comes when the test says so.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest

from aidial_api.kernel import streaming
from aidial_api.kernel.ask import Ask
from aidial_api.kernel.guard import still_allowed
from aidial_api.kernel.route import Access, Answer, AuthMode, Route, RouteTable
from aidial_contract import errors
from aidial_contract.access import Permission
from aidial_contract.fault import Fault
from aidial_contract.headers import AIDIAL_SESSION
from aidial_contract.scope import ScopeKind
from tests.people import ALICE
from tests.support.api import RunningApi, World, running_api
from tests.support.askers import Asker, SignedIn

LIMIT_S = 10


@dataclass(slots=True)
class Tap:
    """A stream: `pieces` one by one, each but the first after `more` was set; `before` may refuse one."""

    pieces: list[bytes] = field(default_factory=lambda: [b"first,", b"second"])
    before: Callable[[Ask, int], Awaitable[None]] | None = None
    more: asyncio.Event = field(default_factory=asyncio.Event)
    closed: asyncio.Event = field(default_factory=asyncio.Event)
    sent: int = 0

    async def handle(self, ask: Ask) -> Answer:
        """The row's handler."""
        return Answer(stream=self._run(ask), media_type="text/csv")

    async def _run(self, ask: Ask) -> AsyncGenerator[bytes, None]:
        try:
            for number, piece in enumerate(self.pieces):
                if number:
                    await self.more.wait()
                if self.before is not None:
                    await self.before(ask, number)
                self.sent += 1
                yield piece
        finally:
            self.closed.set()


@asynccontextmanager
async def serving(world: World, tap: Tap) -> AsyncIterator[RunningApi]:
    """An API with one row, `GET /v1/tap`, for people."""
    row = Route(
        method="GET",
        path="/v1/tap",
        name="tap",
        summary="A tap.",
        handler=tap.handle,
        access=Access.FULL,
        auth=AuthMode.BEARER,
        permission=Permission.CALLS_VIEW,
        scope=ScopeKind.PROJECTS,
        bucket="reads",
        answers={200: str},
        media_type="text/csv",
    )
    async with running_api(world.environ, RouteTable([row])) as api:
        yield api


@asynccontextmanager
async def reading(
    api: RunningApi, who: SignedIn, method: str = "GET"
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter, bytes]]:
    """The answer as bytes on a socket, its head read."""
    where = urlsplit(api.url)
    reader, writer = await asyncio.open_connection(where.hostname, where.port)
    sent = {"host": "localhost", **who.headers}
    lines = [f"{method} /v1/tap HTTP/1.1", *(f"{name}: {value}" for name, value in sent.items()), "", ""]
    writer.write("\r\n".join(lines).encode())
    try:
        async with asyncio.timeout(LIMIT_S):
            yield reader, writer, await reader.readuntil(b"\r\n\r\n")
    finally:
        writer.close()


async def test_a_whole_answer_ends_with_its_last_chunk(world: World) -> None:
    tap = Tap()
    async with serving(world, tap) as api, reading(api, world.alice) as (reader, _, head):
        assert head.startswith(b"HTTP/1.1 200 ")
        assert b"transfer-encoding: chunked" in head.lower()
        assert await reader.readuntil(b"first,\r\n") == b"6\r\nfirst,\r\n"
        tap.more.set()
        assert await reader.readuntil(b"0\r\n\r\n") == b"6\r\nsecond\r\n0\r\n\r\n"
    assert tap.closed.is_set()


async def fails_later(_: Ask, number: int) -> None:
    """The second piece cannot be made."""
    if number:
        raise Fault(errors.DEPENDENCY_UNAVAILABLE, reason="the test says so")


async def breaks_later(_: Ask, number: int) -> None:
    """The second piece meets a mistake of ours."""
    if number:
        raise ZeroDivisionError


@pytest.mark.parametrize("before", [fails_later, breaks_later])
async def test_what_goes_wrong_in_the_middle_breaks_the_connection(
    world: World, before: Callable[[Ask, int], Awaitable[None]]
) -> None:
    tap = Tap(before=before)
    async with serving(world, tap) as api, reading(api, world.alice) as (reader, _, _head):
        tap.more.set()
        assert await reader.read() == b"6\r\nfirst,\r\n"
    assert tap.closed.is_set()


async def fails_at_once(_: Ask, number: int) -> None:
    """Not even the first piece can be made."""
    raise Fault(errors.TRANSCRIPT_TOO_LARGE, reason=f"piece {number}")


async def test_what_goes_wrong_before_the_first_piece_is_an_answer(world: World) -> None:
    tap = Tap(before=fails_at_once)
    async with serving(world, tap) as api:
        answer = await Asker(api.http, world.alice.headers).get("/v1/tap")
    assert (answer.status, answer.code) == (413, "transcript_too_large")
    assert tap.closed.is_set()


async def allowed_still(ask: Ask, number: int) -> None:
    """As an export asks before each part."""
    if number:
        await still_allowed(ask)


async def test_a_session_that_ends_in_the_middle_ends_the_answer(world: World) -> None:
    tap = Tap(before=allowed_still)
    async with serving(world, tap) as api:
        alice = await world.sign_in(ALICE)
        async with reading(api, alice) as (reader, _, _head):
            await reader.readuntil(b"first,\r\n")
            ended = await Asker(world.api.http, alice.headers).delete(
                f"/v1/sessions/{alice.headers[AIDIAL_SESSION]}"
            )
            assert ended.status == 204
            services = api.app.services
            assert services is not None
            services.credentials.heard(None)
            tap.more.set()
            assert await reader.read() == b""
    assert tap.sent == 1


async def test_who_is_still_allowed_reads_on(world: World) -> None:
    tap = Tap(before=allowed_still)
    tap.more.set()
    async with serving(world, tap) as api, reading(api, world.alice) as (reader, _, _head):
        assert (await reader.readuntil(b"0\r\n\r\n")).endswith(b"second\r\n0\r\n\r\n")


async def test_when_the_reader_leaves_nothing_more_is_made(world: World) -> None:
    tap = Tap(pieces=[b"x"] * 1_000)
    async with serving(world, tap) as api:
        async with reading(api, world.alice) as (reader, writer, _head):
            await reader.readuntil(b"x\r\n")
            writer.close()
            await writer.wait_closed()
        async with asyncio.timeout(LIMIT_S):
            await tap.closed.wait()
    assert tap.sent == 1


async def test_a_reader_who_takes_nothing_is_given_up(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "SLOWEST_READER_S", 0.2)
    tap = Tap(pieces=[b"x" * 1_000_000] * 100)
    tap.more.set()
    async with serving(world, tap) as api, reading(api, world.alice):
        await tap.closed.wait()
    assert tap.sent < 100


async def test_head_makes_nothing(world: World) -> None:
    tap = Tap()
    async with serving(world, tap) as api, reading(api, world.alice, "HEAD") as (reader, writer, head):
        assert head.startswith(b"HTTP/1.1 200 ")
        assert b"content-type: text/csv" in head
        writer.write_eof()
        assert await reader.read() == b""
    assert tap.sent == 0
