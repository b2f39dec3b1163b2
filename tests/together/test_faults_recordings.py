"""`faults.toml`, recordings through the portal: refused at once, or cut where nobody can miss it.

The one thing a newcomer would get wrong: a megabyte or two is always on its way already. The recording is
large enough that what fails still holds most of it.
"""

from __future__ import annotations

import asyncio
import io
import os
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import aiohttp
import pytest

from aidial_contract.headers import API_KEY
from aidial_contract.ids import new_id
from aidial_portal.kernel.streaming import OF_ONE_SESSION
from tests.people import FRONT_DESK, HARBOUR
from tests.support.faults import FaultyWay, faulty_url
from tests.support.objects import Objects, running_objects
from tests.support.recordings import OBTAINED, wav
from tests.support.running_api import RunningApi, running_api
from tests.support.world_calls import new_call
from tests.together.fault_matrix import (
    MARGIN_S,
    RECOVERED_S,
    TIMEOUT_MS,
    Case,
    Record,
    all_at_once,
    better_of_two,
    matrix,
    parameters,
    timeout_ms_for,
)
from tests.together.visiting import Visitor, visiting

if TYPE_CHECKING:
    from tests.support.portal import Town

BY_FILES = matrix().of("portal", "storage")
BY_FILES_MID_WAY = matrix().of("portal", "storage, mid-way")
BY_API_MID_WAY = matrix().of("portal", "api, mid-way")
GOOD = {"start": 302}
BEGUN_BYTES = 1_000
LARGE = wav(0.1) + os.urandom(24 * 1024 * 1024)
SMALL = wav(0.1)
PATIENT_MS = 20_000.0
"""A store that failed three times in a row is left alone for three seconds."""


@dataclass(frozen=True, slots=True)
class Began:
    """A file whose first bytes are here."""

    answer: aiohttp.ClientResponse
    size: int

    async def read_on(self) -> tuple[str, float]:
        """Everything that still comes: what the matrix calls its end, and the seconds until then."""
        read, started = BEGUN_BYTES, time.perf_counter()
        try:
            async for piece in self.answer.content.iter_any():
                read += len(piece)
        except aiohttp.ClientError:
            return "200 broken_off", time.perf_counter() - started
        return "ok" if read == self.size else "200 as_if_whole", time.perf_counter() - started


@asynccontextmanager
async def beginning(visitor: Visitor, path: str) -> AsyncIterator[Began]:
    """Ask for a file and take no more than its beginning."""
    async with (
        aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http,
        http.get(visitor.url + path, headers=visitor.headers()) as answer,
    ):
        assert answer.status == 200, await answer.text()
        await answer.content.readexactly(BEGUN_BYTES)
        yield Began(answer, int(answer.headers["content-length"]))


async def recorded(town: Town, api: RunningApi, content: bytes) -> str:
    """A call of the front desk whose recording lies in the store of `api`; its id."""
    call_id = await town.deliver(HARBOUR, new_call(FRONT_DESK, f"faulty-{new_id()}", consent=OBTAINED))
    headers = {API_KEY: town.keys[HARBOUR], "content-type": "audio/wav"}
    async with api.http.put(
        f"/v1/calls/{call_id}/recording", data=io.BytesIO(content), headers=headers
    ) as answer:
        assert answer.status == 201, await answer.text()
    return call_id


@pytest.fixture(scope="module")
def objects() -> Iterator[Objects]:
    """A real S3 server."""
    with running_objects() as running:
        yield running


@pytest.fixture(scope="module")
async def in_bucket(town: Town, objects: Objects) -> tuple[str, str]:
    """A call with a small and one with a large recording in the bucket."""
    patient = {"AIDIAL_STORAGE_TIMEOUT_MS": f"{PATIENT_MS:.0f}"}
    async with running_api({**town.environ, **objects.environ(), **patient}) as api:
        return await recorded(town, api, SMALL), await recorded(town, api, LARGE)


@pytest.fixture(scope="module")
async def in_folder(town: Town) -> str:
    """A call with a large recording in the town's own store."""
    return await recorded(town, town.api, LARGE)


@asynccontextmanager
async def faulty_store(
    town: Town, objects: Objects, timeout_ms: float
) -> AsyncIterator[tuple[FaultyWay, str]]:
    """An API whose way to the store may fail; the way, and the API's URL."""
    async with faulty_url(f"http://127.0.0.1:{objects.port}") as (way, _):
        own = {"AIDIAL_STORAGE_TIMEOUT_MS": f"{timeout_ms:.0f}", **objects.environ(way.port)}
        async with running_api({**town.environ, **own}) as api:
            yield way, api.url


async def until_well(visitor: Visitor, name: str) -> None:
    """Ask for a file until it begins to come."""
    async with asyncio.timeout(RECOVERED_S):
        while True:
            with suppress(AssertionError):
                async with beginning(visitor, visitor.addresses[name]):
                    return
            await asyncio.sleep(0.05)


@pytest.mark.parametrize(("failure", "case"), parameters(BY_FILES, set()))
@better_of_two
async def test_when_the_store_of_files_fails(
    town: Town,
    objects: Objects,
    in_bucket: tuple[str, str],
    failure: str,
    case: Case,
    record_property: Record,
) -> None:
    small, _ = in_bucket
    async with (
        faulty_store(town, objects, timeout_ms_for(failure)) as (way, url),
        visiting(town, small, api_base_url=url) as visitor,
    ):
        assert (await visitor.until_well(visitor.addresses["play"])).body == SMALL
        await way.fail(failure)
        await all_at_once(await visitor.asks(), case, 0.8 + MARGIN_S, GOOD, record_property)
        await way.heal()
        await until_well(visitor, "play")


async def _judge(visitor: Visitor, way: FaultyWay, failure: str, case: Case, record: Record) -> None:
    """Begin both files, fail, and read on."""
    for name in case.answers:
        await until_well(visitor, name)
    async with AsyncExitStack() as held:
        began = {
            name: await held.enter_async_context(beginning(visitor, visitor.addresses[name]))
            for name in case.answers
        }
        was_open = way.open_now
        await way.fail(failure)
        ended = dict(
            zip(began, await asyncio.gather(*(one.read_on() for one in began.values())), strict=True)
        )
        assert {name: word for name, (word, _) in ended.items()} == case.answers
        slowest_s = max(seconds for _, seconds in ended.values())
        record("measured", f"{case.name}: {failure}, over after {slowest_s * 1_000:.0f} ms")
        if "ok" not in case.answers.values():
            assert slowest_s < 0.8 + MARGIN_S
            async with asyncio.timeout(RECOVERED_S):
                while way.open_now > was_open - len(began):  # noqa: ASYNC110 - nothing tells
                    await asyncio.sleep(0.02)
    await way.heal()
    await until_well(visitor, "file")


@pytest.mark.parametrize(("failure", "case"), parameters(BY_FILES_MID_WAY, set()))
@better_of_two
async def test_when_the_store_of_files_fails_while_a_recording_is_on_its_way(
    town: Town,
    objects: Objects,
    in_bucket: tuple[str, str],
    failure: str,
    case: Case,
    record_property: Record,
) -> None:
    _, large = in_bucket
    async with (
        faulty_store(town, objects, timeout_ms_for(failure)) as (way, url),
        visiting(town, large, api_base_url=url) as visitor,
    ):
        await _judge(visitor, way, failure, case, record_property)


@pytest.mark.parametrize(("failure", "case"), parameters(BY_API_MID_WAY, set()))
@better_of_two
async def test_when_the_api_fails_while_a_recording_is_on_its_way(
    town: Town, in_folder: str, failure: str, case: Case, record_property: Record
) -> None:
    idle_ms = TIMEOUT_MS if failure == "trickle" else timeout_ms_for(failure)
    async with (
        faulty_url(town.api.url) as (way, url),
        visiting(town, in_folder, api_base_url=url, stream_idle_ms=idle_ms) as visitor,
    ):
        if "200 going_on" not in case.answers.values():
            await _judge(visitor, way, failure, case, record_property)
            return
        async with beginning(visitor, visitor.addresses["play"]) as began:
            await way.fail(failure)
            with pytest.raises(
                TimeoutError
            ):  # neither over nor cut, long after a silence would have ended it
                async with asyncio.timeout(5 * TIMEOUT_MS / 1_000):
                    await began.read_on()


async def test_what_was_cut_leaves_its_places_to_others(
    town: Town, objects: Objects, in_bucket: tuple[str, str]
) -> None:
    """A session has eight streams at once; all eight are cut, and then it may have eight again."""
    _, large = in_bucket
    async with (
        faulty_store(town, objects, PATIENT_MS) as (way, url),
        visiting(town, large, api_base_url=url) as visitor,
    ):
        for _ in range(2):
            async with AsyncExitStack() as held:
                began = [
                    await held.enter_async_context(beginning(visitor, visitor.addresses["play"]))
                    for _ in range(OF_ONE_SESSION)
                ]
                await way.fail("reset")
                ends = await asyncio.gather(*(one.read_on() for one in began))
                assert {word for word, _ in ends} == {"200 broken_off"}
            await way.heal()
            await until_well(visitor, "play")
