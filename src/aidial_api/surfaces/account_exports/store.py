"""Account exports in the database: every statement that reads or writes one.

The one thing a newcomer would get wrong: a job writes only under its own `file_id`. One that was cancelled,
or begun anew by another worker, finds that its attempt is no longer the export's, and stops.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import asyncpg

from aidial_api.kernel.transaction import Tx
from aidial_contract.scope import Reach

_COLUMNS: Final = """
e.client_id, e.job_id, e.requested_by, e.requested_by_name, e.project_ids, e.categories, e.status,
e.kept_days, e.categories_done, e.rows, e.attempts, e.file_id, e.size_bytes, e.manifest, e.failure,
e.downloads, e.requested_at, e.started_at, e.finished_at, e.expires_at, e.leased_until, e.version
"""
_TENANT: Final = """
SELECT client_id, timezone FROM clients
WHERE client_id = $1 AND client_id = any($2::text[]) AND lifecycle <> 'archived'
"""
_LOCK: Final = "SELECT pg_advisory_xact_lock(hashtextextended('account exports of ' || $1, 0))"
_RECENT: Final = """
SELECT requested_by, requested_at FROM account_exports
WHERE client_id = $1 AND requested_at > $2 AND (status <> 'failed' OR failure = 'too_large')
ORDER BY requested_at
"""
_UNFINISHED: Final = f"""
SELECT {_COLUMNS} FROM account_exports e
WHERE e.client_id = $1 AND e.requested_by = $2 AND e.status IN ('queued', 'running')
"""
_ADD: Final = f"""
INSERT INTO account_exports AS e (client_id, job_id, requested_by, requested_by_name, project_ids, categories,
                                  kept_days, requested_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING {_COLUMNS}
"""
_FIND: Final = f"""
SELECT {_COLUMNS} FROM account_exports e
JOIN clients c ON c.client_id = e.client_id AND c.lifecycle <> 'archived'
WHERE e.client_id = any($1::text[]) AND e.job_id = $2 AND e.project_ids <@ $3::uuid[]
"""
_STATE: Final = "CASE WHEN e.status = 'completed' AND e.expires_at <= $3 THEN 'expired' ELSE e.status END"
_PAGE: Final = f"""
SELECT {_COLUMNS} FROM account_exports e
WHERE e.client_id = $1 AND e.project_ids <@ $2::uuid[] AND ($4::text[] IS NULL OR {_STATE} = any($4))
    AND ($5::timestamptz IS NULL OR (e.requested_at, e.job_id) < ($5, $6::uuid))
ORDER BY e.requested_at DESC, e.job_id DESC LIMIT $7
"""
_CANCEL: Final = f"""
UPDATE account_exports e SET status = 'cancelled', finished_at = $3, version = version + 1
WHERE client_id = $1 AND job_id = $2 AND status IN ('queued', 'running') RETURNING {_COLUMNS}
"""
_DOWNLOADED: Final = """
UPDATE account_exports SET downloads = downloads + 1 WHERE client_id = $1 AND job_id = $2
"""
_LOCKED: Final = f"SELECT {_COLUMNS} FROM account_exports e WHERE client_id = $1 AND job_id = $2 FOR UPDATE"
_READER: Final = """
SELECT m.role, EXISTS (SELECT FROM assignments a WHERE a.client_id = $1 AND a.user_id = $2
                       AND a.project_id IS NULL)
    OR $3::uuid[] <@ ARRAY(SELECT a.project_id FROM assignments a WHERE a.client_id = $1 AND a.user_id = $2)
    AS reaches
FROM memberships m JOIN clients c ON c.client_id = m.client_id AND c.lifecycle <> 'archived'
WHERE m.client_id = $1 AND m.user_id = $2 AND m.status = 'active'
"""
_BEGIN: Final = """
UPDATE account_exports SET status = 'running', file_id = $3, attempts = attempts + 1, rows = 0,
    categories_done = 0, started_at = coalesce(started_at, $4), leased_until = $5, version = version + 1
WHERE client_id = $1 AND job_id = $2
"""
_MINE: Final = "client_id = $1 AND job_id = $2 AND file_id = $3 AND status = 'running'"
_GROW: Final = f"""
UPDATE account_exports SET rows = rows + $4, categories_done = $5, leased_until = $6 WHERE {_MINE} RETURNING 1
"""
_WAIT: Final = f"""
UPDATE account_exports SET file_id = NULL, rows = 0, categories_done = 0, leased_until = $4,
    version = version + 1
WHERE {_MINE} RETURNING 1
"""
_COMPLETE: Final = f"""
UPDATE account_exports SET status = 'completed', finished_at = $4, expires_at = $5, size_bytes = $6,
    manifest = $7, rows = $8, categories_done = cardinality(categories), version = version + 1
WHERE {_MINE} RETURNING 1
"""
_FAIL: Final = """
UPDATE account_exports SET status = 'failed', failure = $4, finished_at = $5, version = version + 1
WHERE client_id = $1 AND job_id = $2 AND file_id IS NOT DISTINCT FROM $3::uuid
    AND status IN ('queued', 'running') RETURNING 1
"""
_EXPIRE: Final = """
UPDATE account_exports SET status = 'expired', version = version + 1
WHERE client_id = $1 AND job_id = $2 AND status = 'completed' AND expires_at <= $3 RETURNING 1
"""
_EVENT: Final = """
INSERT INTO audit_events (event_id, client_id, actor_kind, actor_label, action, target_kind, target_id,
                          outcome, technical)
VALUES ($1, $2, 'system', 'account exports', $3, 'account_export', $4, $5, $6)
"""


async def find_tenant(tx: Tx, client_id: str | None, client_ids: Sequence[str]) -> asyncpg.Record | None:
    """A person's own tenant, when it is in reach and not archived."""
    return await tx.fetchrow(_TENANT, client_id, list(client_ids))


async def lock(tx: Tx, client_id: str) -> None:
    """From here on nobody else asks for an export of this client before this transaction ends."""
    await tx.execute(_LOCK, client_id)


async def recent(tx: Tx, client_id: str, since: datetime) -> Sequence[asyncpg.Record]:
    """Who asked for exports after a moment, and when, the oldest first; none that we failed."""
    return await tx.fetch(_RECENT, client_id, since)


async def unfinished(tx: Tx, client_id: str, user_id: str) -> asyncpg.Record | None:
    """The export of a person that is queued or running."""
    return await tx.fetchrow(_UNFINISHED, client_id, user_id)


async def add(tx: Tx, values: tuple[Any, ...]) -> asyncpg.Record:
    """Keep a request: client, id, who, name, projects, categories, days kept, when."""
    row = await tx.fetchrow(_ADD, *values)
    if row is None:
        raise RuntimeError("an export that was inserted came back empty")
    return row


async def find(tx: Tx, reach: Reach, job_id: str) -> asyncpg.Record | None:
    """An export in reach: its client's, and of no project that the reader does not reach."""
    return await tx.fetchrow(_FIND, list(reach.client_ids), job_id, _projects(reach))


def _projects(reach: Reach) -> list[str]:
    return [project.project_id for project in reach.projects]


async def read_page(
    tx: Tx,
    client_id: str,
    reach: Reach,
    now: datetime,
    statuses: Sequence[str] | None,
    after: tuple[datetime, str] | None,
    most: int,
) -> Sequence[asyncpg.Record]:
    """At most `most` exports, newest first, after a time and id."""
    wanted = None if statuses is None else list(statuses)
    return await tx.fetch(_PAGE, client_id, _projects(reach), now, wanted, *(after or (None, None)), most)


async def cancel(tx: Tx, client_id: str, job_id: str, now: datetime) -> asyncpg.Record | None:
    """Cancel a queued or running one; None when it is neither any more."""
    return await tx.fetchrow(_CANCEL, client_id, job_id, now)


async def count_download(tx: Tx, client_id: str, job_id: str) -> None:
    """Note one download."""
    await tx.execute(_DOWNLOADED, client_id, job_id)


async def locked(tx: Tx, client_id: str, job_id: str) -> asyncpg.Record | None:
    """An export as it is now, kept so until the transaction ends."""
    return await tx.fetchrow(_LOCKED, client_id, job_id)


async def reader(tx: Tx, client_id: str, user_id: str, project_ids: Sequence[str]) -> asyncpg.Record | None:
    """The role of an active person of the client, and whether they reach all of these projects."""
    return await tx.fetchrow(_READER, client_id, user_id, list(project_ids))


async def begin(tx: Tx, mine: tuple[str, str, str], now: datetime, leased_until: datetime) -> None:
    """Begin an attempt under a new file; until the second time nobody else does."""
    await tx.execute(_BEGIN, *mine, now, leased_until)


async def grow(tx: Tx, mine: tuple[str, str, str], rows: int, done: int, leased_until: datetime) -> bool:
    """Note progress; False when the attempt (client, export, file) is no longer the export's."""
    return await tx.fetchval(_GROW, *mine, rows, done, leased_until) is not None


async def wait(tx: Tx, mine: tuple[str, str, str], until: datetime) -> bool:
    """End an attempt, whose file the export forgets; until then none begins. False when it is not its own."""
    return await tx.fetchval(_WAIT, *mine, until) is not None


async def complete(tx: Tx, mine: tuple[str, str, str], values: tuple[Any, ...]) -> bool:
    """Finish: when, until when, bytes, manifest, records. False when it is no longer the export's."""
    return await tx.fetchval(_COMPLETE, *mine, *values) is not None


async def fail(tx: Tx, mine: tuple[str, str, str | None], failure: str, now: datetime) -> bool:
    """Give up; False when it is over already, or no longer of this file."""
    return await tx.fetchval(_FAIL, *mine, failure, now) is not None


async def expire(tx: Tx, client_id: str, job_id: str, now: datetime) -> bool:
    """End a completed one whose time is over; False when there is none."""
    return await tx.fetchval(_EXPIRE, client_id, job_id, now) is not None


async def forget_file(tx: Tx, client_id: str, job_id: str, file_id: str) -> None:
    """Note that a file is gone."""
    await tx.execute(
        "UPDATE account_exports SET file_id = NULL WHERE client_id = $1 AND job_id = $2 AND file_id = $3",
        client_id,
        job_id,
        file_id,
    )


async def tell(tx: Tx, values: tuple[Any, ...]) -> None:
    """An event of the job: id, client, action, export, outcome, technical."""
    await tx.execute(_EVENT, *values)
