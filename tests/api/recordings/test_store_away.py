"""While the store is away recordings say so, and nothing else is touched."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.people import ALICE
from tests.support.api import RunningApi, World, running_api
from tests.support.askers import KeyHolder, health_when
from tests.support.recordings import consented_call, recorded_call, wav


@pytest.fixture(scope="module")
async def without(world: World) -> AsyncIterator[RunningApi]:
    """An API whose folder can never be made."""
    async with running_api({**world.environ, "AIDIAL_STORAGE_URL": "file:///proc/no/folder"}) as api:
        yield api


async def test_an_upload_is_503_and_the_calls_are_there(world: World, without: RunningApi) -> None:
    call_id = await consented_call(world)
    key = KeyHolder(
        without.http,
        world.harbour_manage.headers,
        machine=world.harbour_manage.machine,
        key=world.harbour_manage.key,
    )
    for _ in range(4):  # after three the store is left alone, and the answer is the same
        answer = await key.put(f"/v1/calls/{call_id}/recording", wav(0.1), content_type="audio/wav")
        assert (answer.status, answer.code) == (503, "storage_unavailable")
        assert answer.json["retryable"] is True
        assert int(answer.headers["retry-after"]) >= 1
    assert (await key.get("/v1/calls")).status == 200
    assert (await key.get(f"/v1/calls/{call_id}")).json["recording"] is None


async def test_playing_is_503_and_health_warns(world: World, without: RunningApi) -> None:
    alice = await world.sign_in(ALICE, api=without)
    call_id = await recorded_call(world)
    given = await alice.post(f"/v1/calls/{call_id}/recording/playback")
    assert given.status == 200
    answer = await alice.get(given.json["url"])
    assert (answer.status, answer.code) == (503, "storage_unavailable")
    health = await health_when(alice, lambda said: said["status"] == "warn")
    assert (health.status, health.json["status"]) == (200, "warn")
    assert health.json["checks"]["storage"]["status"] == "warn"
