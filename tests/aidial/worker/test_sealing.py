"""A worker at work seals what is written meanwhile, and vouches for it outside the database."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from aidial.worker import work
from aidial_api.kernel.audit_chain.checkpointer import CheckpointSettings
from aidial_api.kernel.audit_chain.checkpoints import SigningKey
from aidial_api.kernel.audit_chain.outside import Outside
from aidial_api.kernel.db import Database
from tests.api.audit_chain.chains import INSERT
from tests.api.database.rows import make_tenant, new_id
from tests.support.postgres import PostgresServer

LIMIT_S = 30


async def test_the_worker_seals_and_signs_beside_its_jobs(
    postgres_server: PostgresServer,
    worker_id: str,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    urls = postgres_server.migrated_database(f"aidial_sealing_{worker_id}")
    settings = CheckpointSettings(tmp_path.as_uri(), 0.1, SigningKey(bytes(32)))
    working = asyncio.create_task(work(urls.app_url, checkpoints=settings))
    db = await Database.connect(urls.app_url, min_size=1, max_size=2)
    try:
        tenant = await make_tenant(db, "harbour")
        event_id = new_id()
        async with db.transaction(tenant.reach) as tx:
            await tx.execute(INSERT, event_id, tenant.client_id)
        async with asyncio.timeout(LIMIT_S):
            while True:
                async with db.transaction(tenant.reach) as tx:
                    waited = await tx.fetchval(
                        "SELECT s.sealed_at - e.at FROM audit_seals s JOIN audit_events e USING (event_id)"
                        " WHERE event_id = $1",
                        event_id,
                    )
                last = await Outside(settings.place).newest(tenant.client_id)
                if waited is not None and last is not None:
                    break
                await asyncio.sleep(0.05)
        record_property("measured", f"an event was sealed {waited.total_seconds() * 1_000:.0f} ms after it")
        assert last.chain == tenant.client_id
    finally:
        working.cancel()
        with suppress(asyncio.CancelledError):
            await working
        await db.close()
