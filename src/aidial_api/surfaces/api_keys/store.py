"""API keys in the database: every statement of theirs that people cause.

The one thing a newcomer would get wrong: ending a key is one UPDATE that asks whether it is still active, so
of two people who end it at once exactly one does. And a key reaches all projects of its client: whoever
reaches some of them sees which keys there are, and neither makes one nor finds one to change.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import asyncpg

from aidial_api.kernel.transaction import Tx
from aidial_api.kernel.whole_clients import projects_of, whole
from aidial_contract.access import KeyScope
from aidial_contract.scope import Reach

_COLUMNS = """
k.client_id, k.api_key_id, k.scope, k.description, k.environment, k.last_four, k.created_at, k.expires_at,
k.last_used_at, k.revoked_at, k.revoked_reason,
CASE WHEN k.revoked_reason = 'rotated' THEN 'rotated' WHEN k.revoked_at IS NOT NULL THEN 'revoked'
     WHEN k.expires_at <= now() THEN 'expired' ELSE 'active' END AS state
"""
_CLIENT = f"""
SELECT c.client_id, c.environment FROM clients c
WHERE c.client_id = $1 AND c.client_id = any($2::text[]) AND c.lifecycle <> 'archived'
    AND ($3 OR {whole("c.client_id", "$4")})
"""
_LIST = f"""
SELECT {_COLUMNS} FROM api_keys k
WHERE k.client_id = $1 AND ($2::timestamptz IS NULL OR (k.created_at, k.api_key_id) < ($2, $3))
ORDER BY k.created_at DESC, k.api_key_id DESC LIMIT $4
"""
_ONE = f"""
SELECT {_COLUMNS} FROM api_keys k JOIN clients c ON c.client_id = k.client_id AND c.lifecycle <> 'archived'
WHERE k.api_key_id = $1 AND k.client_id = any($2::text[]) AND k.scope = any($3::text[])
    AND {whole("c.client_id", "$4")}
"""
_ADD = f"""
INSERT INTO api_keys AS k (client_id, api_key_id, secret_sha256, last_four, scope, environment, description,
                           created_by, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING {_COLUMNS}
"""
_END = f"""
UPDATE api_keys k SET revoked_at = now(), revoked_by = $3, revoked_reason = $4
WHERE k.client_id = $1 AND k.api_key_id = $2 AND k.revoked_at IS NULL
    AND (k.expires_at IS NULL OR k.expires_at > now())
RETURNING {_COLUMNS}
"""


async def find_client(tx: Tx, reach: Reach, client_id: str, *, in_part: bool) -> asyncpg.Record | None:
    """A client in reach that is not archived; with all its projects, unless some of them will do."""
    return await tx.fetchrow(_CLIENT, client_id, list(reach.client_ids), in_part, projects_of(reach))


async def list_keys(
    tx: Tx, client_id: str, after: tuple[datetime, str] | None, most: int
) -> list[asyncpg.Record]:
    """At most `most` keys of a client that was found, newest first, after a time and id."""
    at, api_key_id = after or (None, None)
    return await tx.fetch(_LIST, client_id, at, api_key_id, most)


async def find_key(
    tx: Tx, reach: Reach, api_key_id: str, scopes: Sequence[str] = tuple(KeyScope)
) -> asyncpg.Record | None:
    """A key of a client in reach with all its projects, of one of these scopes."""
    return await tx.fetchrow(_ONE, api_key_id, list(reach.client_ids), list(scopes), projects_of(reach))


async def add_key(tx: Tx, values: tuple[Any, ...]) -> asyncpg.Record:
    """Keep a key that was just made: client, id, hash, last four, scope, environment, words, maker, end."""
    row = await tx.fetchrow(_ADD, *values)
    if row is None:
        raise RuntimeError("a key that was inserted came back empty")
    return row


async def end_key(
    tx: Tx, client_id: str, api_key_id: str, *, by: str | None, reason: str
) -> asyncpg.Record | None:
    """End an active key; None when it is not active any more."""
    return await tx.fetchrow(_END, client_id, api_key_id, by, reason)
