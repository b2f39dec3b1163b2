"""Many at once, and writers that die half-way: one effect, and nobody waits."""

from __future__ import annotations

import asyncio
import json
from functools import partial
from pathlib import Path

import aiohttp
import pytest

from aidial_contract.headers import API_KEY
from aidial_contract.ids import new_id
from tests.api.calls.lines import Business
from tests.api.idempotency.posting import (
    LIMIT_S,
    assert_replays,
    call_of,
    deliver,
    is_replay,
    kept,
    line_held,
    outcome,
    stored,
    who_waits,
)
from tests.api.kernel.test_hangup import served
from tests.support.api import World, running_api
from tests.support.askers import Asker, patiently


async def test_fifty_at_once_have_one_effect_and_one_answer(world: World, surgery: Business) -> None:
    call, key = call_of(surgery), new_id()
    async with running_api(world.environ) as second:
        there = Asker(second.http, surgery.key.headers)
        answers = await asyncio.gather(
            *(patiently(partial(deliver, (surgery.key, there)[turn % 2], call, key)) for turn in range(50))
        )
    done = [one for one in answers if one.status == 201]
    (first,) = [one for one in done if not is_replay(one)]
    for one in answers:
        if one.status == 201:
            assert one.body == first.body
        else:
            assert outcome(one) == (409, "request_in_progress")
            assert one.headers["retry-after"] == "1"
    assert await stored(world, call) == 1
    assert_replays(await deliver(surgery.key, call, key), first)


async def test_while_one_is_under_way_another_is_told_at_once(world: World, surgery: Business) -> None:
    call, key = call_of(surgery), new_id()
    async with line_held(world, surgery.lines[0]) as holder:
        under_way = asyncio.create_task(deliver(surgery.key, call, key))
        await who_waits(holder)
        for body in (call, {**call, "outcome": "other"}):
            told = await deliver(surgery.key, body, key)
            assert outcome(told) == (409, "request_in_progress")
            assert (told.headers["retry-after"], told.json["retry_after_ms"]) == ("1", 1_000)
            assert told.json["retryable"] is True
    first = await under_way
    assert first.status == 201
    assert_replays(await deliver(surgery.key, call, key), first)


async def test_a_writer_that_dies_frees_its_key_and_leaves_nothing(world: World, surgery: Business) -> None:
    call, key = call_of(surgery), new_id()
    before = await kept(world, surgery)
    async with line_held(world, surgery.lines[0]) as holder:
        dying = asyncio.create_task(deliver(surgery.key, call, key))
        await holder.execute("SELECT pg_terminate_backend($1)", await who_waits(holder))
        assert outcome(await dying) == (503, "dependency_unavailable")
    assert (await stored(world, call), await kept(world, surgery)) == (0, before)
    again = await deliver(surgery.key, call, key)
    assert (again.status, is_replay(again)) == (201, False)


async def _until_stored(world: World, call: dict[str, object]) -> None:
    async with asyncio.timeout(LIMIT_S):
        while True:
            if await stored(world, call):
                return
            await asyncio.sleep(0.01)


async def _send_and_never_read(
    http: aiohttp.ClientSession, business: Business, call: object, key: str
) -> str:
    """Send a delivery over a socket of its own; gives back its lines as they went."""
    url = http._base_url
    assert url is not None
    assert url.host is not None
    body = json.dumps(call)
    text = (
        f"POST /v1/calls HTTP/1.1\r\nHost: {url.host}:{url.port}\r\nContent-Type: application/json\r\n"
        f"X-API-Key: {business.key.headers[API_KEY]}\r\nIdempotency-Key: {key}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n{body}"
    )
    _, writer = await asyncio.open_connection(url.host, url.port)
    writer.write(text.encode())
    await writer.drain()
    writer.transport.abort()
    return body


async def test_a_caller_who_hung_up_before_the_answer_gets_it_later(world: World, surgery: Business) -> None:
    call, key = call_of(surgery), new_id()
    sent = await _send_and_never_read(surgery.key.http, surgery, call, key)
    await _until_stored(world, call)
    again = await surgery.key.post("/v1/calls", sent.encode(), idempotency_key=key)
    assert (again.status, is_replay(again)) == (201, True)
    assert again.json["external_id"] == call["external_id"]
    assert await stored(world, call) == 1


@pytest.mark.slow
async def test_an_api_killed_between_effect_and_answer_loses_neither(
    world: World, surgery: Business, tmp_path: Path
) -> None:
    call, key = call_of(surgery), new_id()
    async with served(world, tmp_path) as api:
        sent = await _send_and_never_read(api.http, surgery, call, key)
        await _until_stored(world, call)
        api.process.kill()
        await api.process.wait()
    again = await surgery.key.post("/v1/calls", sent.encode(), idempotency_key=key)
    assert (again.status, is_replay(again)) == (201, True)
    assert await stored(world, call) == 1


@pytest.mark.slow
async def test_an_api_killed_before_its_effect_leaves_the_key_free(
    world: World, surgery: Business, tmp_path: Path
) -> None:
    call, key = call_of(surgery), new_id()
    async with served(world, tmp_path) as api, line_held(world, surgery.lines[0]) as holder:
        there = Asker(api.http, surgery.key.headers)
        dying = asyncio.create_task(deliver(there, call, key))
        pid = await who_waits(holder)
        api.process.kill()
        await api.process.wait()
        with pytest.raises(aiohttp.ClientError):
            await dying
        # The server notices a lost connection only when it writes: here, at the end of its wait.
        await holder.execute("SELECT pg_terminate_backend($1)", pid)
    assert await stored(world, call) == 0
    again = await deliver(surgery.key, call, key)
    assert (again.status, is_replay(again)) == (201, False)
