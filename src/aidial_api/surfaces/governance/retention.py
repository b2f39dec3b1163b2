"""Retention: once a day, in batches, what is older than a client's policy goes, and a receipt says so.

The one thing a newcomer would get wrong: a run that was killed is run again with the same `run_id`. Its
receipts hold the moment before which data goes and how far it came, so it goes on instead of beginning anew;
and a run that belongs to an older version of the policy ends, because the save asked for one of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

import msgspec

from aidial_api.kernel import client_settings
from aidial_api.kernel.erasing import BEGINNING, LONG_AGO, Erasing, day_of
from aidial_api.kernel.governance import policy_of
from aidial_api.kernel.jobs import Job, enqueue
from aidial_api.kernel.outgoing import forgetting
from aidial_api.kernel.reach import Reach
from aidial_api.surfaces.governance import store
from aidial_contract.ids import new_id
from aidial_contract.shapes.governance import CATEGORIES, SECTION

if TYPE_CHECKING:
    import asyncpg

    from aidial_api.kernel.db import Database
    from aidial_api.kernel.transaction import Tx

EVERY: Final = timedelta(days=1)
_COUNTING_MS: Final = 60_000
"""What is held stands in the receipt for good; null where counting took longer."""

_EVENT: Final = """
INSERT INTO audit_events (event_id, client_id, actor_kind, actor_label, action, target_kind, target_id,
                          technical)
VALUES ($1, $2, 'system', 'retention', 'governance.retention.completed', 'retention_receipt', $3, $4)
"""


def before_of(category: str, moment: datetime) -> datetime:
    """The moment before which data of a category goes: numbers go by whole days of UTC."""
    return day_of(moment) if category == "analytics" else moment


async def ask_for(tx: Tx, client_id: str, version: int, *, at: datetime) -> None:
    """Have a run of a version of the policy begin."""
    arguments = {"client_id": client_id, "version": str(version), "run_id": new_id()}
    await enqueue(tx, RUN.name, arguments, at=at)


async def run(db: Database, *, client_id: str, version: str, run_id: str) -> None:
    """Delete what is due by the policy and write receipts; the first of all, ask for tomorrow's run."""
    async with db.transaction(Reach((client_id,))) as tx:
        receipts = await store.receipts_of(tx, client_id, run_id)
        if not receipts:
            if not await _is_policy(tx, client_id, int(version)):
                return
            receipts = await _open(tx, client_id, int(version), run_id)
    for receipt in receipts:
        if receipt["completed_at"] is None:
            await _delete(db, client_id, receipt)
            if receipt["category"] == "transcripts":
                await _forget_messages(db, client_id, receipt)
            await _complete(db, client_id, receipt)


async def _is_policy(tx: Tx, client_id: str, version: int) -> bool:
    """Whether the policy is still the one a run was asked for; under another it deletes no more, but ends."""
    return await client_settings.current_version(tx, client_id, SECTION) == version


async def _open(tx: Tx, client_id: str, version: int, run_id: str) -> Sequence[asyncpg.Record]:
    """A receipt for each category that is not kept for ever; none, and no other run, when all are."""
    policy = await policy_of(tx, client_id)
    kept = {one: getattr(policy, f"{one}_days") for one in CATEGORIES}
    now, receipts = await store.moment(tx), []
    for category, days in kept.items():
        if days is not None:
            before = before_of(category, now - timedelta(days=days))
            values = (client_id, new_id(), run_id, category, version, days, before)
            receipts.append(await store.open_receipt(tx, values))
    if receipts:
        await ask_for(tx, client_id, version, at=now + EVERY)
    return receipts


async def _delete(db: Database, client_id: str, receipt: asyncpg.Record) -> None:
    """Batch after batch, each with its line of the receipt, for as long as the policy is the receipt's."""
    category, receipt_id = receipt["category"], receipt["receipt_id"]

    async def note(tx: Tx, calls: int, batch: bytes) -> None:
        await store.note_batch(tx, client_id, receipt_id, calls, batch)

    erasing = Erasing(
        client_id=client_id,
        since=BEGINNING if category == "analytics" else LONG_AGO,
        until=_until(receipt),
        may_go_on=lambda tx: _is_policy(tx, client_id, receipt["policy_version"]),
        note=note,
        reason="retention",
        ages=True,
    )
    await erasing.run(db, category)


def _until(receipt: asyncpg.Record) -> datetime:
    """What its run deletes began before; a run that an earlier release opened says a moment of that day."""
    return before_of(receipt["category"], receipt["before"])


async def _forget_messages(db: Database, client_id: str, receipt: asyncpg.Record) -> None:
    """Who was written to is known no longer than transcripts are kept; a hold is of the transcript."""
    async with db.transaction(Reach((client_id,)), read_only=True) as tx:
        if not await _is_policy(tx, client_id, receipt["policy_version"]):
            return
    await forgetting.forget(db, client_id, receipt["before"])


async def _complete(db: Database, client_id: str, receipt: asyncpg.Record) -> None:
    async with db.transaction(Reach((client_id,))) as tx:
        counted = await store.count_due(tx, client_id, receipt["category"], _until(receipt), _COUNTING_MS)
        held = None if counted is None else counted[1]
        done = await store.complete(tx, client_id, receipt["receipt_id"], held)
        if done is None:
            return
        technical = {"category": done["category"], "calls": done["calls"], "held": held}
        said = msgspec.json.encode(technical).decode()
        await tx.execute(_EVENT, new_id(), client_id, str(done["receipt_id"]), said)


RUN: Final = Job("governance.retention", run)
