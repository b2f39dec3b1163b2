"""Sections of a client's settings in the database.

The one thing a newcomer would get wrong: a section that was never saved has no row, and version 1; the check
of the version is part of the statement that saves.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from aidial_api.kernel.whole_clients import projects_of, whole

if TYPE_CHECKING:
    import asyncpg

    from aidial_api.kernel.transaction import Tx
    from aidial_contract.scope import Reach

FIRST_VERSION: Final = 1
_FIND: Final = f"""
SELECT c.client_id, c.name, c.timezone, c.contact_email,
       s.value, coalesce(s.version, {FIRST_VERSION}) AS version, s.changed_at, s.changed_by
FROM clients c LEFT JOIN client_settings s ON s.client_id = c.client_id AND s.section = $3
WHERE c.client_id = $1 AND c.client_id = any($2::text[]) AND c.lifecycle <> 'archived'
"""
_FIND_WHOLE: Final = f"{_FIND} AND {whole('c.client_id', '$4')}"
# Two first saves at once: the second waits for the first, meets its row and fails the check.
# The table itself keeps every version that is saved; the one before the first save is told here.
_SAVE: Final = f"""
WITH saved AS (
    INSERT INTO client_settings AS s (client_id, section, value, version, changed_by)
    SELECT $1, $2, $3, {FIRST_VERSION + 1}, $5
    WHERE $4 = {FIRST_VERSION}
        OR EXISTS (SELECT FROM client_settings e WHERE e.client_id = $1 AND e.section = $2)
    ON CONFLICT (client_id, section) DO UPDATE
    SET value = excluded.value, version = s.version + 1, changed_at = now(), changed_by = excluded.changed_by
    WHERE s.version = $4
    RETURNING s.client_id, s.section, s.version, s.changed_at, s.changed_by
), before AS (
    INSERT INTO client_settings_history (client_id, section, version, value, changed_at)
    SELECT client_id, section, {FIRST_VERSION}, $6::jsonb, changed_at FROM saved
    WHERE version = {FIRST_VERSION + 1} AND $6::jsonb IS NOT NULL
    ON CONFLICT DO NOTHING
)
SELECT version, changed_at, changed_by FROM saved
"""
_HISTORY: Final = """
SELECT version, value, changed_at, changed_by FROM client_settings_history
WHERE client_id = $1 AND section = $2 AND ($3::int IS NULL OR version < $3)
ORDER BY version DESC LIMIT $4
"""
_VERSION: Final = "SELECT version FROM client_settings WHERE client_id = $1 AND section = $2"


async def find(
    tx: Tx, client_id: str | None, client_ids: Sequence[str], section: str
) -> asyncpg.Record | None:
    """A section of a client in reach, and what its default is made of."""
    return await tx.fetchrow(_FIND, client_id, list(client_ids), section)


async def find_whole(tx: Tx, client_id: str | None, reach: Reach, section: str) -> asyncpg.Record | None:
    """The same, of a client in reach with all its projects: a section that governs all of them."""
    return await tx.fetchrow(_FIND_WHOLE, client_id, list(reach.client_ids), section, projects_of(reach))


async def save(
    tx: Tx,
    client_id: str,
    section: str,
    value: str,
    expected_version: int,
    changed_by: str,
    *,
    before: str | None = None,
) -> asyncpg.Record | None:
    """Write the value (JSON) over the version it was made from; None, and nothing written, over another.

    `before`: what counted before anybody saved (JSON), when this is the first save.
    """
    return await tx.fetchrow(_SAVE, client_id, section, value, expected_version, changed_by, before)


async def history(
    tx: Tx, client_id: str, section: str, older_than: int | None, most: int
) -> list[asyncpg.Record]:
    """At most `most` versions before one, newest first; the last is version 1, what nobody had saved yet."""
    return await tx.fetch(_HISTORY, client_id, section, older_than, most)


async def current_version(tx: Tx, client_id: str, section: str) -> int:
    """What the version is now."""
    version: int | None = await tx.fetchval(_VERSION, client_id, section)
    return FIRST_VERSION if version is None else version
