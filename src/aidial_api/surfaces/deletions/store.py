"""Requests to delete data in the database: every statement that reads or writes one.

The one thing a newcomer would get wrong: a state changes only from the states that the statement names, and
every change is a step of the request's history in the same statement. And a request is a whole client's: who
reaches some of its projects only reaches none of its requests.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import asyncpg

from aidial_api.kernel.transaction import Tx
from aidial_api.kernel.whole_clients import projects_of, whole
from aidial_contract.scope import Reach


def _found(projects: str) -> str:
    """A client that is not archived, every project of which is among those given."""
    return f"c.lifecycle <> 'archived' AND {whole('c.client_id', projects)}"


_COLUMNS: Final = """
d.client_id, d.request_id, d.state, d.categories, d.asked_since, d.asked_until, d.starts_at, d.ends_at,
d.justification, d.requested_by, d.requested_by_name, d.requested_at, d.version
"""
_CLIENT: Final = f"""
SELECT c.client_id, c.timezone FROM clients c
WHERE c.client_id = $1 AND c.client_id = any($2::text[]) AND {_found("$3")}
"""
_OF_CLIENTS: Final = f"""
SELECT c.client_id FROM clients c
WHERE c.client_id = any($1::text[]) AND {_found("$2")} ORDER BY c.client_id
"""
_ADD: Final = f"""
WITH added AS (
    INSERT INTO data_deletions AS d (client_id, request_id, categories, asked_since, asked_until, starts_at,
                                     ends_at, justification, requested_by, requested_by_name, requested_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) RETURNING {_COLUMNS}
), step AS (
    INSERT INTO data_deletion_steps (client_id, request_id, number, state, at, by_name)
    SELECT client_id, request_id, 1, state, requested_at, requested_by_name FROM added
)
SELECT {_COLUMNS} FROM added d
"""
_FIND: Final = f"""
SELECT {_COLUMNS} FROM data_deletions d
JOIN clients c ON c.client_id = d.client_id AND {_found("$4")}
WHERE d.client_id = any($1::text[]) AND d.request_id = $2 AND ($3::uuid IS NULL OR d.requested_by <> $3)
"""
_PAGE: Final = f"""
SELECT {_COLUMNS} FROM unnest($1::text[]) AS mine (client_id) CROSS JOIN LATERAL (
    SELECT {_COLUMNS} FROM data_deletions d
    WHERE d.client_id = mine.client_id AND ($2::text[] IS NULL OR d.state = any($2))
        AND ($3::timestamptz IS NULL OR (d.requested_at, d.request_id) < ($3, $4::uuid))
    ORDER BY d.requested_at DESC, d.request_id DESC LIMIT $5) d
ORDER BY d.requested_at DESC, d.request_id DESC LIMIT $5
"""
_STEPS: Final = """
SELECT request_id, state, at, by_name, note FROM data_deletion_steps
WHERE client_id = any($1::text[]) AND request_id = any($2::uuid[]) ORDER BY request_id, number
"""
_RECEIPT: Final = """
r.client_id, r.receipt_id, r.request_id, r.category, r.policy_version, r.since, r.until, r.expected, r.calls,
r.held, r.manifest, r.started_at, r.completed_at
"""
_RECEIPTS: Final = f"""
SELECT {_RECEIPT} FROM deletion_receipts r
WHERE client_id = any($1::text[]) AND request_id = any($2::uuid[]) ORDER BY request_id, receipt_id
"""
_MOVE: Final = f"""
WITH moved AS (
    UPDATE data_deletions d SET state = $3, version = version + 1
    WHERE client_id = $1 AND request_id = $2 AND state = any($4::text[]) RETURNING {_COLUMNS}
), step AS (
    INSERT INTO data_deletion_steps (client_id, request_id, number, state, at, by_name, note)
    SELECT m.client_id, m.request_id, m.version, m.state, $5::timestamptz, $6::text, $7::text FROM moved m
)
SELECT {_COLUMNS} FROM moved d
"""
_STATE: Final = "SELECT state FROM data_deletions WHERE client_id = $1 AND request_id = $2"
_WHOLE_TENANT_HELD: Final = """
SELECT EXISTS (SELECT FROM legal_holds WHERE client_id = $1 AND kind = 'tenant' AND released_at IS NULL)
"""
_LOCKED: Final = (
    f"SELECT {_COLUMNS} FROM data_deletions d WHERE client_id = $1 AND request_id = $2 FOR UPDATE"
)
_OPEN: Final = f"""
INSERT INTO deletion_receipts AS r (client_id, receipt_id, request_id, category, policy_version, since, until,
                                    expected, manifest)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING {_RECEIPT}
"""
_NOTE: Final = """
UPDATE deletion_receipts SET calls = calls + $3, manifest = sha256(manifest || $4)
WHERE client_id = $1 AND receipt_id = $2
"""
_CLOSE: Final = """
UPDATE deletion_receipts SET completed_at = now(), held = $3
WHERE client_id = $1 AND receipt_id = $2 AND completed_at IS NULL
"""
_EVENT: Final = """
INSERT INTO audit_events (event_id, client_id, actor_kind, actor_label, action, target_kind, target_id,
                          outcome, technical)
VALUES ($1, $2, 'system', 'data deletion', $3, 'data_deletion', $4, $5, $6)
"""


async def find_client(tx: Tx, client_id: str | None, reach: Reach) -> asyncpg.Record | None:
    """A client in reach with all its projects, not archived, and its zone."""
    return await tx.fetchrow(_CLIENT, client_id, list(reach.client_ids), projects_of(reach))


async def clients_of(tx: Tx, reach: Reach) -> list[str]:
    """Every client in reach with all its projects, not archived."""
    rows = await tx.fetch(_OF_CLIENTS, list(reach.client_ids), projects_of(reach))
    return [row["client_id"] for row in rows]


async def add(tx: Tx, values: tuple[Any, ...]) -> asyncpg.Record:
    """Keep a request, submitted: client, id, categories, span as asked and as times, why, who, name, when."""
    row = await tx.fetchrow(_ADD, *values)
    if row is None:
        raise RuntimeError("a request that was inserted came back empty")
    return row


async def find(tx: Tx, reach: Reach, request_id: str, *, not_of: str | None = None) -> asyncpg.Record | None:
    """A request of a client in reach with all its projects; for who reviews it, not of somebody."""
    return await tx.fetchrow(_FIND, list(reach.client_ids), request_id, not_of, projects_of(reach))


async def read_page(
    tx: Tx,
    client_ids: Sequence[str],
    states: Sequence[str] | None,
    after: tuple[datetime, str] | None,
    most: int,
) -> list[asyncpg.Record]:
    """At most `most` requests of these clients, newest first, after a time and id."""
    wanted = None if states is None else list(states)
    return await tx.fetch(_PAGE, list(client_ids), wanted, *(after or (None, None)), most)


async def steps_and_receipts(
    tx: Tx, rows: Sequence[asyncpg.Record]
) -> tuple[list[asyncpg.Record], list[asyncpg.Record]]:
    """The history and the receipts of some requests, each in order."""
    clients = sorted({row["client_id"] for row in rows})
    ids = [row["request_id"] for row in rows]
    return await tx.fetch(_STEPS, clients, ids), await tx.fetch(_RECEIPTS, clients, ids)


async def move(
    tx: Tx,
    place: tuple[str, str],
    to: str,
    before: Sequence[str],
    said: tuple[datetime, str | None, str | None],
) -> asyncpg.Record | None:
    """Bring a request into a state out of some others, with when, who and why; None when it is in none."""
    return await tx.fetchrow(_MOVE, *place, to, list(before), *said)


async def state_of(tx: Tx, place: tuple[str, str]) -> str:
    """What its state is now."""
    state: str = await tx.fetchval(_STATE, *place)
    return state


async def is_whole_tenant_held(tx: Tx, client_id: str) -> bool:
    """Whether a hold covers everything of the client."""
    return bool(await tx.fetchval(_WHOLE_TENANT_HELD, client_id))


async def locked(tx: Tx, client_id: str, request_id: str) -> asyncpg.Record | None:
    """A request as it is now, kept so until the transaction ends."""
    return await tx.fetchrow(_LOCKED, client_id, request_id)


async def open_receipt(tx: Tx, values: tuple[Any, ...]) -> asyncpg.Record:
    """Begin a receipt: client, id, request, category, policy's version, since, until, expected, manifest."""
    row = await tx.fetchrow(_OPEN, *values)
    if row is None:
        raise RuntimeError("a receipt that was inserted came back empty")
    return row


async def note_batch(tx: Tx, client_id: str, receipt_id: str, calls: int, batch: bytes) -> None:
    """Add a batch to its receipt: how many, and the hash of all so far with the bytes of this one."""
    await tx.execute(_NOTE, client_id, receipt_id, calls, batch)


async def close_receipt(tx: Tx, client_id: str, receipt_id: str, held: int | None) -> None:
    """End a receipt; None where what is held could not be counted."""
    await tx.execute(_CLOSE, client_id, receipt_id, held)


async def tell(tx: Tx, values: tuple[Any, ...]) -> None:
    """An event of the job: id, client, action, request, outcome, technical."""
    await tx.execute(_EVENT, *values)
