"""Several APIs with one store: they count together, and live on when it is away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from typing import Any

import pytest

from aidial_limits import counting
from tests.api.kernel.strict import at, unhurried
from tests.support.api import RunningApi, World, running_api
from tests.support.askers import Asker, health_when
from tests.support.store import Store, running_store

PROJECTS = "/v1/projects"
AWAY = {"x-aidial-client-ip": "203.0.113.77", "x-api-key": "no key at all"}
PATIENCE_S = 10.0


@pytest.fixture
def store() -> Iterator[Store]:
    with running_store() as running:
        yield running


@pytest.fixture
async def apis(
    world: World, store: Store, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[list[RunningApi]]:
    """Four, as four processes would be: nothing shared but the database and the store."""
    monkeypatch.setattr(counting, "FIRST_PAUSE_S", 0.02)
    own = {
        "AIDIAL_LIMITS_SCALE": "1",
        "AIDIAL_LIMITS_URL": store.url,
        "AIDIAL_LIMIT_STORE_TIMEOUT": "5000",  # a busy machine may keep the store waiting
        "AIDIAL_LIMIT_READS": "30/h",
        "AIDIAL_LIMIT_FAILED_CREDENTIALS": "10/h",
    }
    async with AsyncExitStack() as stack:
        four = [await stack.enter_async_context(running_api({**world.environ, **own})) for _ in range(4)]
        for one in four:
            unhurried(one)
        yield four


def is_shared(health: Any) -> bool:
    return bool(health["checks"]["limiter_store"]["status"] == "pass")


async def test_four_apis_let_exactly_the_amount_through(world: World, apis: list[RunningApi]) -> None:
    readers = [at(api, world.harbour_read) for api in apis]
    answers = await asyncio.gather(*(reader.get(PROJECTS) for reader in readers for _ in range(25)))
    assert sum(one.status == 200 for one in answers) == 30
    assert {one.code for one in answers if one.status != 200} == {"rate_limited"}
    assert all(0 < one.json["retry_after_ms"] <= 3_600_000 for one in answers if one.status != 200)
    left = [one.headers["ratelimit"].split(",")[0] for one in answers if one.status == 200]
    assert len(set(left)) == 30  # each was told another number


async def test_an_address_learns_no_more_verdicts_from_four_apis_than_from_one(
    world: World, apis: list[RunningApi]
) -> None:
    strangers = [Asker(api.http, AWAY) for api in apis]
    answers = [await stranger.get(PROJECTS) for _ in range(8) for stranger in strangers]
    assert [one.code for one in answers] == ["api_key_invalid"] * 10 + ["rate_limited"] * 22


async def test_a_store_that_is_away_is_a_warning_and_nothing_else(
    world: World, apis: list[RunningApi], store: Store
) -> None:
    api = apis[0]
    reader, health = at(api, world.harbour_read), Asker(api.http)
    assert (await reader.get(PROJECTS)).status == 200
    checks = api.app.services.health  # type: ignore[union-attr]
    assert (await health_when(health, is_shared)).json["checks"]["limiter_store"]["status"] == "pass"
    store.stop()
    checks._asked_at = float("-inf")
    for _ in range(6):
        assert (await reader.get(PROJECTS)).status == 200
        assert (await at(api, world.alice).get(PROJECTS)).status == 200
    told = await health_when(health, lambda said: said["status"] == "warn")
    assert (told.status, told.json["status"]) == (200, "warn")
    assert told.json["checks"]["limiter_store"]["status"] == "warn"
    statuses = [(await reader.get(PROJECTS)).status for _ in range(30)]
    assert statuses == [200] * 24 + [429] * 6  # memory keeps the rate
    store.start()
    counted = api.app.services.limits.counting  # type: ignore[union-attr]
    async with asyncio.timeout(PATIENCE_S):
        while not counted.is_shared:  # noqa: ASYNC110 - nothing of ours tells
            await asyncio.sleep(0.01)
    checks._asked_at = float("-inf")
    assert (await health_when(health, is_shared)).json["checks"]["limiter_store"]["status"] == "pass"
    assert (await reader.get(PROJECTS)).status == 200


async def test_an_api_without_a_store_has_none_to_be_healthy(world: World) -> None:
    assert "limiter_store" not in (await world.anonymous.get("/v1/health")).json["checks"]
