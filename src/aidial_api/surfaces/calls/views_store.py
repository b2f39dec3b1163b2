"""Saved views in the database.

The one thing a newcomer would get wrong: whoever never saved one has no row, and version 1; the check of the
version is part of the statement that saves.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import asyncpg

from aidial_api.kernel.transaction import Tx

FIRST_VERSION: Final = 1
NOBODY: Final = "00000000-0000-0000-0000-000000000000"
_FIND: Final = f"""
SELECT c.client_id, coalesce(v.version, {FIRST_VERSION}) AS version, v.views
FROM clients c LEFT JOIN call_views v ON v.client_id = c.client_id AND v.user_id = $3
WHERE c.client_id = $1 AND c.client_id = any($2::text[]) AND c.lifecycle <> 'archived'
"""
# Two first saves at once: the second waits for the first, meets its row and fails the check.
_SAVE: Final = f"""
INSERT INTO call_views AS v (client_id, user_id, views, version)
SELECT $1, $2, $3, {FIRST_VERSION + 1}
WHERE $4 = {FIRST_VERSION} OR EXISTS (SELECT FROM call_views e WHERE e.client_id = $1 AND e.user_id = $2)
ON CONFLICT (client_id, user_id) DO UPDATE
SET views = excluded.views, version = v.version + 1, changed_at = now()
WHERE v.version = $4
RETURNING v.version
"""
_VERSION: Final = "SELECT version FROM call_views WHERE client_id = $1 AND user_id = $2"


async def find(
    tx: Tx, client_id: str | None, client_ids: Sequence[str], user_id: str
) -> asyncpg.Record | None:
    """A client in reach and what one person saved of it."""
    return await tx.fetchrow(_FIND, client_id, list(client_ids), user_id)


async def save(tx: Tx, key: tuple[str, str], views: str, expected_version: int) -> int | None:
    """Write the views (JSON) of a client and person over the version they were made from; its number.

    None, and nothing written, over another version.
    """
    version: int | None = await tx.fetchval(_SAVE, *key, views, expected_version)
    return version


async def current_version(tx: Tx, key: tuple[str, str]) -> int:
    """What the version is now."""
    version: int | None = await tx.fetchval(_VERSION, *key)
    return FIRST_VERSION if version is None else version
