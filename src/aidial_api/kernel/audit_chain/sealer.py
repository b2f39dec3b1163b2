"""Seals events: ties each to all that were committed before it, within a second, in the worker.

The one thing a newcomer would get wrong: no id and no time says what was committed. A trigger notes each
event in the transaction that writes it, so a note is seen when, and only when, its event was committed;
whatever is noted and not yet sealed is sealed in the next round, however long its transaction took. So
nothing is ever skipped, by any number of workers: a chain is sealed by whoever holds its advisory lock.
Source: `docs/decisions/0041-the-chain-of-the-activity-log.md`.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

import asyncpg
import structlog

from aidial_api.kernel.audit_chain.chain import HEAD_BYTES, SEALED_BYTES, chain_of, first_hash, next_hash
from aidial_api.kernel.connections import DatabaseUnavailable
from aidial_api.kernel.reach import NOTHING, Reach

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aidial_api.kernel.db import Database
    from aidial_api.kernel.transaction import Tx

EVERY_S: Final = 0.25
"""How long the sealer rests between two rounds."""
AFTER_TROUBLE_S: Final = 5.0
BATCH: Final = 2_000
BATCHES_A_ROUND: Final = 25
"""A tenant with very many events waiting lets the others have their turn."""
LOCK: Final = 1_635_083_369
"""Any number, for the locks of sealing alone; the other half of a lock is its chain."""

AS_SEALER: Final = "SELECT set_config('app.sealing', 'yes', true)"
# From one tenant to the next along the index: after an upgrade every event there ever was may be waiting.
_WAITING = """
WITH RECURSIVE waiting(client_id) AS (
    (SELECT client_id FROM audit_unsealed WHERE client_id IS NOT NULL ORDER BY client_id LIMIT 1)
    UNION ALL
    SELECT (SELECT u.client_id FROM audit_unsealed u WHERE u.client_id > w.client_id ORDER BY 1 LIMIT 1)
    FROM waiting w WHERE w.client_id IS NOT NULL
)
SELECT client_id FROM waiting WHERE client_id IS NOT NULL
UNION ALL
SELECT NULL WHERE EXISTS (SELECT FROM audit_unsealed WHERE client_id IS NULL)
"""
_LOCKED = "SELECT pg_try_advisory_xact_lock($1, hashtext($2))"
_END = "SELECT seq, hash, clock_timestamp() AS now FROM audit_chains WHERE client_id IS NOT DISTINCT FROM $1"
_NOTED = f"""
SELECT u.at, e.event_id, {SEALED_BYTES} AS sealed
FROM audit_unsealed u JOIN audit_events e ON e.event_id = u.event_id
WHERE u.client_id {{whose}} ORDER BY u.at, u.event_id LIMIT {BATCH}
"""
_SEAL = """
INSERT INTO audit_seals (client_id, seq, event_id, sealed_at, hash)
SELECT $1, s.seq, s.event_id, $2, s.hash
FROM unnest($3::bigint[], $4::uuid[], $5::bytea[]) s(seq, event_id, hash)
"""
_DONE = """
DELETE FROM audit_unsealed u USING unnest($1::timestamptz[], $2::uuid[]) d(at, event_id)
WHERE u.client_id {whose} AND u.at = d.at AND u.event_id = d.event_id
"""
_MOVED = """
INSERT INTO audit_chains (client_id, seq, hash, sealed_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (client_id) DO UPDATE SET seq = excluded.seq, hash = excluded.hash, sealed_at = excluded.sealed_at
"""
_log = structlog.get_logger("aidial_worker")


class Sealer:
    """One a worker. Checkpoints are another task's: a slow store of theirs keeps nothing from its seal."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def run(self) -> None:
        """Seal for ever; trouble is logged and tried again."""
        while True:
            try:
                await self.seal_all()
            except DatabaseUnavailable as gone:
                _log.warning("audit.sealing_waits", reason=gone.reason)
                await asyncio.sleep(AFTER_TROUBLE_S)
            except Exception:  # noqa: BLE001 - whatever it is, the next round is tried
                _log.exception("audit.sealing_failed")
                await asyncio.sleep(AFTER_TROUBLE_S)
            await asyncio.sleep(EVERY_S)

    async def seal_all(self) -> int:
        """One round: what waits now. Gives back how many events were sealed."""
        async with self._db.transaction(NOTHING, reserved=True) as tx:
            await tx.execute(AS_SEALER)
            waiting = await tx.fetch(_WAITING)
        return sum([await self._seal_some(row["client_id"]) for row in waiting])

    async def _seal_some(self, client_id: str | None) -> int:
        """What waits in one chain; trouble with one is no other's."""
        count = 0
        try:
            for _ in range(BATCHES_A_ROUND):
                sealed = await self._seal(client_id)
                count += sealed
                if sealed < BATCH:
                    break
        except asyncpg.IntegrityConstraintViolationError:
            _log.exception("audit.chain_stuck", client_id=client_id)
        return count

    async def _seal(self, client_id: str | None) -> int:
        reach = NOTHING if client_id is None else Reach((client_id,))
        async with self._db.transaction(reach, reserved=True) as tx:
            await tx.execute(AS_SEALER)
            if not await tx.fetchval(_LOCKED, LOCK, chain_of(client_id)):
                return 0  # another worker is at it
            return await seal_batch(tx, client_id)


async def seal_batch(tx: Tx, client_id: str | None) -> int:
    """Seal the next events of a chain whose lock this transaction holds."""
    # A statement after the lock: what the former holder committed is seen.
    end = await tx.fetchrow(_END, client_id)
    if end is None:
        end = await tx.fetchrow("SELECT 0::bigint AS seq, $1::bytea AS hash, clock_timestamp() AS now",
                                first_hash(chain_of(client_id)))  # fmt: skip
    assert end is not None  # noqa: S101 - a SELECT without FROM gives a row
    rows = await tx.fetch(*_about(_NOTED, client_id))
    if not rows:
        return 0
    hashes = _tied(rows, end)
    last = end["seq"] + len(rows)
    ids = [row["event_id"] for row in rows]
    await tx.execute(_SEAL, client_id, end["now"], list(range(end["seq"] + 1, last + 1)), ids, hashes)
    await tx.execute(*_about(_DONE, client_id, [row["at"] for row in rows], ids))
    await tx.execute(_MOVED, client_id, last, hashes[-1], end["now"])
    return len(rows)


def _about(sql: str, client_id: str | None, *values: object) -> tuple[Any, ...]:
    """A statement about a chain and its values: `IS NOT DISTINCT FROM` would use no index."""
    if client_id is None:
        return (sql.format(whose="IS NULL"), *values)
    return (sql.format(whose=f"= ${len(values) + 1}"), *values, client_id)


def _tied(rows: Sequence[asyncpg.Record], end: asyncpg.Record) -> list[bytes]:
    hashes = []
    before: bytes = end["hash"]
    for seq, row in enumerate(rows, end["seq"] + 1):
        before = next_hash(before, seq, end["now"], row["sealed"][HEAD_BYTES:])
        hashes.append(before)
    return hashes
