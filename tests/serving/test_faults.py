"""The faulty way itself: each failure looks from the outside as its name says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.serving.serving import answer, running
from tests.support.faults import CUT_AFTER_BYTES, FAILURES, FaultyWay, faulty

ANSWER = b"a" * 3_000
PATIENT_S = 10.0
"""Of who is answered, on a busy machine too."""


@pytest.fixture
async def way() -> AsyncIterator[FaultyWay]:
    async def app(_: object, __: object, send: object) -> None:
        await answer(send, ANSWER)

    async with running(app) as server, faulty("127.0.0.1", server.port) as opened:
        yield opened


async def ask(way: FaultyWay, patience_s: float = 0.9) -> tuple[str, bytes]:
    """What happens to a caller with some patience, and what they got until then."""
    got = b""
    try:
        async with asyncio.timeout(patience_s):
            reader, writer = await asyncio.open_connection("127.0.0.1", way.port)
    except TimeoutError:
        return "no connection", got
    except OSError as error:
        return type(error).__name__, got
    writer.write(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n")
    try:
        async with asyncio.timeout(patience_s):
            while data := await reader.read(1_000):
                got += data
                if ANSWER in got:
                    return "answered", got
            return "ended", got
    except TimeoutError:
        return "nothing more", got
    except OSError as error:
        return type(error).__name__, got
    finally:
        writer.transport.abort()


ENDS = {"answered", "ended", "ConnectionRefusedError", "ConnectionResetError"}
"""What ends by itself is waited for."""
LOOKS = {
    "refuse": ("ConnectionRefusedError", 0, 0),
    "blackhole": ("no connection", 0, 0),
    "silence": ("nothing more", 0, 0),
    "latency": ("answered", 3_000, 4_000),
    "lag": ("nothing more", 0, 0),
    "trickle": ("nothing more", 100, 1_000),
    "cut": ("ended", CUT_AFTER_BYTES, CUT_AFTER_BYTES),
    "reset": ("ConnectionResetError", 0, 0),
    "garbage": ("nothing more", 3_000, 4_100),
}


@pytest.mark.parametrize("failure", FAILURES)
async def test_a_failure_looks_as_its_name_says_and_heals(way: FaultyWay, failure: str) -> None:
    assert (await ask(way, PATIENT_S))[0] == "answered"
    await way.fail(failure)
    how, least, most = LOOKS[failure]
    seen, got = await ask(way, PATIENT_S) if how in ENDS else await ask(way)
    assert seen == how, (seen, got)
    assert least <= len(got) <= most
    await way.heal()
    assert (await ask(way, PATIENT_S))[0] == "answered"


async def test_a_failure_meets_connections_that_are_open_already(way: FaultyWay) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", way.port)
    try:
        writer.write(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n")
        await reader.readuntil(ANSWER)
        await way.fail("reset")
        with pytest.raises(ConnectionError):
            await reader.read(10_000)
    finally:
        writer.transport.abort()
