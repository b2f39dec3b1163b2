"""What these tests send and look at."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from aidial_contract.headers import API_KEY
from aidial_contract.ids import new_api_key, new_id
from tests.api.calls.lines import Business
from tests.support.api import World
from tests.support.askers import Answer, Asker
from tests.support.world_calls import new_call

LIMIT_S = 10
SAME = ("location", "etag", "content-type")


def call_of(business: Business, **changes: Any) -> dict[str, Any]:
    """A call nobody has delivered yet."""
    return new_call(business.lines[0], new_id(), **changes)


async def deliver(asker: Asker, call: dict[str, Any], key: str) -> Answer:
    """`POST /v1/calls` under an idempotency key."""
    return await asker.post("/v1/calls", call, idempotency_key=key)


def outcome(answer: Answer) -> tuple[int, str]:
    """Status and code."""
    return answer.status, answer.code


def is_replay(answer: Answer) -> bool:
    """Whether the answer says that it was given before."""
    told = answer.headers.get("idempotency-replayed")
    assert told in {None, "true"}
    return told == "true"


def assert_replays(again: Answer, first: Answer) -> None:
    """Status, body and headers of the first answer; a refusal names its own request."""
    assert is_replay(again), again
    assert not is_replay(first)
    assert again.status == first.status
    for name in SAME:
        assert again.headers.get(name) == first.headers.get(name), name
    if first.status < 400:
        assert again.body == first.body
    else:
        assert {**again.json, "request_id": ""} == {**first.json, "request_id": ""}
        assert again.json["request_id"] == again.headers["x-request-id"]


async def stored(world: World, call: dict[str, Any]) -> int:
    """How many calls were made of one."""
    rows = await world.sql("SELECT call_id FROM calls WHERE external_id = $1", call["external_id"])
    events = await world.sql(
        "SELECT 1 FROM audit_events WHERE action = 'calls.call.delivered' AND target_id = any($1::text[])",
        [str(row["call_id"]) for row in rows],
    )
    assert len(events) == len(rows)
    return len(rows)


async def kept(world: World, business: Business) -> int:
    """How many answers are kept for a tenant's keys."""
    (row,) = await world.sql(
        "SELECT count(*) FROM idempotency_records WHERE client_id = $1", business.client_id
    )
    return int(row[0])


async def another_key(world: World, business: Business) -> Asker:
    """One more manage key of the same tenant."""
    text, _ = new_api_key("live")
    await world.provisioner.add_key(business.client_id, text, scope="manage", description="another")
    return Asker(business.key.http, {API_KEY: text})


@asynccontextmanager
async def line_held(world: World, line: str) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    """Whoever delivers to a line waits in mid-transaction until this ends."""
    connection = await asyncpg.connect(world.urls.superuser_url)
    try:
        async with connection.transaction():
            await connection.execute("SELECT FROM projects WHERE project_id = $1 FOR UPDATE", line)
            yield connection
    finally:
        await connection.close()


async def who_waits(holder: asyncpg.Connection[asyncpg.Record]) -> int:
    """The server process that waits for the holder of a line, once there is one."""
    async with asyncio.timeout(LIMIT_S):
        while True:
            pid = await holder.fetchval(
                "SELECT pid FROM pg_stat_activity WHERE pg_backend_pid() = any(pg_blocking_pids(pid))"
            )
            if pid is not None:
                return int(pid)
            await asyncio.sleep(0.01)
