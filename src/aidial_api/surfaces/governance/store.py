"""Policies' receipts and legal holds in the database, and what retention finds and takes away.

The one thing a newcomer would get wrong: whether a hold covers a call is part of the statement that deletes,
and the lock before it makes a hold that is being placed at the same time be seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import asyncpg

from aidial_api.kernel import erasing
from aidial_api.kernel.transaction import Tx
from aidial_api.kernel.whole_clients import projects_of, whole
from aidial_contract.scope import Reach

_CLIENT: Final = f"""
SELECT c.client_id FROM clients c
WHERE c.client_id = $1 AND c.client_id = any($2::text[]) AND c.lifecycle <> 'archived'
    AND ($3 OR {whole("c.client_id", "$4")})
"""
_COUNTED_NUMBERS: Final = """
SELECT ARRAY[coalesce(sum(n.calls) FILTER (WHERE NOT n.held), 0)::bigint,
             coalesce(sum(n.calls) FILTER (WHERE n.held), 0)::bigint]
FROM (
    SELECT d.calls, EXISTS (
        SELECT FROM legal_holds h LEFT JOIN calls c ON c.client_id = h.client_id AND c.call_id = h.call_id
        WHERE h.client_id = $1 AND h.released_at IS NULL
            AND (h.kind = 'tenant' OR (coalesce(h.starts_at, c.started_at) < d.day + interval '1 day'
                                       AND coalesce(h.ends_at, c.started_at) >= d.day))) AS held
    FROM (
        SELECT t.starts_at AS day, t.calls FROM call_counts t
        WHERE t.client_id = $1 AND t.minutes = 1440 AND t.starts_at < $2
        UNION ALL SELECT date_trunc('day', w.quarter, 'UTC'), w.calls FROM call_count_changes w
        WHERE w.client_id = $1 AND w.quarter < $2 AND NOT EXISTS (
            SELECT FROM forgotten_counts f
            WHERE f.client_id = w.client_id AND w.quarter >= f.since AND w.quarter < f.until)
    ) d
) n
"""
_HOLD: Final = """
h.client_id, h.hold_id, h.kind, h.call_id, h.starts_at, h.ends_at, h.reason, h.placed_by, h.placed_at,
h.released_by, h.released_at
"""
_RECEIPT: Final = """
r.receipt_id, r.run_id, r.category, r.policy_version, r.days, r.before, r.calls, r.held, r.manifest,
r.started_at, r.completed_at
"""
_FOUND: Final = f"""({whole("h.client_id", "$2")} OR EXISTS (
    SELECT FROM calls c WHERE c.client_id = h.client_id AND c.call_id = h.call_id
        AND c.project_id = any($2::uuid[])))"""
"""A hold of a call is found by who reaches its project; any other by who reaches the whole client."""
_FIND_HOLD: Final = f"""
SELECT {_HOLD} FROM legal_holds h JOIN clients c ON c.client_id = h.client_id AND c.lifecycle <> 'archived'
WHERE h.hold_id = $1 AND h.client_id = any($3::text[]) AND {_FOUND}
"""
_LIST_HOLDS: Final = f"""
SELECT {_HOLD} FROM legal_holds h
WHERE h.client_id = $1 AND {_FOUND} AND ($3::timestamptz IS NULL OR (h.placed_at, h.hold_id) < ($3, $4::uuid))
ORDER BY h.placed_at DESC, h.hold_id DESC LIMIT $5
"""
_PLACE: Final = f"""
INSERT INTO legal_holds AS h (client_id, hold_id, kind, call_id, starts_at, ends_at, reason, placed_by)
SELECT $1, $2, $3, $4, $5::text::date::timestamp AT TIME ZONE c.timezone,
       ($6::text::date + 1)::timestamp AT TIME ZONE c.timezone, $7, $8
FROM clients c WHERE c.client_id = $1 RETURNING {_HOLD}
"""


async def find_client(tx: Tx, reach: Reach, client_id: str, *, in_part: bool) -> asyncpg.Record | None:
    """A client in reach that is not archived; with all its projects, unless some of them will do."""
    return await tx.fetchrow(_CLIENT, client_id, list(reach.client_ids), in_part, projects_of(reach))


async def count_due(
    tx: Tx, client_id: str, category: str, before: datetime, timeout_ms: int
) -> tuple[int, int] | None:
    """How many calls' data would go, and how many are held; None when counting takes too long."""
    if category != "analytics":
        return await erasing.count_due(tx, client_id, category, erasing.LONG_AGO, before, timeout_ms)
    counts = await tx.fetchval_within(timeout_ms, _COUNTED_NUMBERS, client_id, before)
    return None if counts is None else (counts[0], counts[1])


async def has_call(tx: Tx, reach: Reach, client_id: str, call_id: str) -> bool:
    """Whether a call of the client is there, in a project in reach."""
    found = await tx.fetchval(
        "SELECT 1 FROM calls WHERE client_id = $1 AND call_id = $2 AND ($3 OR project_id = any($4::uuid[]))",
        client_id,
        call_id,
        reach.every_project,
        [project.project_id for project in reach.projects],
    )
    return found is not None


async def place_hold(tx: Tx, values: tuple[Any, ...]) -> asyncpg.Record:
    """Keep a hold: client, id, kind, call, first and last day (in the tenant's zone), reason, by whom."""
    row = await tx.fetchrow(_PLACE, *values)
    if row is None:
        raise RuntimeError("a hold that was inserted came back empty")
    return row


async def find_hold(tx: Tx, reach: Reach, hold_id: str) -> asyncpg.Record | None:
    """A hold in reach, of a client that is not archived."""
    return await tx.fetchrow(_FIND_HOLD, hold_id, projects_of(reach), list(reach.client_ids))


async def release_hold(tx: Tx, client_id: str, hold_id: str, by: str) -> asyncpg.Record | None:
    """Release an active hold; None when it is released already."""
    return await tx.fetchrow(
        "UPDATE legal_holds h SET released_at = now(), released_by = $3"
        f" WHERE client_id = $1 AND hold_id = $2 AND released_at IS NULL RETURNING {_HOLD}",
        client_id,
        hold_id,
        by,
    )


async def list_holds(
    tx: Tx, reach: Reach, client_id: str, after: tuple[datetime, str] | None, most: int
) -> Sequence[asyncpg.Record]:
    """At most `most` holds of a client that are in reach, newest first, after a time and id."""
    return await tx.fetch(_LIST_HOLDS, client_id, projects_of(reach), *(after or (None, None)), most)


async def list_receipts(
    tx: Tx, client_id: str, after: tuple[datetime, str] | None, most: int
) -> Sequence[asyncpg.Record]:
    """At most `most` receipts, newest first, after a time and id."""
    return await tx.fetch(
        f"SELECT {_RECEIPT} FROM retention_receipts r WHERE r.client_id = $1"
        " AND ($2::timestamptz IS NULL OR (r.started_at, r.receipt_id) < ($2, $3::uuid))"
        " ORDER BY r.started_at DESC, r.receipt_id DESC LIMIT $4",
        client_id,
        *(after or (None, None)),
        most,
    )


async def receipts_of(tx: Tx, client_id: str, run_id: str) -> Sequence[asyncpg.Record]:
    """The receipts a run opened when it began."""
    return await tx.fetch(
        f"SELECT {_RECEIPT} FROM retention_receipts r WHERE client_id = $1 AND run_id = $2"
        " ORDER BY receipt_id",
        client_id,
        run_id,
    )


async def moment(tx: Tx) -> datetime:
    """When the transaction began, as everything it writes says."""
    at: datetime = await tx.fetchval("SELECT now()")
    return at


async def open_receipt(tx: Tx, values: tuple[Any, ...]) -> asyncpg.Record:
    """Begin the receipt of a run's category: client, new id, run, category, version, days, before when."""
    row = await tx.fetchrow(
        "INSERT INTO retention_receipts AS r (client_id, receipt_id, run_id, category, policy_version, days,"
        " before, manifest) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
        f" RETURNING {_RECEIPT}",
        *values,
        bytes(32),
    )
    if row is None:
        raise RuntimeError("a receipt that was inserted came back empty")
    return row


async def note_batch(tx: Tx, client_id: str, receipt_id: str, calls: int, batch: bytes) -> None:
    """Add a batch to its receipt: how many, and the hash of all so far with the ids of this one."""
    await tx.execute(
        "UPDATE retention_receipts SET calls = calls + $3, manifest = sha256(manifest || $4)"
        " WHERE client_id = $1 AND receipt_id = $2",
        client_id,
        receipt_id,
        calls,
        batch,
    )


async def complete(tx: Tx, client_id: str, receipt_id: str, held: int | None) -> asyncpg.Record | None:
    """Close a receipt, with what is held where that could be counted; None when it was closed before."""
    return await tx.fetchrow(
        "UPDATE retention_receipts r SET completed_at = now(), held = $3"
        f" WHERE client_id = $1 AND receipt_id = $2 AND completed_at IS NULL RETURNING {_RECEIPT}",
        client_id,
        receipt_id,
        held,
    )
