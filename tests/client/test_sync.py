"""The client for code without an event loop: threads, notebooks, interrupts."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from aidial_client import Aidial, AsyncAidial, InvalidRequest, NotFound
from aidial_client.filters import CallFilters
from aidial_contract.ids import new_api_key, new_id
from tests.client.scripted import SILENT, ScriptedServer
from tests.client.test_calls import a_word, fresh
from tests.support.api import World

THREAD = "aidial-client"


def threads() -> int:
    return sum(one.name == THREAD for one in threading.enumerate())


async def test_everything_works_without_await(world: World) -> None:
    def work() -> None:
        with Aidial(world.api.url, world.harbour_manage.key) as client:
            label = f"sync-{a_word()}"
            sent = {client.deliver_call(fresh(outcome=label))[0].call_id for _ in range(3)}
            filters: CallFilters = {"outcome": label, "limit": 2}
            assert {one.call_id for one in client.calls(**filters)} == sent
            assert [len(page.calls) for page in client.call_pages(**filters)] == [2, 1]
            assert client.calls_page(**filters).matching.count == 3
            call = client.call(sent.pop())
            assert client.change_call(call.call_id, call.etag, {"resolution": "done"}).version == 2
            assert len(client.transcript(call.call_id).turns) == 2
            assert len(client.projects()) == 3
            assert client.session_context().actor == "key"
            assert client.health().service == "aidial_api"
            assert client.summary(range="today").kpis
            assert client.timeseries(range="7d").interval == "day"
            assert client.errors()
            with pytest.raises(NotFound):
                client.call(new_id())
            with pytest.raises(InvalidRequest):
                client.deliver_call({})

    await asyncio.to_thread(work)


def test_it_has_every_method_of_the_asynchronous_one() -> None:
    def public(kind: type) -> set[str]:
        return {name for name in vars(kind) if not name.startswith("_")}

    assert public(Aidial) == public(AsyncAidial) - {"aclose"} | {"close"}


async def test_several_threads_share_one_client(world: World) -> None:
    def work() -> None:
        with Aidial(world.api.url, world.harbour_read.key) as client, ThreadPoolExecutor(4) as pool:
            found = list(pool.map(lambda _: len(client.projects()), range(12)))
        assert found == [3] * 12

    await asyncio.to_thread(work)


async def test_closing_frees_whoever_still_waits(scripted: ScriptedServer) -> None:
    scripted.steps = [SILENT]
    before = threads()
    client = Aidial(scripted.url, new_api_key("test")[0], timeout_s=60, retries=0)
    waiting = asyncio.create_task(asyncio.to_thread(client.projects))
    async with asyncio.timeout(20):
        await scripted.was_asked.wait()
        await asyncio.to_thread(client.close)
        with pytest.raises(RuntimeError, match="closed while it waited"):
            await waiting
    assert threads() == before
    await asyncio.to_thread(client.close)
    with pytest.raises(RuntimeError, match="was closed"):
        client.projects()


def test_a_bad_key_starts_no_thread() -> None:
    before = threads()
    with pytest.raises(ValueError, match="not a whole API key"):
        Aidial("https://api.example", "adk_live_short")
    assert threads() == before
    with Aidial("https://api.example", new_api_key("live")[0]) as client:
        assert repr(client) == "Aidial('https://api.example')"
