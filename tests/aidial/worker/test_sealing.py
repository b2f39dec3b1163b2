"""A worker at work seals what is written meanwhile, and vouches for it outside the database."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest

from aidial.worker import work
from aidial_api.kernel.audit_chain import outside
from aidial_api.kernel.audit_chain.checkpointer import CheckpointSettings
from aidial_api.kernel.audit_chain.checkpoints import SigningKey
from aidial_api.kernel.audit_chain.outside import Outside
from aidial_api.kernel.db import Database
from tests.api.audit_chain.chains import INSERT
from tests.api.database.rows import Tenant, make_tenant, new_id
from tests.support.postgres import PostgresServer

LIMIT_S = 90
SEALED_WITHIN_S = 20
PATIENCE_S = 60
"""Of the worker with a store: well after that."""


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


async def test_a_silent_place_of_checkpoints_keeps_no_event_from_its_seal(
    postgres_server: PostgresServer, worker_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    urls = postgres_server.migrated_database(f"aidial_silent_{worker_id}")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "any")  # else the machine's own role is asked for first
    monkeypatch.setattr(outside, "TIMEOUT", timedelta(seconds=PATIENCE_S))
    asked = asyncio.Event()
    held: list[asyncio.StreamWriter] = []

    async def say_nothing(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        held.append(writer)
        asked.set()

    silent = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    place = f"s3://checkpoints/a?endpoint=http://127.0.0.1:{port}&region=us-east-1"
    settings = CheckpointSettings(place, 0.1, SigningKey(bytes(32)))
    working = asyncio.create_task(work(urls.app_url, checkpoints=settings))
    db = await Database.connect(urls.app_url, min_size=1, max_size=2)
    try:
        tenant = await make_tenant(db, "harbour")
        await _written(db, tenant)
        async with asyncio.timeout(LIMIT_S):
            await asked.wait()
        event_id = await _written(db, tenant)
        async with asyncio.timeout(SEALED_WITHIN_S):
            while not await _sealed(db, tenant, event_id):  # noqa: ASYNC110 - nothing tells
                await asyncio.sleep(0.05)
    finally:
        working.cancel()
        with suppress(asyncio.CancelledError):
            await working
        await db.close()
        silent.close()
        for writer in held:
            writer.transport.abort()
        await asyncio.sleep(0)


async def _written(db: Database, tenant: Tenant) -> str:
    event_id = new_id()
    async with db.transaction(tenant.reach) as tx:
        await tx.execute(INSERT, event_id, tenant.client_id)
    return event_id


async def _sealed(db: Database, tenant: Tenant, event_id: str) -> bool:
    async with db.transaction(tenant.reach) as tx:
        return bool(
            await tx.fetchval("SELECT EXISTS (SELECT FROM audit_seals WHERE event_id = $1)", event_id)
        )
