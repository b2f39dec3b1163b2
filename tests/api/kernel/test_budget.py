"""A caller's time: what the portal has left, and what the API gives anybody at most."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest

from tests.support.api import World
from tests.support.askers import Answer, Asker, KeyHolder
from tests.support.running_api import running_api

MARGIN_S = 0.1
STUCK = (
    "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
)


@asynccontextmanager
async def locked(world: World, table: str) -> AsyncIterator[None]:
    """Nobody can read a table while the block runs."""
    connection = await asyncpg.connect(world.urls.superuser_url)
    try:
        async with connection.transaction():
            await connection.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
            yield
    finally:
        await connection.close()


async def timed(asker: Asker, path: str, **headers: str) -> tuple[Answer, float]:
    started = time.perf_counter()
    answer = await asker.get(path, **headers)
    return answer, time.perf_counter() - started


async def test_a_caller_is_answered_before_their_budget_ends_and_the_database_is_let_go(world: World) -> None:
    took = []
    async with locked(world, "projects"):
        for _ in range(2):
            answer, seconds = await timed(world.harbour_read, "/v1/projects", x_aidial_budget_ms="300")
            assert (answer.status, answer.code) == (503, "dependency_timeout")
            assert answer.headers["retry-after"] == "1"
            took.append(seconds)
        # 30 ms of the 300 are kept back for the way home.
        assert 0.25 <= min(took) < 0.3, took
        async with asyncio.timeout(5):
            while (await world.sql(STUCK))[0][0]:  # noqa: ASYNC110 - nothing tells
                await asyncio.sleep(0.02)
    assert (await world.harbour_read.get("/v1/projects")).status == 200


@pytest.mark.parametrize("budget", ["0", "-1", "abc", "1e2", "1.5", "99999999", "5 5", "0x1", "٣"])
async def test_a_malformed_budget_is_as_good_as_none(world: World, budget: str) -> None:
    assert (await world.harbour_read.get("/v1/projects", x_aidial_budget_ms=budget)).status == 200


async def test_a_budget_counts_only_from_a_trusted_proxy_and_never_lengthens_ours(world: World) -> None:
    own = {"AIDIAL_REQUEST_TIMEOUT_MS": "250"}
    strangers = {**world.environ, **own, "AIDIAL_TRUSTED_PROXIES": "10.0.0.0/8"}
    async with (
        running_api(strangers) as deaf,
        running_api({**world.environ, **own}) as api,
        locked(world, "projects"),
    ):
        for http, told, least_s, longest_s in (
            (deaf.http, "50", 0.25, 0.25 + MARGIN_S),
            (api.http, "9000", 0.25, 0.25 + MARGIN_S),
            (api.http, "100", 0.08, 0.2),
        ):
            key = KeyHolder(http, world.harbour_read.headers, machine=world.harbour_read.machine, key="")
            await key.get("/v1/session-context")
            took = []
            for _ in range(2):
                answer, seconds = await timed(key, "/v1/projects", x_aidial_budget_ms=told)
                assert (answer.status, answer.code) == (503, "dependency_timeout"), told
                took.append(seconds)
            assert least_s <= min(took) < longest_s, (told, took)


async def test_a_body_that_takes_its_time_is_not_charged_to_who_has_no_budget(world: World) -> None:
    async def slowly() -> AsyncIterator[bytes]:
        yield b'{"external_id":'
        await asyncio.sleep(0.4)
        yield b"1}"

    async with running_api({**world.environ, "AIDIAL_REQUEST_TIMEOUT_MS": "300"}) as api:
        headers = {**world.harbour_manage.headers, "content-type": "application/json"}
        async with api.http.post("/v1/calls", data=slowly(), headers=headers) as answer:
            assert answer.status == 422
        async with api.http.post(
            "/v1/calls", data=slowly(), headers={**headers, "x-aidial-budget-ms": "200"}
        ) as answer:
            assert (answer.status, (await answer.json())["code"]) == (503, "dependency_timeout")
