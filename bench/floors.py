"""The floors: a bare Starlette answer, and the SQL of the list or of a delivery by asyncpg alone behind it.

Run as `python -m bench.floors PORT` by the bench. The one thing a newcomer would get wrong: these are no
competitors to beat but the cost nobody can go below; the difference to them is ours.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import asyncpg
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from aidial_api.kernel.transaction import Tx
from aidial_api.surfaces.calls.store import StoredCall, insert_call
from aidial_contract.ids import new_id

FLOOR = "floor-"
"""What the external ids of this floor's calls begin with."""
BODY = json.dumps({"calls": [{"call_id": "x" * 36, "summary": "y" * 300} for _ in range(20)]}).encode()
if "BENCH_BODY" in os.environ:
    BODY = Path(os.environ["BENCH_BODY"]).read_bytes()
_COLUMNS = """
SELECT attname FROM pg_attribute WHERE attrelid = 'calls'::regclass AND attnum > 0 AND NOT attisdropped
    AND attgenerated = '' AND attname <> 'agent_config_version'
"""
_TRANSCRIPT = (
    "SELECT turns, raw, redaction_counts FROM transcripts WHERE client_id = $1 AND call_id = $2::uuid"
)
_TOKENS = "SELECT token FROM caller_tokens WHERE client_id = $1 AND call_id = $2::uuid"


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[None]:
    """Open the pool the floors of SQL use."""
    url = os.environ.get("DATABASE_URL")
    if not url:
        yield
        return
    async with asyncpg.create_pool(url, min_size=2, max_size=16) as pool:
        app.state.pool = pool
        if "BENCH_CALL" in os.environ:
            app.state.names, app.state.insert = await _insert(pool)
        yield


async def bare(_request: Request) -> Response:
    """An answer of 7 kB, or of the body that was given, and nothing else."""
    return Response(BODY, media_type="application/json")


async def sql(request: Request) -> Response:
    """BEGIN with the tenant set, the page's SQL, COMMIT; the answer is bare."""
    async with request.app.state.pool.acquire() as connection:
        await connection.execute(os.environ["BENCH_BEGIN"])
        await connection.fetch(
            os.environ["BENCH_SQL"], os.environ["BENCH_CLIENT"], os.environ["BENCH_PROJECT"]
        )
        await connection.execute("COMMIT")
    return Response(BODY, media_type="application/json")


class _Heard(list[Any]):
    """Hears what a statement would be, and its values."""

    async def fetchval(self, *statement: object) -> int:
        """Take it down."""
        self += statement
        return 1


async def _insert(pool: asyncpg.Pool[Any]) -> tuple[list[str], list[Any]]:
    """The names of a call's columns, and the statement the API would store that call by with its values."""
    one = (os.environ["BENCH_CLIENT"], os.environ["BENCH_CALL"])
    async with pool.acquire() as connection:
        await connection.execute(os.environ["BENCH_BEGIN"])
        names = [row["attname"] for row in await connection.fetch(_COLUMNS)]
        stored = f"SELECT {', '.join(names)} FROM calls WHERE client_id = $1 AND call_id = $2::uuid"
        (call,) = await connection.fetch(stored, *one)
        ((turns, raw, counts),) = await connection.fetch(_TRANSCRIPT, *one)
        tokens = [row["token"] for row in await connection.fetch(_TOKENS, *one)]
        await connection.execute("COMMIT")
    heard = _Heard()
    await insert_call(cast("Tx", heard), StoredCall(dict(call), turns, raw, counts, tokens))
    return names, list(heard)


async def insert(request: Request) -> Response:
    """BEGIN with the tenant set, a delivered call once more by the API's own statement, COMMIT."""
    await request.body()
    state = request.app.state
    statement, *values = state.insert
    values[state.names.index("call_id")] = call_id = new_id()
    values[state.names.index("external_id")] = f"{FLOOR}{call_id}"
    async with state.pool.acquire() as connection:
        await connection.execute(os.environ["BENCH_BEGIN"])
        await connection.fetchval(statement, *values)
        await connection.execute("COMMIT")
    return Response(BODY, media_type="application/json")


app = Starlette(
    routes=[Route("/bare", bare), Route("/sql", sql), Route("/insert", insert, methods=["POST"])],
    lifespan=lifespan,
)

if __name__ == "__main__":
    uvicorn.run(
        app, port=int(sys.argv[1]), loop="uvloop", http="httptools", access_log=False, log_level="error"
    )
