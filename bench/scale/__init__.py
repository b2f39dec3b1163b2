"""Many calls of many tenants in one database: what a page, a search, an export and a delivery cost there.

The one thing a newcomer would get wrong: nothing here is about one number. Each stands beside the same over
100,000 calls, which says whether it grows, and beside the floor: the same SQL by asyncpg alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import asyncpg

from aidial.postgres import PostgresUrls
from aidial_api.kernel.storage import Storage, StoragePlace
from bench.scale.asked import CALLERS, PAIRS, SEARCHES, SINGLES
from bench.scale.dashboards import dashboards
from bench.scale.filling import database, filled
from bench.scale.flows import deliveries, exports
from bench.scale.pages import pages
from bench.scale.sides import FEW, Side, side

__all__ = ["run"]

PAGE_MS: Final = 3.0
SEARCH_MS: Final = 25.0
BLOCK_BYTES: Final = 512
"""What `st_blocks` counts."""


async def measure(sides: Sequence[Side], *, times: int, delivered: int) -> None:
    """Print everything."""
    await pages(sides, "A page by one filter", SINGLES, PAGE_MS, times)
    await pages(sides, "A page by two", PAIRS, PAGE_MS, times)
    await pages(sides, "Calls of a caller", CALLERS, SEARCH_MS, times)
    await pages(sides, "Words of summaries", SEARCHES, SEARCH_MS, times)
    await dashboards(sides, times)
    await exports(sides[0])
    await deliveries(sides[0], delivered)


async def run(folder: Path, urls: PostgresUrls, master_key: bytes, *, calls: int, rounds: int) -> None:
    """Fill two databases of one server, the first with `calls`, and print what is measured."""
    until = datetime.now(UTC).replace(microsecond=0)
    async with AsyncExitStack() as stack:
        sides = []
        for name, count in (("many", calls), ("few", FEW)):
            own = await asyncio.to_thread(database, urls, name)
            files = folder / f"files-{name}"
            storage = Storage(StoragePlace(f"file://{files}"), timeout_s=30)
            await filled(own, master_key, count, until, storage)
            await _print_disk(own, files, count)
            sides.append(await stack.enter_async_context(side(folder, name, own, master_key)))
        await measure(sides, times=max(10, rounds), delivered=max(100, rounds * 20))


async def _print_disk(urls: PostgresUrls, files: Path, calls: int) -> None:
    """How much of it the database and the recordings take, in blocks."""
    connection = await asyncpg.connect(urls.superuser_url)
    try:
        database_bytes = await connection.fetchval("SELECT pg_database_size(current_database())")
    finally:
        await connection.close()
    recorded = await asyncio.to_thread(_sizes, files)
    print(
        f"  disk of {calls:,} calls: {database_bytes / 1e9:.1f} GB of database,"
        f" {sum(recorded) / 1e9:.2f} GB of {len(recorded):,} recordings (40 GB)"
    )


def _sizes(folder: Path) -> list[int]:
    return [file.stat().st_blocks * BLOCK_BYTES for file in folder.rglob("*") if file.is_file()]
