"""Deleting what was approved: a job of the worker.

The one thing a newcomer would get wrong: a run that was killed is run again. Its receipts hold the span and
how far it came; what is deleted is not found again, so it goes on instead of beginning anew. One that failed
every time is `failed`, and goes on in the same way once somebody has its job run again.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import msgspec

from aidial_api.kernel import client_settings, erasing
from aidial_api.kernel.clock import utc_now
from aidial_api.kernel.erasing import BEGINNING, EMPTY_MANIFEST, Erasing
from aidial_api.kernel.jobs import Job, enqueue
from aidial_api.kernel.reach import Reach
from aidial_api.surfaces.deletions import store
from aidial_contract.ids import new_id
from aidial_contract.shapes.governance import SECTION

if TYPE_CHECKING:
    import asyncpg

    from aidial_api.kernel.db import Database
    from aidial_api.kernel.transaction import Tx

EXECUTE_JOB: Final = "deletions.execute"
UNFINISHED: Final = frozenset({"approved", "executing", "failed"})
QUARTER_S: Final = 900
_COUNTING_MS: Final = 4_000
_LAST_COUNTING_MS: Final = 60_000
"""What is held after a deletion stands in its receipt for good."""


async def ask_for(tx: Tx, client_id: str, request_id: str) -> None:
    """Have a request executed, provided that this transaction commits."""
    await enqueue(tx, EXECUTE_JOB, {"client_id": client_id, "request_id": request_id}, at=utc_now())


async def execute(db: Database, *, client_id: str, request_id: str) -> None:
    """Delete what an approved request asks for, as far as nothing holds it, and write receipts."""
    async with db.transaction(Reach((client_id,))) as tx:
        row = await store.locked(tx, client_id, request_id)
        if row is None or row["state"] not in UNFINISHED:
            return
        receipts = (await store.steps_and_receipts(tx, [row]))[1]
        if row["state"] == "failed":
            await store.move(tx, (client_id, request_id), "executing", ("failed",), (utc_now(), None, None))
        if not receipts:
            receipts = await _begin(tx, row)
    for receipt in receipts:
        if receipt["completed_at"] is None:
            await _delete(db, receipt)
    async with db.transaction(Reach((client_id,))) as tx:
        await _complete(tx, client_id, request_id)


async def give_up(db: Database, *, client_id: str, request_id: str) -> None:
    """Say of a request that it could not be finished; its receipts stay as far as they came."""
    place = client_id, request_id
    async with db.transaction(Reach((client_id,))) as tx:
        row = await store.move(tx, place, "failed", ("approved", "executing"), (utc_now(), None, None))
        if row is None:
            return
        receipts = (await store.steps_and_receipts(tx, [row]))[1]
        await _tell(
            tx, place, action="deletions.request.failed", technical=_summed(receipts), outcome="failed"
        )


async def _begin(tx: Tx, row: asyncpg.Record) -> list[asyncpg.Record]:
    """The receipts, open; what begins after this moment is not deleted."""
    client_id, now = row["client_id"], utc_now()
    place = client_id, str(row["request_id"])
    await store.move(tx, place, "executing", ("approved",), (now, None, None))
    version = await client_settings.current_version(tx, client_id, SECTION)
    receipts = []
    for category in row["categories"]:
        since, until = span(category, row["starts_at"], row["ends_at"], now)
        counted = await _counted(tx, client_id, category, since, until)
        expected = None if counted is None else counted[0]
        values = (client_id, new_id(), place[1], category, version, since, until, expected, EMPTY_MANIFEST)
        receipts.append(await store.open_receipt(tx, values))
    said = {"categories": row["categories"], "policy_version": version}
    await _tell(tx, place, action="deletions.request.begun", technical=said)
    return receipts


def span(
    category: str, starts_at: datetime | None, ends_at: datetime | None, now: datetime
) -> tuple[datetime, datetime]:
    """From when to before when: up to now, and of numbers whole quarters of an hour inside."""
    since, until = starts_at or BEGINNING, min(ends_at or now, now)
    if category == "analytics":
        since = datetime.fromtimestamp(-(-since.timestamp() // QUARTER_S) * QUARTER_S, now.tzinfo)
        until = datetime.fromtimestamp(until.timestamp() // QUARTER_S * QUARTER_S, now.tzinfo)
    return since, max(since, until)


async def _counted(
    tx: Tx, client_id: str, category: str, since: datetime, until: datetime, most_ms: int = _COUNTING_MS
) -> tuple[int, int] | None:
    """How many calls' data is there to delete and how many are held; of numbers all that are left."""
    if category != "analytics":
        return await erasing.count_due(tx, client_id, category, since, until, most_ms)
    left = await erasing.count_numbers(tx, client_id, since, until, most_ms)
    return None if left is None else (left, left)


async def _delete(db: Database, receipt: asyncpg.Record) -> None:
    client_id, receipt_id, category = receipt["client_id"], str(receipt["receipt_id"]), receipt["category"]

    async def note(tx: Tx, calls: int, batch: bytes) -> None:
        await store.note_batch(tx, client_id, receipt_id, calls, batch)

    async def always(_: Tx) -> bool:
        return True

    since, until = receipt["since"], receipt["until"]
    if since < until:
        await Erasing(client_id, since, until, always, note, "request").run(db, category)
    async with db.transaction(Reach((client_id,))) as tx:
        counted = await _counted(tx, client_id, category, since, until, _LAST_COUNTING_MS)
        await store.close_receipt(tx, client_id, receipt_id, None if counted is None else counted[1])


async def _complete(tx: Tx, client_id: str, request_id: str) -> None:
    place = client_id, request_id
    row = await store.move(tx, place, "completed", ("executing",), (utc_now(), None, None))
    if row is None:
        return
    receipts = (await store.steps_and_receipts(tx, [row]))[1]
    await _tell(tx, place, action="deletions.request.completed", technical=_summed(receipts))


def _summed(receipts: Sequence[asyncpg.Record]) -> dict[str, Any]:
    return {
        one["category"]: {
            "calls": one["calls"],
            "held": one["held"],
            "manifest_sha256": one["manifest"].hex(),
        }
        for one in receipts
    }


async def _tell(
    tx: Tx, place: tuple[str, str], *, action: str, technical: dict[str, Any], outcome: str = "done"
) -> None:
    client_id, request_id = place
    said = msgspec.json.encode(technical).decode()
    await store.tell(tx, (new_id(), client_id, action, request_id, outcome, said))


EXECUTE: Final = Job(EXECUTE_JOB, execute, given_up=give_up)
