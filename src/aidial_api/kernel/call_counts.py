"""Counts of calls, kept as they come and go: for dashboards, which read sums and never count calls.

A trigger writes what a call changes into `call_count_changes`, in the call's own transaction; the worker
folds them into `call_counts` (a quarter, an hour, a day of UTC) and `call_counts_by_key` (outcome, agent).
Whoever reads sums both, so numbers are exact and current at once, folded or not, and two deliveries never
wait for one counter. The one thing a newcomer would get wrong: folding and recounting of one tenant exclude
one another by a lock, and a recount is one statement, because what it counts and what it throws away have
to be of one moment. Source: `docs/decisions/0036-call-counts.md`.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from aidial_api.kernel.jobs import Job
from aidial_api.kernel.reach import NOTHING, Reach

if TYPE_CHECKING:
    from aidial_api.kernel.db import Database
    from aidial_api.kernel.transaction import Tx

MEASURES: Final = (
    "calls", "live", "completed", "missed", "failed", "talk_seconds", "timed", "positive", "neutral", "upset",
    "bookings", "transfers", "follow_ups", "voice", "sms", "inbound",
)  # fmt: skip
"""What is summed of calls. `timed` are completed calls of known length, whose lengths are `talk_seconds`."""
Note = Callable[["Tx", int], Awaitable[None]]
FOLD_ROWS: Final = 5_000
RECOUNT_DAYS: Final = 7
DAY: Final = timedelta(days=1)

NAMES: Final = ", ".join(MEASURES)
SUMS: Final = ", ".join(f"sum(c.{name})::bigint AS {name}" for name in MEASURES)
_ADDED = ", ".join(f"{name} = held.{name} + excluded.{name}" for name in MEASURES)
NOT_FORGOTTEN: Final = (
    "NOT EXISTS (SELECT 1 FROM forgotten_counts f WHERE f.client_id = c.client_id"
    " AND c.quarter >= f.since AND c.quarter < f.until)"
)

# One tenant's counts are folded or recounted by one transaction at a time.
_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('call counts of ' || $1, 0))"
_TRY_LOCK = "SELECT pg_try_advisory_xact_lock(hashtextextended('call counts of ' || $1, 0))"
_WAITING = "SELECT client_id FROM call_count_changes GROUP BY client_id ORDER BY client_id"

# `c` are rows with a quarter, an outcome, an agent and the measures. Narrow cells are summed first, the
# wider ones of them. Sorted, so that rows are always locked in one order.
_BY_TIME = f"""
INSERT INTO call_counts AS held (client_id, project_id, minutes, starts_at, {NAMES})
SELECT c.client_id, c.project_id, w.minutes, date_bin(w.minutes * interval '1 minute', c.quarter,
       '1970-01-01 00:00+00'), {SUMS}
FROM (SELECT c.client_id, c.project_id, c.quarter, {SUMS} FROM c GROUP BY 1, 2, 3) c
     CROSS JOIN unnest(ARRAY[15, 60, 1440]) AS w (minutes)
GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
ON CONFLICT (client_id, project_id, minutes, starts_at) DO UPDATE SET {_ADDED}
"""
_BY_KEY = """
INSERT INTO call_counts_by_key AS held (client_id, project_id, kind, minutes, starts_at, key, label, calls)
SELECT c.client_id, c.project_id, c.kind, w.minutes, date_bin(w.minutes * interval '1 minute', c.hour,
       '1970-01-01 00:00+00'), c.key, max(c.label), sum(c.calls)
FROM (SELECT c.client_id, c.project_id, date_bin('1 hour', c.quarter, '1970-01-01 00:00+00') AS hour,
             k.kind, k.key, max(k.label) AS label, sum(c.calls) AS calls
      FROM c CROSS JOIN LATERAL (VALUES ('outcome', c.outcome, NULL), ('agent', c.agent_id, c.agent_name))
             AS k (kind, key, label)
      WHERE k.key IS NOT NULL GROUP BY 1, 2, 3, 4, 5) c
     CROSS JOIN unnest(ARRAY[60, 1440]) AS w (minutes)
GROUP BY 1, 2, 3, 4, 5, 6 HAVING sum(c.calls) <> 0 ORDER BY 1, 2, 3, 4, 5, 6
ON CONFLICT (client_id, project_id, kind, minutes, starts_at, key)
DO UPDATE SET calls = held.calls + excluded.calls, label = coalesce(excluded.label, held.label)
"""
_FOLD = f"""
WITH taken AS (
    DELETE FROM call_count_changes WHERE client_id = $1 AND change_id IN (
        SELECT change_id FROM call_count_changes WHERE client_id = $1 ORDER BY change_id LIMIT $2)
    RETURNING *
), c AS MATERIALIZED (SELECT * FROM taken c WHERE {NOT_FORGOTTEN}),
by_time AS ({_BY_TIME}),
by_key AS ({_BY_KEY})
SELECT count(*) FROM taken
"""
_FORGET_TIME = """
WITH gone AS (DELETE FROM call_counts WHERE client_id = $1 AND starts_at >= $2 AND starts_at < $3
              RETURNING minutes, calls)
SELECT coalesce(sum(calls) FILTER (WHERE minutes = 15), 0)::bigint FROM gone
"""
_FORGET_KEYS = "DELETE FROM call_counts_by_key WHERE client_id = $1 AND starts_at >= $2 AND starts_at < $3"
_RECOUNT = f"""
WITH waiting AS (
    DELETE FROM call_count_changes c WHERE c.client_id = $1 AND c.quarter >= $2 AND c.quarter < $3
    RETURNING calls, {NOT_FORGOTTEN} AS is_kept
), c AS MATERIALIZED (
    SELECT p.client_id, p.project_id, date_bin('15 minutes', c.started_at, '1970-01-01 00:00+00') AS quarter,
           c.outcome, c.agent_id, c.agent_name, {", ".join(f"c.{name}" for name in MEASURES)}
    FROM projects p CROSS JOIN LATERAL call_facts(p.client_id, p.project_id, $2, $3) c
    WHERE p.client_id = $1
),
by_time AS ({_BY_TIME}),
by_key AS ({_BY_KEY})
SELECT (SELECT coalesce(sum(calls) FILTER (WHERE is_kept), 0) FROM waiting)::bigint AS waiting,
       (SELECT coalesce(sum(calls), 0) FROM c)::bigint AS counted
"""
_SPAN = """
SELECT min(p.first) AS first, max(p.last) AS last FROM (
    SELECT (SELECT min(started_at) FROM calls WHERE client_id = $1 AND project_id = mine.project_id) AS first,
           (SELECT max(started_at) FROM calls WHERE client_id = $1 AND project_id = mine.project_id) AS last
    FROM projects mine WHERE mine.client_id = $1
    UNION ALL SELECT min(starts_at), max(starts_at) FROM call_counts WHERE client_id = $1
    UNION ALL SELECT min(quarter), max(quarter) FROM call_count_changes WHERE client_id = $1) p
"""


@dataclass(frozen=True, slots=True)
class Recounted:
    """A part that was recounted: whole days of UTC, and how many calls were counted before and are now."""

    since: datetime
    until: datetime
    calls_before: int
    calls: int


async def fold(db: Database) -> None:
    """Fold what waits, of every tenant: each in transactions of its own, under its own reach."""
    async with db.transaction(NOTHING, read_only=True) as tx:
        waiting = [row["client_id"] for row in await tx.fetch(_WAITING)]
    for client_id in waiting:
        while await _fold_some(db, client_id) == FOLD_ROWS:
            pass


async def _fold_some(db: Database, client_id: str) -> int:
    async with db.transaction(Reach((client_id,))) as tx:
        if not await tx.fetchval(_TRY_LOCK, client_id):
            return 0  # somebody folds or recounts it just now
        folded: int = await tx.fetchval(_FOLD, client_id, FOLD_ROWS)
        return folded


FOLD: Final = Job("analytics.fold", fold, cron="* * * * * */10")


async def recount(tx: Tx, client_id: str, since: datetime, until: datetime) -> Recounted:
    """Count a tenant's calls of some whole days of UTC anew; exact while calls come in.

    The transaction's reach has to hold the tenant. Nothing folds meanwhile: keep it short.
    """
    await tx.execute(_LOCK, client_id)
    before: int = await tx.fetchval(_FORGET_TIME, client_id, since, until)
    await tx.execute(_FORGET_KEYS, client_id, since, until)
    row = await tx.fetchrow(_RECOUNT, client_id, since, until)
    if row is None:
        raise RuntimeError("a count without a row")
    return Recounted(since, until, before + row["waiting"], row["counted"])


async def counted_parts(tx: Tx, client_id: str) -> Sequence[tuple[datetime, datetime]]:
    """Every day of UTC that may have calls or counts of a tenant, in parts for `recount`."""
    row = await tx.fetchrow(_SPAN, client_id)
    return [] if row is None or row["first"] is None else parts(row["first"], row["last"])


def parts(first: datetime, last: datetime, days: int = RECOUNT_DAYS) -> Sequence[tuple[datetime, datetime]]:
    """Whole days of UTC that hold both times, at most `days` a part."""
    since, end = _day(first), _day(last) + DAY
    found = []
    while since < end:
        until = min(since + days * DAY, end)
        found.append((since, until))
        since = until
    return found


def _day(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


_FORGOTTEN_BEFORE = """
DELETE FROM forgotten_counts WHERE client_id = $1 AND since <= $3 AND until >= $2 RETURNING since, until
"""
_DAYS_WITHIN = """
SELECT min(starts_at) AS first, max(starts_at) AS last FROM (
    SELECT starts_at FROM call_counts
    WHERE client_id = $1 AND minutes = 1440
      AND starts_at > $2::timestamptz - interval '1 day' AND starts_at < $3
    UNION ALL SELECT quarter FROM call_count_changes
    WHERE client_id = $1 AND quarter >= $2 AND quarter < $3) d
"""


async def forget(
    db: Database, client_id: str, since: datetime, until: datetime, note: Note | None = None
) -> AsyncGenerator[int, None]:
    """Delete the numbers of a period, for good: calls of it are counted no more, old ones or new ones.

    Gives the number of calls that were forgotten, day by day (of UTC, a transaction each); `note` is told of
    it in that transaction, so that whoever keeps a receipt counts each day once. A retention job calls it
    again with a later `until`: what is forgotten already costs nothing. Raises ValueError unless both ends
    are aware, in order, and on a quarter of an hour (every midnight is one).
    """
    if since >= until or any(end.timestamp() % 900 for end in (since, until)):
        raise ValueError("not a period of whole quarters of an hour")
    while await _fold_some(db, client_id) == FOLD_ROWS:
        pass
    async with db.transaction(Reach((client_id,))) as tx:
        await tx.execute(_LOCK, client_id)
        known = await tx.fetch(_FORGOTTEN_BEFORE, client_id, since, until)
        await tx.execute(
            "INSERT INTO forgotten_counts (client_id, since, until) VALUES ($1, $2, $3)",
            client_id,
            min([since, *(row["since"] for row in known)]),
            max([until, *(row["until"] for row in known)]),
        )
    async with db.transaction(Reach((client_id,)), read_only=True) as tx:
        found = await tx.fetchrow(_DAYS_WITHIN, client_id, since, until)
    if found is None or found["first"] is None:
        return
    # A day at a time: the worker's statements may take a few seconds, however busy the tenant was.
    for first, last in parts(found["first"], found["last"], days=1):
        async with db.transaction(Reach((client_id,))) as tx:
            part = await recount(tx, client_id, first, last)
            if note is not None:
                await note(tx, part.calls_before - part.calls)
        yield part.calls_before - part.calls
