"""A customer's system takes its calls as a file."""

from __future__ import annotations

import asyncio
import csv
from collections.abc import AsyncIterator
from io import StringIO

import pytest
from aiohttp import web

from aidial_client import Aidial, AsyncAidial, InvalidRequest, NoAnswer, NotFound, TooLarge, UnexpectedAnswer
from aidial_contract.ids import new_api_key
from tests.people import FRONT_DESK, NORTHSIDE_LINE
from tests.support.api import World, running_api

KEY = new_api_key("live")[0]


async def whole(pieces: AsyncIterator[bytes]) -> bytes:
    return b"".join([piece async for piece in pieces])


def rows_of(file: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(file.decode(), newline="")))


async def test_the_file_holds_the_calls_with_masked_numbers(world: World, harbour: AsyncAidial) -> None:
    rows = rows_of(await whole(harbour.export_calls(FRONT_DESK, status=["completed", "missed"])))
    assert {world.calls["front-1"], world.calls["front-2"]} <= {row["call_id"] for row in rows}
    assert all(" ... " in row["from_number"] for row in rows if row["from_number"])
    assert (await whole(harbour.export_calls(FRONT_DESK, bom=True))).startswith("\ufeff".encode())


async def test_the_same_without_an_event_loop(world: World) -> None:
    def read() -> bytes:
        with Aidial(world.api.url, world.harbour_read.key) as aidial:
            for piece in aidial.export_calls(FRONT_DESK):
                assert piece
                break  # and nothing stays open
            return b"".join(aidial.export_calls(FRONT_DESK, status="missed"))

    rows = rows_of(await asyncio.to_thread(read))
    assert {row["status"] for row in rows} == {"missed"}


async def test_refusals_come_before_the_first_byte(world: World, harbour: AsyncAidial) -> None:
    with pytest.raises(NotFound):
        await whole(harbour.export_calls(NORTHSIDE_LINE))
    with pytest.raises(InvalidRequest):
        await whole(harbour.export_calls(FRONT_DESK, min_duration=-1))
    async with (
        running_api({**world.environ, "AIDIAL_LIMIT_CALL_EXPORT_ROWS": "1"}) as api,
        AsyncAidial(api.url, world.harbour_read.key) as client,
    ):
        with pytest.raises(TooLarge) as refused:
            await whole(client.export_calls(FRONT_DESK))
    assert refused.value.code == "export_too_large"


@pytest.mark.parametrize("ending", ["cut", "silent", "html"])
async def test_a_file_that_breaks_off_is_no_file(ending: str) -> None:
    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        kind = "text/html" if ending == "html" else "text/csv"
        response = web.StreamResponse(headers={"content-type": kind})
        await response.prepare(request)
        await response.write(b"call_id\r\n")
        if ending == "cut" and request.transport is not None:
            request.transport.abort()
        if ending == "silent":
            await asyncio.sleep(2)
        return response

    runner = web.ServerRunner(web.Server(answer), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        async with AsyncAidial(url, KEY, timeout_s=10 if ending == "html" else 0.3, retries=0) as client:
            with pytest.raises(UnexpectedAnswer if ending == "html" else NoAnswer):
                await whole(client.export_calls(FRONT_DESK))
    finally:
        await runner.cleanup()
