"""Writes a chain's checkpoint, a while after it moved on, unless it has lost its past.

The one thing a newcomer would get wrong: before it signs where a chain ends, it looks whether the chain still
holds what the last checkpoint says. Otherwise a log that was cut short, or written anew, would be signed a
minute later, over the proof that it was.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import structlog

from aidial_api.kernel.audit_chain.chain import chain_of
from aidial_api.kernel.audit_chain.checkpoints import PublicKey, SigningKey, by_id, what_is_wrong
from aidial_api.kernel.audit_chain.outside import Outside, OutsideUnavailable
from aidial_api.kernel.audit_chain.sealer import AS_SEALER
from aidial_api.kernel.connections import DatabaseUnavailable
from aidial_api.kernel.reach import NOTHING, Reach

if TYPE_CHECKING:
    from aidial_api.kernel.audit_chain.checkpoints import Checkpoint
    from aidial_api.kernel.db import Database
    from aidial_api.kernel.transaction import Tx

LOCK: Final = 1_635_083_370
LOOK_EVERY_S: Final = 1.0
AFTER_TROUBLE_S: Final = 30.0

_LOCKED = "SELECT pg_try_advisory_xact_lock($1, hashtext($2))"
_DUE = """
SELECT client_id FROM audit_chains
WHERE seq > checkpoint_seq AND (checkpoint_at IS NULL OR checkpoint_at <= now() - $1::interval)
"""
_END = """
SELECT seq, hash, clock_timestamp() AS now FROM audit_chains
WHERE client_id IS NOT DISTINCT FROM $1 AND seq > checkpoint_seq
"""
_SEAL = "SELECT hash FROM audit_seals WHERE {whose} AND seq = $1"
_WRITTEN = """
UPDATE audit_chains SET checkpoint_seq = $2, checkpoint_at = $3 WHERE client_id IS NOT DISTINCT FROM $1
"""
_log = structlog.get_logger("aidial_worker")


@dataclass(frozen=True, slots=True)
class CheckpointSettings:
    """Where checkpoints go, how often at most, who signs, and whose earlier ones are believed."""

    place: str
    every_s: float
    key: SigningKey
    also_trusted: tuple[PublicKey, ...] = ()

    @property
    def trusted(self) -> dict[str, PublicKey]:
        """The keys whose signatures count, by id."""
        return by_id((self.key.public, *self.also_trusted))


@dataclass(slots=True)
class Checkpointer:
    """One a worker."""

    db: Database
    settings: CheckpointSettings
    outside: Outside
    _broken: set[str] = field(default_factory=set)

    async def run(self) -> None:
        """Write for ever; trouble is logged and tried again."""
        while True:
            rest_s = LOOK_EVERY_S
            try:
                await self.write_due()
            except OutsideUnavailable as gone:
                _log.warning("audit.checkpoint_failed", reason=str(gone))
                rest_s = AFTER_TROUBLE_S
            except DatabaseUnavailable as gone:
                _log.warning("audit.checkpoint_waits", reason=gone.reason)
                rest_s = AFTER_TROUBLE_S
            except Exception:  # noqa: BLE001 - whatever it is, the next round is tried
                _log.exception("audit.checkpointing_failed")
                rest_s = AFTER_TROUBLE_S
            await asyncio.sleep(rest_s)

    async def write_due(self) -> int:
        """Write what is due; gives back how many."""
        async with self.db.transaction(NOTHING, reserved=True) as tx:
            await tx.execute(AS_SEALER)
            due = await tx.fetch(_DUE, timedelta(seconds=self.settings.every_s))
        return sum([await self._write(row["client_id"]) for row in due])

    async def _write(self, client_id: str | None) -> bool:
        chain = chain_of(client_id)
        reach = NOTHING if client_id is None else Reach((client_id,))
        async with self.db.transaction(reach, reserved=True) as tx:
            await tx.execute(AS_SEALER)
            if chain in self._broken or not await tx.fetchval(_LOCKED, LOCK, chain):
                return False
            end = await tx.fetchrow(_END, client_id)
            if end is None:
                return False  # another worker has written it
            lost = await self._lost(tx, client_id, await self.outside.newest(chain))
            if lost:
                self._broken.add(chain)  # said once; `aidial audit verify` says where
                _log.error("audit.chain_broken", chain=chain, reason=lost)
                return False
            made = self.settings.key.checkpoint(chain, end["seq"], end["hash"], end["now"])
            await self.outside.write(made)
            await tx.execute(_WRITTEN, client_id, end["seq"], end["now"])
        return True

    async def _lost(self, tx: Tx, client_id: str | None, last: Checkpoint | None) -> str:
        """What of its past a chain has lost; "" when nothing is."""
        if last is None:
            return ""
        wrong = what_is_wrong(last, chain_of(client_id), self.settings.trusted)
        if wrong:
            return f"the last checkpoint is not believed: {wrong}"
        whose = "client_id IS NULL" if client_id is None else "client_id = $2"
        values = () if client_id is None else (client_id,)
        held = await tx.fetchval(_SEAL.format(whose=whose), last.seq, *values)
        return (
            "" if held is not None and held.hex() == last.hash else f"seal {last.seq} is not what was signed"
        )
