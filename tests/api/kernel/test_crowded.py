"""More requests than the API can work on: most are told so at once, sessions and health go on."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aidial_serving.crowd import LONGEST_WAIT_S
from tests.api.kernel.test_budget import locked
from tests.support.api import World
from tests.support.askers import Answer, Asker
from tests.support.running_api import RunningApi, running_api

CROWDED = {
    "AIDIAL_CONCURRENCY": "4",
    "AIDIAL_QUEUE": "4",
    "AIDIAL_DATABASE_CONNECTIONS": "4",
}


@asynccontextmanager
async def crowded(world: World, *, queue_s: float = LONGEST_WAIT_S) -> AsyncIterator[RunningApi]:
    """Four places, where whoever has one keeps it while a lock lasts; the queue is left after `queue_s`."""
    async with running_api({**world.environ, **CROWDED}) as api:
        services = api.app.services
        assert services is not None
        services.db._acquire_timeout_s = 20.0
        services.rooms.ordinary._longest_wait_s = queue_s
        yield api


async def under_way(api: RunningApi, count: int) -> None:
    """Wait until so many requests have a place or stand in the queue."""
    services = api.app.services
    assert services is not None
    room = services.rooms.ordinary
    async with asyncio.timeout(5):
        while 4 - room._free + len(room._waiting) < count:  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.01)


async def test_beyond_places_and_queue_the_answer_is_a_quick_503_and_the_rest_goes_on(world: World) -> None:
    async with crowded(world, queue_s=20) as api:
        key = Asker(api.http, world.harbour_read.headers)
        alice = Asker(api.http, world.alice.headers)
        assert (await alice.get("/v1/session-context")).status == 200
        async with locked(world, "calls"):
            crowd = [asyncio.create_task(key.get("/v1/calls")) for _ in range(8)]
            await under_way(api, 8)
            took = []
            for _ in range(5):
                started = time.perf_counter()
                refused = await key.get("/v1/calls")
                took.append(time.perf_counter() - started)
                assert (refused.status, refused.code) == (503, "dependency_unavailable")
                assert refused.json["details"] == {"reason": "busy"}
                assert refused.headers["retry-after"] == "1"
            assert min(took) < 0.1, took
            # A body that comes along is not read first.
            assert (await key.post("/v1/calls", {"external_id": "x" * 100_000})).status == 503
            for path in ("/v1/health", "/v1/health/live", "/v1/errors"):
                assert (await key.get(path)).status == 200, path
            state = f"/v1/sessions/{world.alice.session_id}/state"
            for path in ("/v1/session-context", state):
                assert (await alice.get(path)).status == 200, path
            # Somebody signs in, whose token and person nobody has seen yet.
            assert (await world.register(world.ben.someone, api=api)).status == 201
        answers = await asyncio.gather(*crowd)
        assert {answer.status for answer in answers} <= {200, 503}
        assert (await key.get("/v1/calls")).status == 200


async def test_waiting_in_the_queue_ends_too(world: World) -> None:
    async with crowded(world) as api:
        key = Asker(api.http, world.harbour_read.headers)
        await key.get("/v1/session-context")
        async with locked(world, "calls"):
            started = time.perf_counter()
            crowd = [asyncio.create_task(key.get("/v1/calls")) for _ in range(6)]
            await under_way(api, 6)
            first, *_ = await asyncio.wait(crowd, return_when=asyncio.FIRST_COMPLETED)
            answer: Answer = first.pop().result()
            assert (answer.code, answer.json["details"]) == ("dependency_unavailable", {"reason": "busy"})
            assert 0.9 < time.perf_counter() - started < 5
        await asyncio.gather(*crowd)
