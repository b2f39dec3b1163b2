"""Deleting what calls left, in batches and past legal holds: for retention, and for approved requests.

The one thing a newcomer would get wrong: whether a hold covers a call is part of the statement that deletes,
and the lock before it makes a hold that is being placed at the same time be seen.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

from aidial_api.kernel import call_counts, monthly_reports
from aidial_api.kernel.holds import HELD, HELD_SPANS, lock_holds
from aidial_api.kernel.reach import Reach
from aidial_api.kernel.recordings import delete_recordings

if TYPE_CHECKING:
    import asyncpg

    from aidial_api.kernel.db import Database
    from aidial_api.kernel.transaction import Tx
    from aidial_contract.shapes.calls import DeletedFor

BATCH_CALLS: Final = 500
DAY: Final = timedelta(days=1)
LONG_AGO: Final = datetime(1, 1, 2, tzinfo=UTC)
BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)
FIRST_ID: Final = "00000000-0000-0000-0000-000000000000"
EMPTY_MANIFEST: Final = bytes(32)

DUE: Final = {
    "transcripts": (
        "c.client_id = $1 AND c.started_at < $2"
        " AND c.transcript_state IN ('available', 'hidden', 'truncated', 'incomplete')"
        # A live one whose turns outgrew it is added to, and would come back in part.
        " AND c.status <> 'live'"
    ),
    "recordings": (
        "c.client_id = $1 AND c.started_at < $2 AND EXISTS (SELECT FROM recordings r"
        " WHERE r.client_id = c.client_id AND r.call_id = c.call_id AND r.state = 'stored')"
    ),
}
"""The calls whose data of a category is older than a moment, and still there."""
_COUNTS: Final = {
    category: f"""
    SELECT ARRAY[count(*) FILTER (WHERE NOT d.held), count(*) FILTER (WHERE d.held)]
    FROM (SELECT {HELD} AS held FROM calls c WHERE {due} AND c.started_at >= $3) d
    """
    for category, due in DUE.items()
}
_TRANSCRIPTS: Final = f"""
WITH due AS (
    SELECT c.call_id, c.started_at FROM calls c
    WHERE {DUE["transcripts"]} AND NOT {HELD} AND (c.started_at, c.call_id) > ($3, $4::uuid)
    ORDER BY c.started_at, c.call_id LIMIT $5 FOR UPDATE OF c
), emptied AS (
    UPDATE transcripts t SET turns = '[]', raw = NULL, deleted_for = $6 FROM due
    WHERE t.client_id = $1 AND t.call_id = due.call_id
), told AS (
    UPDATE calls c SET transcript_state = 'retention_expired', entities = NULL, version = version + 1,
        updated_at = now()
    FROM due WHERE c.client_id = $1 AND c.call_id = due.call_id
)
SELECT call_id, started_at FROM due ORDER BY started_at, call_id
"""
_RECORDINGS: Final = f"""
SELECT c.call_id, c.started_at FROM calls c
WHERE {DUE["recordings"]} AND NOT {HELD} AND (c.started_at, c.call_id) > ($3, $4::uuid)
ORDER BY c.started_at, c.call_id LIMIT $5 FOR UPDATE OF c
"""
_NUMBERS: Final = """
SELECT coalesce(sum(n.calls), 0)::bigint FROM (
    SELECT t.calls FROM call_counts t
    WHERE t.client_id = $1 AND t.minutes = 15 AND t.starts_at >= $3 AND t.starts_at < $2
    UNION ALL SELECT w.calls FROM call_count_changes w
    WHERE w.client_id = $1 AND w.quarter >= $3 AND w.quarter < $2 AND NOT EXISTS (
        SELECT FROM forgotten_counts f
        WHERE f.client_id = w.client_id AND w.quarter >= f.since AND w.quarter < f.until)) n
"""


@dataclass(frozen=True, slots=True)
class Erasing:
    """One deletion of a client: of calls that began from `since` to before `until`.

    `may_go_on` is asked in the transaction of every batch; `note` writes a batch down in it: how many calls,
    and the bytes that stand for them. `reason` stays with every transcript whose words go. `ages`: the span
    grows day by day, so a month's report goes once all of its month is in it.
    """

    client_id: str
    since: datetime
    until: datetime
    may_go_on: Callable[[Tx], Awaitable[bool]]
    note: Callable[[Tx, int, bytes], Awaitable[None]]
    reason: DeletedFor
    ages: bool = False

    async def run(self, db: Database, category: str) -> None:
        """Delete one category, as far as nothing holds it."""
        if category == "analytics":
            await self._forget_numbers(db)
        else:
            await self._in_batches(db, category)

    async def _in_batches(self, db: Database, category: str) -> None:
        """Batch after batch, each in a transaction with its note, past what is held."""
        after = (self.since, FIRST_ID)
        while True:
            async with db.transaction(Reach((self.client_id,))) as tx:
                await lock_holds(tx, self.client_id)
                if not await self.may_go_on(tx):
                    return
                rows = await take(tx, category, self.client_id, self.until, after, self.reason)
                if not rows:
                    return
                ids = b"".join(UUID(str(row["call_id"])).bytes for row in rows)
                await self.note(tx, len(rows), ids)
            after = (rows[-1]["started_at"], str(rows[-1]["call_id"]))

    async def _forget_numbers(self, db: Database) -> None:
        """The numbers of every day in which nothing is held."""
        async with db.transaction(Reach((self.client_id,))) as tx:
            await lock_holds(tx, self.client_id)
            if not await self.may_go_on(tx):
                return
            held = await tx.fetch(HELD_SPANS, self.client_id)
        spans = free_spans(self.since, self.until, [(row["since"], row["until"]) for row in held])

        async def noted(tx: Tx, calls: int) -> None:
            if calls > 0:
                await self.note(tx, calls, calls.to_bytes(8, "big"))

        for since, end in spans:
            async for _ in call_counts.forget(db, self.client_id, since, end, noted):
                pass
            async with db.transaction(Reach((self.client_id,))) as tx:
                await lock_holds(tx, self.client_id)
                await monthly_reports.erase(tx, self.client_id, since, end, aged=self.ages)


async def take(
    tx: Tx, category: str, client_id: str, until: datetime, after: tuple[datetime, str], reason: DeletedFor
) -> Sequence[asyncpg.Record]:
    """Delete the data of the next calls that began before `until`, after a time and id; gives the calls."""
    if category == "transcripts":
        return await tx.fetch(_TRANSCRIPTS, client_id, until, *after, BATCH_CALLS, reason)
    rows = await tx.fetch(_RECORDINGS, client_id, until, *after, BATCH_CALLS)
    # They are marked in the batch; the recordings' own job deletes the files.
    await delete_recordings(tx, client_id, [str(row["call_id"]) for row in rows])
    return rows


async def count_due(
    tx: Tx, client_id: str, category: str, since: datetime, until: datetime, timeout_ms: int
) -> tuple[int, int] | None:
    """How many calls' data would go, and how many are held; None when counting takes too long."""
    counts = await tx.fetchval_within(timeout_ms, _COUNTS[category], client_id, until, since)
    return None if counts is None else (counts[0], counts[1])


async def count_numbers(
    tx: Tx, client_id: str, since: datetime, until: datetime, timeout_ms: int
) -> int | None:
    """How many calls are counted in whole quarters of an hour; None when that takes too long."""
    found: int | None = await tx.fetchval_within(timeout_ms, _NUMBERS, client_id, until, since)
    return found


def day_of(moment: datetime) -> datetime:
    """The midnight of UTC before a moment."""
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def free_spans(
    since: datetime, until: datetime, held: Sequence[tuple[datetime | None, datetime | None]]
) -> Iterator[tuple[datetime, datetime]]:
    """What is left of a span without the days of UTC that anything held touches; no ends hold everything."""
    if any(first is None or last is None for first, last in held):
        return
    days = sorted(
        (day_of(first), day_of(last) + DAY) for first, last in held if first is not None and last is not None
    )
    at = since
    for first, last in days:
        if at < min(first, until):
            yield at, min(first, until)
        at = max(at, last)
    if at < until:
        yield at, until
