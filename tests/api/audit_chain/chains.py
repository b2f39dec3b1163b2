"""A tenant's log that is written, sealed and verified here, and somebody who may do anything to it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg

from aidial.postgres import PostgresUrls
from aidial_api.kernel.audit_chain.chain import chain_of
from aidial_api.kernel.audit_chain.checkpointer import Checkpointer, CheckpointSettings
from aidial_api.kernel.audit_chain.checkpoints import SigningKey
from aidial_api.kernel.audit_chain.findings import Report
from aidial_api.kernel.audit_chain.outside import Outside
from aidial_api.kernel.audit_chain.sealer import Sealer
from aidial_api.kernel.audit_chain.verifying import Known, known_chains, verify_chain
from aidial_api.kernel.db import NOTHING, Database
from aidial_api.kernel.reach import Reach
from aidial_api.kernel.transaction import Tx
from aidial_contract.ids import new_id

INSERT = (
    "INSERT INTO audit_events (event_id, client_id, actor_kind, actor_label, action, target_kind, target_id,"
    " request_id, ip, technical) VALUES ($1, $2, 'user', 'alice@harbour.example', 'calls.exported', 'calls',"
    " $1::uuid::text, 'req-1', '203.0.113.9', '{\"rows\": 3, \"a\": null}')"
)


def seconds_apart(folder: Path, *, key: SigningKey | None = None) -> CheckpointSettings:
    """Checkpoints into a folder, as often as something was sealed."""
    return CheckpointSettings(folder.as_uri(), 0.0, key or SigningKey(bytes(range(32))))


@dataclass(slots=True)
class Chain:
    """`client_id` None: the chain of no tenant. `owner` is a superuser, whom nothing there stops."""

    db: Database
    urls: PostgresUrls
    owner: asyncpg.Connection[asyncpg.Record]
    client_id: str | None
    settings: CheckpointSettings
    event_ids: list[str] = field(default_factory=list)

    @property
    def outside(self) -> Outside:
        return Outside(self.settings.place)

    @property
    def reach(self) -> Reach:
        return NOTHING if self.client_id is None else Reach((self.client_id,))

    async def write(self, count: int = 1) -> None:
        """Write events as requests do, each in a transaction of its own."""
        for _ in range(count):
            async with self.db.transaction(self.reach) as tx:
                await self.write_in(tx)

    async def write_in(self, tx: Tx) -> str:
        """One event in a transaction that may still come to nothing."""
        event_id = new_id()
        await tx.execute(INSERT, event_id, self.client_id)
        self.event_ids.append(event_id)
        return event_id

    async def seal(self) -> int:
        """What the worker does four times a second."""
        return await Sealer(self.db).seal_all()

    async def checkpoint(self) -> int:
        """What the worker does now and then."""
        return await Checkpointer(self.db, self.settings, self.outside).write_due()

    async def verify(self, *, checkpoints: bool = True) -> Report:
        """What `aidial audit verify` does for this chain, as the database's owner (not as a superuser)."""
        connections = [await asyncpg.connect(self.urls.owner_url) for _ in range(2)]
        try:
            name = chain_of(self.client_id)
            all_known = {one.chain: one for one in await known_chains(connections[0])}
            known = all_known.get(name, Known(name, 0, 0))
            files = await self.outside.read_all(name) if checkpoints else None
            return await verify_chain(connections, known, files, self.settings.trusted, lambda _: None)
        finally:
            for connection in connections:
                await connection.close()

    async def first_bad(self) -> tuple[str, int, str | None]:
        """Kind, seal and event of the first bad one."""
        first = (await self.verify()).first
        assert first is not None
        return first.kind, first.seq, first.event_id

    async def attack(self, sql: str, *values: Any) -> None:
        """Do what only a superuser can: no trigger, no check, no policy."""
        async with self.owner.transaction():
            await self.owner.execute("SET LOCAL session_replication_role = replica")
            tag = await self.owner.execute(sql, *values)
            assert not tag.endswith(" 0"), "the attack did nothing"
