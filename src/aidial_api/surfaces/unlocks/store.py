"""Unlocks in the database: every statement that reads or writes one, or the call it is about.

The one thing a newcomer would get wrong: time is given, not asked of the database; whether an unlock is still
open is part of the statement that uses it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import asyncpg

from aidial_api.kernel.transaction import Tx
from aidial_contract.scope import Reach

_OF_CALL: Final = """
c.client_id, c.call_id, c.project_id, c.consent ->> 'state' AS consent_state, c.transcript_state,
c.from_number, c.to_number
"""
_BUT_LOOKS: Final = """
u.client_id, u.call_id, u.project_id, u.unlock_id, u.artefact, u.reason_code, u.words, u.state,
u.requested_by, u.requested_by_name, u.requested_at, u.approved_by_name, u.approved_at, u.ended_by_name,
u.ended_at, u.expires_at, u.version
"""
_OWN_COLUMNS: Final = f"{_BUT_LOOKS}, u.reveals, u.first_revealed_at, u.last_revealed_at"
_REACHED: Final = "c.client_id = any($1::text[]) AND c.call_id = $2 AND c.project_id = any($3::uuid[])"
_CALL: Final = f"SELECT {_OF_CALL} FROM calls c WHERE {_REACHED}"
_ONE: Final = f"""
SELECT {_OF_CALL}, u.unlock_id
FROM calls c JOIN pii_unlocks u ON u.client_id = c.client_id AND u.call_id = c.call_id
WHERE {_REACHED} AND u.unlock_id = $4
    AND ($5::uuid IS NULL OR u.requested_by = $5) AND ($6::uuid IS NULL OR u.requested_by <> $6)
"""
_READ: Final = f"SELECT {_OWN_COLUMNS} FROM pii_unlocks u WHERE u.client_id = $1 AND u.unlock_id = $2"
_ADD: Final = f"""
INSERT INTO pii_unlocks AS u (client_id, unlock_id, call_id, project_id, artefact, reason_code, words, state,
                              requested_by, requested_by_name, requested_at, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) RETURNING {_OWN_COLUMNS}
"""
_PAGE: Final = f"""
SELECT {_OWN_COLUMNS} FROM pii_unlocks u
WHERE u.client_id = $1 AND u.call_id = $2
    AND ($3::timestamptz IS NULL OR (u.requested_at, u.unlock_id) < ($3, $4::uuid))
ORDER BY u.requested_at DESC, u.unlock_id DESC LIMIT $5
"""
_OPEN: Final = "u.client_id = $1 AND u.unlock_id = $2 AND u.expires_at > $3"
_APPROVE: Final = f"""
UPDATE pii_unlocks u SET state = 'active', approved_by = $4, approved_by_name = $5, approved_at = $3,
                         expires_at = $6, version = version + 1
WHERE {_OPEN} AND u.state = 'pending' RETURNING {_OWN_COLUMNS}
"""
_END: Final = f"""
UPDATE pii_unlocks u SET state = CASE u.state WHEN 'pending' THEN 'declined' ELSE 'relocked' END,
                         ended_by_name = $4, ended_at = $3, version = version + 1
WHERE {_OPEN} AND u.state IN ('pending', 'active') RETURNING {_OWN_COLUMNS}
"""
_LOOK: Final = f"""
UPDATE pii_unlocks u SET reveals = reveals + 1, first_revealed_at = coalesce(first_revealed_at, $3),
                         last_revealed_at = $3
WHERE {_OPEN} AND u.state = 'active' RETURNING {_OWN_COLUMNS}
"""
_ALMOST_LOOK: Final = f"""
SELECT {_BUT_LOOKS}, u.reveals + 1 AS reveals, coalesce(u.first_revealed_at, $3) AS first_revealed_at,
       $3 AS last_revealed_at
FROM pii_unlocks u WHERE {_OPEN} AND u.state = 'active'
"""
_RAW: Final = "SELECT raw, turns FROM transcripts WHERE client_id = $1 AND call_id = $2"


async def find_call(tx: Tx, reach: Reach, call_id: str) -> asyncpg.Record | None:
    """The call in reach, with what decides whether it may be unlocked."""
    return await tx.fetchrow(_CALL, list(reach.client_ids), call_id, _projects(reach))


async def find_unlock(
    tx: Tx, reach: Reach, call_id: str, unlock_id: str, *, of: str | None = None, not_of: str | None = None
) -> asyncpg.Record | None:
    """The call of an unlock in reach, with the unlock's id; asked for by one person, or by another one."""
    return await tx.fetchrow(_ONE, list(reach.client_ids), call_id, _projects(reach), unlock_id, of, not_of)


def _projects(reach: Reach) -> list[str]:
    return [project.project_id for project in reach.projects]


async def add_unlock(tx: Tx, values: tuple[Any, ...]) -> asyncpg.Record:
    """Keep a request: client, id, call, project, artefact, reason, words, state, who, name, when, until."""
    row = await tx.fetchrow(_ADD, *values)
    if row is None:
        raise RuntimeError("an unlock that was inserted came back empty")
    return row


async def read_unlock(tx: Tx, client_id: str, unlock_id: str) -> asyncpg.Record:
    """An unlock that was found, as it is now."""
    row = await tx.fetchrow(_READ, client_id, unlock_id)
    if row is None:
        raise RuntimeError("an unlock that was found is gone")
    return row


async def read_page(
    tx: Tx, client_id: str, call_id: str, after: tuple[datetime, str] | None, most: int
) -> Sequence[asyncpg.Record]:
    """At most `most` unlocks of a call, newest first, after a time and id."""
    at, unlock_id = after or (None, None)
    return await tx.fetch(_PAGE, client_id, call_id, at, unlock_id, most)


async def approve(
    tx: Tx, client_id: str, unlock_id: str, now: datetime, by: str, name: str, until: datetime
) -> asyncpg.Record | None:
    """Make a pending one active until then; None when it is not pending any more."""
    return await tx.fetchrow(_APPROVE, client_id, unlock_id, now, by, name, until)


async def end(tx: Tx, client_id: str, unlock_id: str, now: datetime, name: str) -> asyncpg.Record | None:
    """Decline a pending one, relock an active one; None when it is neither any more."""
    return await tx.fetchrow(_END, client_id, unlock_id, now, name)


async def look(tx: Tx, client_id: str, unlock_id: str, now: datetime) -> asyncpg.Record | None:
    """Count one look through an active one; None when it is not active any more."""
    return await tx.fetchrow(_LOOK, client_id, unlock_id, now)


async def almost_look(tx: Tx, client_id: str, unlock_id: str, now: datetime) -> asyncpg.Record | None:
    """What `look` would give back; nothing is counted."""
    return await tx.fetchrow(_ALMOST_LOOK, client_id, unlock_id, now)


async def read_raw(tx: Tx, client_id: str, call_id: str) -> asyncpg.Record | None:
    """A call's sealed turns, and the redacted ones for their times."""
    return await tx.fetchrow(_RAW, client_id, call_id)
