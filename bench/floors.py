"""The floors: a bare Starlette answer, and the list's SQL by asyncpg alone behind it.

Run as `python -m bench.floors PORT` by the bench. The one thing a newcomer would get wrong: these are no
competitors to beat but the cost nobody can go below; the difference to them is ours.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

BODY = json.dumps({"calls": [{"call_id": "x" * 36, "summary": "y" * 300} for _ in range(20)]}).encode()


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[None]:
    """Open the pool the SQL floor uses."""
    url = os.environ.get("DATABASE_URL")
    if not url:
        yield
        return
    async with asyncpg.create_pool(url, min_size=2, max_size=16) as pool:
        app.state.pool = pool
        yield


async def bare(_request: Request) -> Response:
    """An answer of 7 kB and nothing else."""
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


app = Starlette(routes=[Route("/bare", bare), Route("/sql", sql)], lifespan=lifespan)

if __name__ == "__main__":
    uvicorn.run(
        app, port=int(sys.argv[1]), loop="uvloop", http="httptools", access_log=False, log_level="error"
    )
