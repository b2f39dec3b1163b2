"""Calls as they happen: a stream of server-sent events that says which of one's calls changed.

The one thing a newcomer would get wrong: the stream holds no connection of the database. What changed is read
in a short transaction under the reader's own scope, after asking once more whether they may; a call out of
reach is not found, and so never told.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import suppress
from typing import Any, Final

import asyncpg
import msgspec

from aidial_api.kernel.ask import Ask
from aidial_api.kernel.guard import still_allowed
from aidial_api.kernel.news import Watcher
from aidial_api.kernel.route import Answer
from aidial_api.kernel.scoping import database_reach
from aidial_api.kernel.transaction import Tx
from aidial_api.surfaces.calls.filters import asked_of, condition
from aidial_api.surfaces.calls.question import bounds
from aidial_contract.fault import Fault
from aidial_contract.scope import Reach
from aidial_contract.shapes.live import LiveCall
from aidial_serving.leaving import leaving_of

BEAT_S: Final = 10.0
"""A sign of life at least so often; also how soon a session's own end is seen."""
GATHER_S: Final = 0.25
"""How long changes wait for others, to be read together."""
_HELLO: Final = b'retry: 2000\nevent: hello\ndata: {"quiet_ms":%d}\n\n'
_BEAT: Final = b": beat\n\n"
_RESYNC: Final = b"event: resync\ndata: {}\n\n"
_encode = msgspec.json.Encoder().encode


async def watch(ask: Ask) -> Answer:
    """Events until `seconds` are over, the session ends, or the server stops. 429 for one stream too many."""
    return Answer(
        stream=_events(ask),
        media_type="text/event-stream; charset=utf-8",
        headers={"x-accel-buffering": "no"},
    )


async def _events(ask: Ask) -> AsyncGenerator[bytes, None]:
    loop = asyncio.get_running_loop()
    ends_at = loop.time() + ask.query["seconds"]
    stopping = leaving_of(ask.scope)
    with ask.services.news.watched(ask.actor.actor_id, ask.reach.projects) as watcher:
        # Whoever was shown the calls within this time has missed nothing.
        yield _HELLO % int(ask.services.news.quiet_s(ask.reach.projects) * 1_000)
        while (left_s := ends_at - loop.time()) > 0 and not stopping.is_set():
            has_news = await _rung(watcher, stopping, min(left_s, BEAT_S))
            if not await _may_go_on(ask):
                return
            if not has_news:
                yield _BEAT
                continue
            await asyncio.sleep(GATHER_S)
            changed, is_behind = watcher.take()
            told = await _told(ask, changed) if changed else b""
            if is_behind:
                told += _RESYNC
            if told:
                yield told


async def _may_go_on(ask: Ask) -> bool:
    """Whether the reader still may. An end says nothing: whoever asks again is told why not."""
    try:
        await still_allowed(ask)
    except Fault as fault:
        ask.broken_off = f"ended: {fault.row.code}: {fault.reason}"
        return False
    return True


async def _rung(watcher: Watcher, stopping: asyncio.Event, within_s: float) -> bool:
    """Whether there is news within a time; a server that stops ends the wait too."""
    waits = [asyncio.ensure_future(event.wait()) for event in (watcher.rings, stopping)]
    try:
        await asyncio.wait(waits, timeout=within_s, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
            with suppress(asyncio.CancelledError):
                await wait
    return watcher.rings.is_set()


async def _told(ask: Ask, changed: Mapping[str, bool]) -> bytes:
    async with ask.services.db.transaction(database_reach(ask), read_only=True) as tx:
        rows = await _read(tx, ask.reach, ask.query, list(changed))
    return b"".join(_event(row, is_new=changed[row["call_id"]]) for row in rows)


def _event(row: asyncpg.Record, *, is_new: bool) -> bytes:
    told = LiveCall(**dict(row), is_new=is_new)
    return b"event: call\ndata: " + _encode(told) + b"\n\n"


async def _read(tx: Tx, reach: Reach, query: Mapping[str, Any], call_ids: list[str]) -> list[asyncpg.Record]:
    """What is told of these calls, of those in reach; `matches`: the list's filters let them in."""
    spans = [bounds(project, query) for project in reach.projects]
    values: list[Any] = [
        [project.client_id for project in reach.projects],
        [project.project_id for project in reach.projects],
        [since for since, _ in spans],
        [until for _, until in spans],
        call_ids,
    ]
    matches = "c.started_at >= mine.since AND c.started_at < mine.until"

    def place(value: Any) -> str:
        values.append(value)
        return f"${len(values)}"

    for name in asked_of(query):
        matches += f" AND {condition(name, query[name], place)}"
    return await tx.fetch(
        "SELECT c.call_id::text AS call_id, c.project_id::text AS project_id, c.status, c.transcript_state,"
        f" c.message_count, c.version, coalesce({matches}, false) AS matches"
        " FROM unnest($1::text[], $2::uuid[], $3::timestamptz[], $4::timestamptz[])"
        " AS mine (client_id, project_id, since, until)"
        " JOIN calls c ON c.client_id = mine.client_id AND c.project_id = mine.project_id"
        " WHERE c.call_id = any($5::uuid[]) ORDER BY c.started_at, c.call_id",
        *values,
    )
