"""Retention: once a day, in batches, what is older than a client's policy goes, and a receipt says so.

The one thing a newcomer would get wrong: a run that was killed is run again with the same `run_id`. Its
receipts hold the moment before which data goes and how far it came, so it goes on instead of beginning anew;
and a run that belongs to an older version of the policy ends, because the save asked for one of its own.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

from aidial_api.kernel import call_counts, client_settings
from aidial_api.kernel.governance import policy_of
from aidial_api.kernel.holds import lock_holds
from aidial_api.kernel.jobs import Job, enqueue
from aidial_api.kernel.reach import Reach
from aidial_api.kernel.recordings import delete_recordings
from aidial_api.surfaces.governance import store
from aidial_contract.ids import new_id
from aidial_contract.shapes.governance import CATEGORIES, SECTION

if TYPE_CHECKING:
    import asyncpg

    from aidial_api.kernel.db import Database
    from aidial_api.kernel.transaction import Tx

BATCH_CALLS: Final = 500
EVERY: Final = timedelta(days=1)
BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST: Final = (datetime(1, 1, 2, tzinfo=UTC), "00000000-0000-0000-0000-000000000000")
_COUNTING_MS: Final = 60_000

_EVENT: Final = """
INSERT INTO audit_events (event_id, client_id, actor_kind, actor_label, action, target_kind, target_id,
                          technical)
VALUES ($1, $2, 'system', 'retention', 'governance.retention.completed', 'retention_receipt', $3, $4)
"""


def before_of(category: str, moment: datetime) -> datetime:
    """The moment before which data of a category goes: numbers go by whole days of UTC."""
    if category != "analytics":
        return moment
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


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
            await _WAYS[receipt["category"]](db, client_id, receipt)
            await _complete(db, client_id, receipt)


async def _is_policy(tx: Tx, client_id: str, version: int) -> bool:
    """Whether the policy is still the one a run was asked for; under another it deletes no more, but ends."""
    return await client_settings.current_version(tx, client_id, SECTION) == version


async def _open(tx: Tx, client_id: str, version: int, run_id: str) -> Sequence[asyncpg.Record]:
    """A receipt for each category that is not kept for ever; none, and no other run, when all are."""
    policy = await policy_of(tx, client_id)
    kept = {one: getattr(policy, f"{one}_days") for one in CATEGORIES}
    receipts = [
        await store.open_receipt(tx, (client_id, new_id(), run_id, category, version, days))
        for category, days in kept.items()
        if days is not None
    ]
    if receipts:
        await ask_for(tx, client_id, version, at=receipts[0]["started_at"] + EVERY)
    return receipts


Taker = Callable[["Tx", str, datetime, tuple[datetime, str]], Awaitable["Sequence[asyncpg.Record]"]]


def _in_batches(take: Taker) -> Callable[[Database, str, asyncpg.Record], Awaitable[None]]:
    """Batch after batch, each in a transaction with its line of the receipt, past what is held."""

    async def way(db: Database, client_id: str, receipt: asyncpg.Record) -> None:
        after = _FIRST
        while True:
            async with db.transaction(Reach((client_id,))) as tx:
                await lock_holds(tx, client_id)
                if not await _is_policy(tx, client_id, receipt["policy_version"]):
                    return
                rows = await take(tx, client_id, receipt["before"], after)
                if not rows:
                    return
                ids = b"".join(UUID(str(row["call_id"])).bytes for row in rows)
                await store.note_batch(tx, client_id, receipt["receipt_id"], len(rows), ids)
            after = (rows[-1]["started_at"], str(rows[-1]["call_id"]))

    return way


async def _take_transcripts(
    tx: Tx, client_id: str, before: datetime, after: tuple[datetime, str]
) -> Sequence[asyncpg.Record]:
    return await store.take_transcripts(tx, client_id, before, after, BATCH_CALLS)


async def _take_recordings(
    tx: Tx, client_id: str, before: datetime, after: tuple[datetime, str]
) -> Sequence[asyncpg.Record]:
    """Mark them in the batch; the recordings' own job deletes the files."""
    rows = await store.due_recordings(tx, client_id, before, after, BATCH_CALLS)
    await delete_recordings(tx, client_id, [str(row["call_id"]) for row in rows])
    return rows


async def _forget_numbers(db: Database, client_id: str, receipt: asyncpg.Record) -> None:
    """The numbers of every day that is due and in which nothing is held."""
    async with db.transaction(Reach((client_id,))) as tx:
        await lock_holds(tx, client_id)
        if not await _is_policy(tx, client_id, receipt["policy_version"]):
            return
        held = await store.holds_in_force(tx, client_id)
    until = before_of("analytics", receipt["before"])
    for since, end in free_spans(BEGINNING, until, [(row["since"], row["until"]) for row in held]):
        async for calls in call_counts.forget(db, client_id, since, end):
            if calls == 0:
                continue
            async with db.transaction(Reach((client_id,))) as tx:
                part = calls.to_bytes(8, "big")
                await store.note_batch(tx, client_id, receipt["receipt_id"], calls, part)


def free_spans(
    since: datetime, until: datetime, held: Sequence[tuple[datetime | None, datetime | None]]
) -> Iterator[tuple[datetime, datetime]]:
    """What is left of a span without the days of UTC that anything held touches; no ends hold everything."""
    if any(first is None or last is None for first, last in held):
        return
    days = sorted(
        (before_of("analytics", first), before_of("analytics", last) + EVERY)
        for first, last in held
        if first is not None and last is not None
    )
    at = since
    for first, last in days:
        if at < min(first, until):
            yield at, min(first, until)
        at = max(at, last)
    if at < until:
        yield at, until


async def _complete(db: Database, client_id: str, receipt: asyncpg.Record) -> None:
    async with db.transaction(Reach((client_id,))) as tx:
        counted = await store.count_due(tx, client_id, receipt["category"], receipt["before"], _COUNTING_MS)
        held = 0 if counted is None else counted[1]
        done = await store.complete(tx, client_id, receipt["receipt_id"], held)
        if done is None:
            return
        technical = f'{{"category": "{done["category"]}", "calls": {done["calls"]}, "held": {held}}}'
        await tx.execute(_EVENT, new_id(), client_id, str(done["receipt_id"]), technical)


_WAYS: Final = {
    "transcripts": _in_batches(_take_transcripts),
    "recordings": _in_batches(_take_recordings),
    "analytics": _forget_numbers,
}
RUN: Final = Job("governance.retention", run)
