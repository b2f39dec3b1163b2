"""What flows: calls out as CSV, and calls in, over several connections.

The one thing a newcomer would get wrong: an export's memory is what its process has above what it had idle.
"""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

import aiohttp
import asyncpg

from bench.api import new_bodies
from bench.scale.sides import EXPORTED, TENANT, Side

WRITERS: Final = 6
EXPORT_A_S, EXPORT_MIB, INGEST_A_S = 20_000, 50, 150


def _memory_mib(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("no memory of the API's process")


async def exports(one: Side) -> None:
    """Print how fast calls are exported and what memory it takes, beside COPY of the same calls."""
    connection = await asyncpg.connect(one.urls.superuser_url)
    since = await connection.fetchval(
        "SELECT min(started_at) FROM (SELECT started_at FROM calls"
        " WHERE client_id = $1 AND project_id = $2::uuid"
        f" ORDER BY started_at DESC LIMIT {EXPORTED * 9 // 10}) c",
        TENANT,
        one.project_id,
    )
    url = f"{one.api_url}/v1/calls/export?" + urlencode(
        {"project_id": one.project_id, "from": since.isoformat()}
    )
    idle = most = _memory_mib(one.api_pid)
    lines, started = 0, time.perf_counter()
    async with (
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=600)) as http,
        http.get(url, headers=one.headers) as answer,
    ):
        if answer.status != 200:  # noqa: PLR2004 - HTTP
            raise RuntimeError(f"the export answered {answer.status}: {await answer.text()}")
        async for piece in answer.content.iter_any():
            lines += piece.count(b"\r\n")
            most = max(most, _memory_mib(one.api_pid))
    ours = lines / (time.perf_counter() - started)
    floor_started = time.perf_counter()
    copied = await connection.copy_from_query(
        "SELECT * FROM calls WHERE client_id = $1 AND project_id = $2::uuid AND started_at >= $3",
        TENANT,
        one.project_id,
        since,
        output=_forget,
        format="csv",
    )
    floor = int(copied.split()[1]) / (time.perf_counter() - floor_started)
    await connection.close()
    met = ours >= EXPORT_A_S and most - idle < EXPORT_MIB
    print(f"\nExport of {lines:,} calls: target {EXPORT_A_S:,} a second, {EXPORT_MIB} MiB above idle")
    print(f"  {'floor: COPY of the same calls':44} {floor:10,.0f} a second")
    print(
        f"  {'GET /v1/calls/export':44} {ours:10,.0f} a second, {most - idle:.0f} MiB above {idle:.0f}"
        f"  {'met' if met else 'MISSED'}"
    )


async def _forget(_piece: bytes) -> None:
    """Take what COPY gives."""


async def deliveries(one: Side, count: int) -> None:
    """Print how many calls of twenty turns one API process takes a second, over several connections."""
    bodies = list(new_bodies(one.project_id, count))
    headers = {**one.headers, "content-type": "application/json"}

    async def write(http: aiohttp.ClientSession) -> None:
        while bodies:
            async with http.post(f"{one.api_url}/v1/calls", data=bodies.pop(), headers=headers) as answer:
                if answer.status != 201:  # noqa: PLR2004 - HTTP
                    raise RuntimeError(f"a delivery answered {answer.status}: {await answer.text()}")

    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        started = time.perf_counter()
        async with asyncio.TaskGroup() as writers:
            for _ in range(WRITERS):
                writers.create_task(write(http))
        ours = count / (time.perf_counter() - started)
    floor = await _inserts_a_second(one, count)
    print(f"\nIngest over {WRITERS} connections: target {INGEST_A_S} calls a second")
    print(f"  {'floor: INSERT of the stored rows, COMMIT each':44} {floor:10,.0f} a second")
    met = "met" if ours >= INGEST_A_S else "MISSED"
    print(f"  {'POST /v1/calls, 20 turns':44} {ours:10,.0f} a second  {met}")


async def _inserts_a_second(one: Side, count: int) -> float:
    """The rows of the newest calls once more, each in a transaction: what the database alone can take."""
    connection = await asyncpg.connect(one.urls.superuser_url)
    columns = ", ".join(
        row["attname"]
        for row in await connection.fetch(
            "SELECT attname FROM pg_attribute WHERE attrelid = 'calls'::regclass AND attnum > 0"
            " AND NOT attisdropped AND attgenerated = '' AND attname NOT IN ('call_id', 'external_id')"
        )
    )
    ids = await connection.fetch(
        "SELECT call_id FROM calls WHERE client_id = $1 AND project_id = $2::uuid"
        " ORDER BY started_at DESC LIMIT $3",
        TENANT,
        one.project_id,
        count,
    )
    insert = (
        f"INSERT INTO calls (call_id, external_id, {columns}) SELECT gen_random_uuid(), 'floor-' ||"
        f" gen_random_uuid(), {columns} FROM calls WHERE client_id = $1 AND call_id = $2"
    )
    started = time.perf_counter()
    for row in ids:
        await connection.execute(insert, TENANT, row["call_id"])
    spent = time.perf_counter() - started
    # Their numbers were sealed for other calls, so nobody could open them.
    await connection.execute(
        "DELETE FROM calls WHERE client_id = $1 AND project_id = $2::uuid AND external_id LIKE 'floor-%'",
        TENANT,
        one.project_id,
    )
    await connection.close()
    return len(ids) / spent
