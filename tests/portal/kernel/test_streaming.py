"""Files that pass through the portal: whole, broken where nobody can miss it, or refused at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import aiohttp
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response, StreamingResponse

from aidial_contract import errors
from aidial_portal.kernel import streaming
from aidial_portal.kernel.streaming import Wanted
from aidial_portal.surfaces.calls import downloads
from tests.portal.kernel.scripted import (
    RunningPortal,
    ScriptedApi,
    ScriptedIssuer,
    code_of,
    context_of,
    failing,
    running_portal,
)
from tests.portal.kernel.test_refresh import Registry

EXPORT = "GET /v1/calls/export"
PROJECT = context_of()["projects"][0]["project_id"]
PATH = f"/api/calls/export?project_id={PROJECT}"
LIMIT_S = 10
END = b"0\r\n\r\n"


def csv(pieces: AsyncIterator[bytes], **headers: str) -> Response:
    """An export as the API sends it."""
    return StreamingResponse(pieces, media_type="text/csv", headers=headers)


class Tap:
    """Pieces of an export: the first at once, the others when `more` is set; then it ends, or `breaks`."""

    def __init__(self, *pieces: bytes, breaks: bool = False) -> None:
        self.pieces = pieces
        self.breaks = breaks
        self.more = asyncio.Event()
        self.stopped = asyncio.Event()

    async def __call__(self, _: Request) -> Response:
        return csv(self._run(), **{"content-disposition": "inline", "x-inner": "secret"})

    async def _run(self) -> AsyncIterator[bytes]:
        try:
            for number, piece in enumerate(self.pieces):
                if number:
                    await self.more.wait()
                yield piece
            if self.breaks:
                await self.more.wait()
                raise ConnectionError
        finally:
            self.stopped.set()


@asynccontextmanager
async def reading(
    portal: RunningPortal, path: str = PATH, method: str = "GET"
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter, str]]:
    """The answer as bytes on a socket, its head read."""
    reader, writer = await asyncio.open_connection("127.0.0.1", portal.port)
    lines = [f"{method} {path} HTTP/1.1", f"host: 127.0.0.1:{portal.port}"]
    lines += [f"{name}: {value}" for name, value in portal.signed_in().items()]
    writer.write("\r\n".join([*lines, "", ""]).encode())
    try:
        async with asyncio.timeout(LIMIT_S):
            head = await reader.readuntil(b"\r\n\r\n")
            yield reader, writer, head.decode("latin-1").lower()
    finally:
        writer.close()


async def test_a_whole_file_ends_as_one_under_our_own_type_and_name(
    portal: RunningPortal, api: ScriptedApi
) -> None:
    tap = Tap(b"a,b\r\n", b"1,2\r\n")
    api.answers[EXPORT] = tap
    async with reading(portal) as (reader, _, head):
        assert "content-type: text/csv; charset=utf-8" in head
        assert 'content-disposition: attachment; filename="calls-front-desk-2' in head
        assert "transfer-encoding: chunked" in head
        assert "cache-control: no-store" in head
        assert "x-inner" not in head
        assert "inline" not in head
        assert await reader.readuntil(b"a,b\r\n\r\n") == b"5\r\na,b\r\n\r\n"
        tap.more.set()
        assert (await reader.readuntil(END)).endswith(b"1,2\r\n\r\n" + END)
    sent = api.asked[-1].headers
    assert sent["accept"] == "text/csv"
    assert sent["authorization"] == "Bearer access-0"


async def test_one_session_leaves_places_for_others(portal: RunningPortal, api: ScriptedApi) -> None:
    tap = Tap(b"a,b\r\n", b"1,2\r\n")
    api.answers[EXPORT] = tap
    async with AsyncExitStack() as held:
        for _ in range(streaming.OF_ONE_SESSION):
            _, _, head = await held.enter_async_context(reading(portal))
            assert head.startswith("http/1.1 200")
        async with reading(portal) as (_, _, head):
            assert head.startswith("http/1.1 429")
            assert "retry-after: 5" in head
        tap.more.set()
    for _ in range(100):
        async with reading(portal) as (_, _, head):
            if head.startswith("http/1.1 200"):
                return
        await asyncio.sleep(0.02)
    raise AssertionError("places are not given back")


async def test_what_is_cut_upstream_is_cut_here(portal: RunningPortal, api: ScriptedApi) -> None:
    tap = Tap(b"a,b\r\n", breaks=True)
    api.answers[EXPORT] = tap
    async with reading(portal) as (reader, _, _head):
        await reader.readuntil(b"a,b\r\n\r\n")
        tap.more.set()
        assert await reader.read() == b""


async def test_silence_between_two_bytes_is_waited_for_only_so_long(
    api_url: str, api: ScriptedApi, issuer: ScriptedIssuer
) -> None:
    tap = Tap(b"a,b\r\n", b"late")
    api.answers[EXPORT] = tap
    async with (
        running_portal(api_url, issuer, stream_idle_ms=200.0) as portal,
        reading(portal) as (
            reader,
            _,
            _head,
        ),
    ):
        await reader.readuntil(b"a,b\r\n\r\n")
        assert await reader.read() == b""
        async with asyncio.timeout(LIMIT_S):
            await tap.stopped.wait()


async def test_a_slow_file_takes_longer_than_the_budget_of_a_call(
    api_url: str, api: ScriptedApi, issuer: ScriptedIssuer
) -> None:
    async def slow() -> AsyncIterator[bytes]:
        for _ in range(8):
            yield b"x"
            await asyncio.sleep(0.2)

    async def answer(_: Request) -> Response:
        return csv(slow())

    api.answers[EXPORT] = answer
    async with (
        running_portal(api_url, issuer, api_timeout_ms=1_000.0) as portal,
        reading(portal) as (
            reader,
            _,
            _head,
        ),
    ):
        assert (await reader.readuntil(END)).count(b"x") == 8


async def test_the_first_byte_comes_within_the_budget_or_it_is_503(
    api_url: str, api: ScriptedApi, issuer: ScriptedIssuer, browser: aiohttp.ClientSession
) -> None:
    async def never() -> AsyncIterator[bytes]:
        await asyncio.sleep(3)
        yield b"late"

    async def answer(_: Request) -> Response:
        return csv(never())

    api.answers[EXPORT] = answer
    async with (
        running_portal(api_url, issuer, api_timeout_ms=300.0) as portal,
        browser.get(portal.url + PATH, headers=portal.signed_in()) as got,
    ):
        assert (got.status, code_of(await got.read())) == (503, "dependency_timeout")
        assert got.headers["retry-after"]


async def test_when_the_browser_leaves_the_api_is_told_to_stop(
    portal: RunningPortal, api: ScriptedApi
) -> None:
    tap = Tap(b"a,b\r\n", *[b"x" * 1_000] * 1_000)
    api.answers[EXPORT] = tap
    async with reading(portal) as (reader, writer, _head):
        await reader.readuntil(b"a,b\r\n\r\n")
        writer.close()
        async with asyncio.timeout(LIMIT_S):
            await tap.stopped.wait()


async def test_a_browser_that_takes_nothing_is_given_up(
    portal: RunningPortal, api: ScriptedApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming, "SLOWEST_READER_S", 0.2)
    tap = Tap(*[b"x" * 1_000_000] * 100)
    tap.more.set()
    api.answers[EXPORT] = tap
    async with reading(portal):
        await tap.stopped.wait()


ANSWERS: dict[str, Any] = {
    "another type": PlainTextResponse("a,b"),
    "html": Response("<h1>Hello</h1>", media_type="text/html"),
    "encoded": Response("a,b", media_type="text/csv", headers={"content-encoding": "gzip"}),
    "a redirect": RedirectResponse("http://127.0.0.1:1/"),
    "a part": Response("a,b", 206, media_type="text/csv"),
    "nothing": Response(b"", media_type="text/csv"),
    "an unknown error": Response(b'{"code":"no_such_code"}', 404, media_type="application/json"),
    "the portal's own credential": failing(errors.API_KEY_INVALID),
}


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
async def test_what_is_no_file_of_ours_is_never_passed_on(
    portal: RunningPortal, api: ScriptedApi, browser: aiohttp.ClientSession, answer: Response
) -> None:
    api.answers[EXPORT] = answer
    async with browser.get(portal.url + PATH, headers=portal.signed_in()) as got:
        body = await got.json()
        assert (got.status, body["error"]) == (500, "upstream_contract_violation")
        assert set(body) == {"error", "message", "retryable", "request_id"}
        assert "content-disposition" not in got.headers


async def test_a_file_that_is_too_large_is_refused_or_cut(
    portal: RunningPortal, api: ScriptedApi, monkeypatch: pytest.MonkeyPatch, browser: aiohttp.ClientSession
) -> None:
    monkeypatch.setattr(downloads, "EXPORT", Wanted("text/csv", 10))
    api.answers[EXPORT] = Response(b"x" * 11, media_type="text/csv")
    async with browser.get(portal.url + PATH, headers=portal.signed_in()) as got:
        assert (got.status, code_of(await got.read())) == (500, "upstream_contract_violation")
    tap = Tap(b"x" * 8, b"y" * 8)
    api.answers[EXPORT] = tap
    async with reading(portal) as (reader, _, _head):
        await reader.readuntil(b"x" * 8 + b"\r\n")
        tap.more.set()
        assert await reader.read() == b""


async def test_errors_keep_their_details_in_the_family_of_calls(
    portal: RunningPortal, api: ScriptedApi, browser: aiohttp.ClientSession
) -> None:
    api.answers[EXPORT] = failing(errors.RATE_LIMITED, retry_after_ms=4_200)
    async with browser.get(portal.url + PATH, headers=portal.signed_in()) as got:
        body = await got.json()
    assert (got.status, body["error"], body["retry_after_ms"]) == (429, "upstream_rate_limited", 4_200)


async def test_a_refused_token_is_renewed_and_the_file_asked_for_again(
    portal: RunningPortal, api: ScriptedApi, issuer: ScriptedIssuer, browser: aiohttp.ClientSession
) -> None:
    registry = Registry(api, portal)
    bearers: list[str] = []

    async def answer(request: Request) -> Response:
        bearers.append(request.headers["authorization"])
        registry.expired = True
        return failing(errors.TOKEN_EXPIRED) if len(bearers) == 1 else csv(Tap(b"a,b\r\n")._run())

    api.answers[EXPORT] = answer
    async with browser.get(portal.url + PATH, headers=portal.signed_in()) as got:
        assert (got.status, await got.read()) == (200, b"a,b\r\n")
    assert bearers == ["Bearer access-0", "Bearer access-1"]
    assert issuer.refreshes == 1


async def test_head_asks_with_head(portal: RunningPortal, api: ScriptedApi) -> None:
    api.answers["HEAD /v1/calls/export"] = Response(media_type="text/csv")
    async with reading(portal, method="HEAD") as (reader, writer, head):
        assert "content-type: text/csv" in head
        writer.write_eof()
        assert await reader.read() == b""
    assert api.lines[-1] == "HEAD /v1/calls/export"
