"""The same against a real S3 server: parts, ranges, deleting, a wrong key."""

from __future__ import annotations

import io
import os
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import aiohttp
import obstore
import pytest
from obstore.store import S3Store

from aidial.worker import files_of, work
from aidial_api.kernel.reach import Reach
from aidial_api.kernel.recordings import delete_recordings
from aidial_api.settings import read_settings
from tests.people import ALICE, HARBOUR
from tests.support.api import RunningApi, World, running_api
from tests.support.askers import KeyHolder, health_when
from tests.support.faults import faulty_url
from tests.support.objects import Objects, running_objects
from tests.support.recordings import consented_call, wav

VERY_LARGE_PIECES = 600
MOST_GROWTH_MIB = 100
"""Of 150; the process is also the test's, and what ran in it before moves its memory by some tens."""
UNHURRIED = aiohttp.ClientTimeout(total=110)
LARGE = wav(0.1) + os.urandom(12 * 1024 * 1024)


@pytest.fixture(scope="module")
def objects() -> Iterator[Objects]:
    with running_objects() as running:
        yield running


@pytest.fixture(scope="module")
async def on_s3(world: World, objects: Objects) -> AsyncIterator[RunningApi]:
    # A slow disk behind the server is not what is tried here.
    patient = {"AIDIAL_STORAGE_TIMEOUT_MS": "20000"}
    async with running_api({**world.environ, **objects.environ(), **patient}) as api:
        yield api


def key_at(api: RunningApi, world: World) -> KeyHolder:
    known = world.harbour_manage
    return KeyHolder(api.http, known.headers, machine=known.machine, key=known.key)


async def upload(api: RunningApi, world: World, call_id: str, content: bytes) -> tuple[int, str]:
    """Send a large file as a file is sent: status and code."""
    headers = {**world.harbour_manage.headers, "content-type": "audio/wav"}
    path = f"/v1/calls/{call_id}/recording"
    async with api.http.put(path, data=io.BytesIO(content), headers=headers) as answer:
        return answer.status, (await answer.json()).get("code", "")


def kept(objects: Objects) -> dict[str, int]:
    """What is in the bucket, by name and size."""
    store = S3Store(
        "recordings-test",
        endpoint=f"http://127.0.0.1:{objects.port}",
        region="us-east-1",
        access_key_id=objects.key_id,
        secret_access_key=objects.secret,
        client_options={"allow_http": True},
    )
    return {one["path"]: one["size"] for page in obstore.list(store) for one in page}


async def test_a_large_recording_is_kept_in_parts_played_by_ranges_and_deleted(
    world: World, on_s3: RunningApi, objects: Objects
) -> None:
    call_id = await consented_call(world)
    before = kept(objects)
    assert await upload(on_s3, world, call_id, LARGE) == (201, "")
    (name,) = kept(objects).keys() - before.keys()
    assert name.startswith("kept/recordings/harbour-dental/")
    assert kept(objects)[name] > len(LARGE)
    alice = await world.sign_in(ALICE, api=on_s3)
    url = (await alice.post(f"/v1/calls/{call_id}/recording/playback")).json["url"]
    middle = await alice.get(url, range="bytes=7000000-7000999")
    assert (middle.status, middle.body) == (206, LARGE[7_000_000:7_001_000])
    assert (await alice.get(url)).body == LARGE
    health = await health_when(alice, lambda said: said["checks"]["storage"]["status"] == "pass")
    assert health.json["checks"]["storage"]["status"] == "pass"

    assert on_s3.app.services is not None
    async with on_s3.app.services.db.transaction(_reach()) as tx:
        (gone,) = await delete_recordings(tx, HARBOUR, [call_id])
    assert (gone.call_id, gone.side, gone.size_bytes) == (call_id, "mixed", len(LARGE))
    settings = read_settings({**world.environ, **objects.environ()})
    await work(world.urls.app_url, wait=False, files=files_of(settings))
    assert name not in kept(objects)
    assert (await alice.get(url)).code == "not_found"


def _reach() -> Reach:

    return Reach((HARBOUR,))


async def test_a_store_that_is_slow_and_steady_is_not_given_up(
    world: World, on_s3: RunningApi, objects: Objects
) -> None:
    """Its time is for moving on, not for megabytes: some 3 MB a second play a recording of 12."""
    call_id = await consented_call(world)
    assert await upload(on_s3, world, call_id, LARGE) == (201, "")
    async with faulty_url(f"http://127.0.0.1:{objects.port}") as (way, _):
        hurried = {**objects.environ(way.port), "AIDIAL_STORAGE_TIMEOUT_MS": "3000"}
        async with running_api({**world.environ, **hurried}) as api:
            await way.fail("latency")
            alice = await world.sign_in(ALICE, api=api)
            url = (await alice.post(f"/v1/calls/{call_id}/recording/playback")).json["url"]
            answer = await alice.get(url)
            assert (answer.status, answer.body == LARGE) == (200, True)


async def test_an_upload_that_breaks_off_keeps_nothing(
    world: World, on_s3: RunningApi, objects: Objects
) -> None:
    call_id = await consented_call(world)
    before = kept(objects)
    sent = await upload(on_s3, world, call_id, b"no sound" * 2_000_000)
    assert sent == (415, "unsupported_media_type")
    assert kept(objects) == before


async def test_a_wrong_secret_is_a_store_that_is_away(world: World, objects: Objects) -> None:
    environ = {**world.environ, **objects.environ(), "AIDIAL_STORAGE_SECRET": "another"}
    async with running_api(environ) as api:
        call_id = await consented_call(world)
        path = f"/v1/calls/{call_id}/recording"
        answer = await key_at(api, world).put(path, wav(0.1), content_type="audio/wav")
        assert (answer.status, answer.code) == (503, "storage_unavailable")
        health = await health_when(
            world.anonymous, lambda said: said["checks"]["storage"]["status"] == "pass"
        )
        async with api.http.get("/v1/health") as told:
            health_json = await told.json()
        assert health_json["checks"]["storage"]["status"] == "warn"
        assert health.json["checks"]["storage"]["status"] == "pass"


def resident_mib() -> float:
    """What this process holds of the machine's memory: the API is in it."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1024 / 1024


@pytest.mark.parametrize("where", ["a folder", "a bucket"])
async def test_a_very_large_upload_is_never_in_memory_as_a_whole(
    world: World, on_s3: RunningApi, where: str, record_property: Callable[[str, object], None]
) -> None:
    api = on_s3 if where == "a bucket" else world.api
    call_id = await consented_call(world)
    seen: list[float] = []

    async def in_pieces() -> AsyncIterator[bytes]:
        yield wav(0.1)
        piece = os.urandom(256 * 1024)
        for index in range(VERY_LARGE_PIECES):
            if index % 20 == 10:
                seen.append(resident_mib())
            yield piece

    headers = {**world.harbour_manage.headers, "content-type": "audio/wav"}
    path = f"/v1/calls/{call_id}/recording"
    async with api.http.put(path, data=in_pieces(), headers=headers, timeout=UNHURRIED) as answer:
        assert answer.status == 201, await answer.text()
    grown = max(seen) - seen[0]
    record_property("measured", f"150 MiB into {where}: memory grew by {grown:.0f} MiB at most")
    assert grown < MOST_GROWTH_MIB
    alice = await world.sign_in(ALICE, api=api)
    url = (await alice.post(f"{path}/playback")).json["url"]
    async with api.http.get(url, headers=alice.headers, timeout=UNHURRIED) as answer:
        seen = [resident_mib()]
        size = 0
        async for piece in answer.content.iter_chunked(1024 * 1024):
            size += len(piece)
            seen.append(resident_mib())
    assert size == len(wav(0.1)) + VERY_LARGE_PIECES * 256 * 1024
    assert max(seen) - seen[0] < MOST_GROWTH_MIB
