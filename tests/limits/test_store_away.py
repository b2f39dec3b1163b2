"""The shared store goes away: nobody waits, nothing fails, it is told, and it comes back by itself."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator

import pytest
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from aidial_contract.limits import Rate
from aidial_limits import Counting, SharedWindows, Windows, counting
from tests.support.store import Store, running_store

RATE = Rate("away", 3, 60, "")
WANTED = ((RATE, "one key"),)
PATIENCE_S = 10.0
PATIENT_MS, HASTY_MS = 5_000, 50
"""A busy machine may keep a store waiting; tests of time-outs become hasty when the store is there."""


@pytest.fixture
def own_store() -> Iterator[Store]:
    with running_store() as running:
        yield running


@pytest.fixture
async def counted(own_store: Store, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Counting]:
    monkeypatch.setattr(counting, "FIRST_PAUSE_S", 0.02)
    made = Counting("test", Windows(), SharedWindows(own_store.url, timeout_ms=PATIENT_MS))
    await made.open()
    yield made
    await made.close()


def wait_for(counted: Counting, timeout_ms: int) -> None:
    """From now on exchanges may take so long."""
    assert counted.shared is not None
    counted.shared._timeout_s = timeout_ms / 1_000


def metric(name: str) -> float:
    return REGISTRY.get_sample_value(name, {"service": "test"}) or 0.0


async def until_shared(counted: Counting) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not counted.is_shared:  # noqa: ASYNC110 - nothing of ours tells
            await asyncio.sleep(0.01)


async def test_a_store_that_was_killed_is_replaced_by_memory_and_taken_back(
    own_store: Store, counted: Counting
) -> None:
    assert (await counted.take(WANTED)).full is None
    before = metric("aidial_limits_fallbacks_total")
    own_store.stop()
    with capture_logs() as logs:
        taken = [await counted.take(WANTED) for _ in range(5)]
    assert [one.full for one in taken] == [None] * 3 + [RATE] * 2  # memory counts, from nothing
    assert metric("aidial_limits_fallbacks_total") == before + 5
    assert metric("aidial_limits_store_up") == 0
    assert [line["event"] for line in logs] == ["limits.store_away"]
    assert not await counted.store_answers()
    with capture_logs() as logs:
        own_store.start()
        await until_shared(counted)
    assert [line["event"] for line in logs] == ["limits.store_back"]
    assert metric("aidial_limits_store_up") == 1
    assert await counted.store_answers()
    assert (await counted.take(WANTED)).full is None  # by the store, which has forgotten
    assert metric("aidial_limits_fallbacks_total") == before + 5


async def test_a_store_that_hangs_costs_three_requests_fifty_milliseconds_and_the_others_nothing(
    own_store: Store, counted: Counting
) -> None:
    await counted.take(WANTED)
    own_store.freeze()
    wait_for(counted, HASTY_MS)
    try:
        spent = []
        for _ in range(8):
            started = time.perf_counter()
            await counted.take(WANTED)
            spent.append(time.perf_counter() - started)
        assert min(spent[:3]) >= 0.05
        assert sorted(spent[3:])[2] < 0.01  # of five: another process may have the processor
        assert not counted.is_shared
    finally:
        wait_for(counted, PATIENT_MS)
        own_store.thaw()
    await until_shared(counted)
    assert (await counted.take(((Rate("afterwards", 1, 60, ""), "one key"),))).full is None


async def test_one_failure_alone_does_not_change_where_it_is_counted(
    own_store: Store, counted: Counting
) -> None:
    await counted.take(WANTED)
    own_store.freeze()
    wait_for(counted, HASTY_MS)
    await counted.take(WANTED)
    wait_for(counted, PATIENT_MS)
    own_store.thaw()
    assert counted.is_shared
    assert (await counted.take(WANTED)).full is None


async def test_a_script_that_the_store_forgot_is_taught_again(own_store: Store, counted: Counting) -> None:
    await counted.take(WANTED)
    own_store.forget_scripts()
    (standing,) = (await counted.take(WANTED)).standings
    assert standing.left == 1


async def test_an_answer_that_was_given_up_on_is_never_read_as_the_next_ones(
    own_store: Store, counted: Counting
) -> None:
    """The store answers late, on a connection that was given up: nobody may be told somebody else's count."""
    await asyncio.gather(*(counted.take(((RATE, f"key {number}"),)) for number in range(4)))
    own_store.freeze()
    wait_for(counted, HASTY_MS)
    await asyncio.gather(*(counted.take(((RATE, "late"),)) for _ in range(2)))
    wait_for(counted, PATIENT_MS)
    own_store.thaw()
    for _ in range(3):
        (standing,) = (await counted.take(((Rate("fresh", 100, 60, ""), str(time.time())),))).standings
        assert standing.left == 99


async def test_a_store_that_refuses_the_password_is_away(own_store: Store) -> None:
    refused = Counting("test", Windows(), SharedWindows(own_store.url.replace("//", "//:wrong@")))
    await refused.open()
    assert (await refused.take(WANTED)).full is None
    assert not await refused.store_answers()
    await refused.close()


async def test_a_busy_process_does_not_give_up_on_a_store_that_has_answered(
    own_store: Store, counted: Counting
) -> None:
    """Our own work, right after asking, is not the store's fault however long it takes."""
    await counted.take(WANTED)
    wait_for(counted, HASTY_MS)
    before = metric("aidial_limits_fallbacks_total")
    for _ in range(2):
        asked = asyncio.create_task(counted.take(((Rate("busy", 100, 60, ""), "one key"),)))
        await asyncio.sleep(0)
        time.sleep(3 * HASTY_MS / 1_000)  # noqa: ASYNC251 - the work
        own_store.names()  # it takes turns, so it has answered us before
        time.sleep(HASTY_MS / 1_000)  # noqa: ASYNC251 - until that is here
        assert (await asked).full is None
    assert counted.is_shared
    assert metric("aidial_limits_fallbacks_total") == before


async def test_counting_begins_in_memory_when_the_store_is_away_at_the_start(own_store: Store) -> None:
    own_store.stop()
    begun = Counting("test", Windows(), SharedWindows(own_store.url))
    await begun.open()
    taken = [await begun.take(WANTED) for _ in range(4)]
    assert [one.full for one in taken] == [None] * 3 + [RATE]
    await begun.close()


async def test_an_answer_that_is_no_answer_ends_the_connection_and_nothing_else(own_store: Store) -> None:
    async def babble(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"+PONG\r\n" + b"HTTP/1.1 200 OK\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(babble, "127.0.0.1", 0)
    url = f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    strange = Counting("test", Windows(), SharedWindows(url, timeout_ms=PATIENT_MS))
    await strange.open()
    taken = [await strange.take(WANTED) for _ in range(4)]
    assert [one.full for one in taken] == [None] * 3 + [RATE]
    await strange.close()
    server.close()
