"""Sections of settings that every project has of its own, in the database.

The one thing a newcomer would get wrong: `project_settings` holds the working copy; the published one is in
the newest version of the project, and a section never saved has neither, and version 1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import asyncpg

    from aidial_api.kernel.transaction import Tx
    from aidial_contract.scope import Reach

FIRST_VERSION: Final = 1
_FIND: Final = f"""
SELECT p.client_id, p.project_id::text AS project_id, p.display_name, p.timezone, p.max_duration_minutes,
       s.value, coalesce(s.version, {FIRST_VERSION}) AS version, s.changed_at, s.changed_by,
       v.number, v.content -> $4 AS published,
       v.content -> 'transfer-routing' -> 'destinations' AS destinations
FROM projects p
JOIN clients c ON c.client_id = p.client_id AND c.lifecycle <> 'archived'
LEFT JOIN project_settings s ON s.client_id = p.client_id AND s.project_id = p.project_id AND s.section = $4
LEFT JOIN LATERAL (
    SELECT number, content FROM project_versions v
    WHERE v.client_id = p.client_id AND v.project_id = p.project_id ORDER BY number DESC LIMIT 1) v ON true
WHERE p.project_id = $1::uuid AND p.client_id = any($2::text[]) AND p.project_id = any($3::uuid[])
"""
# Two first saves at once: the second waits for the first, meets its row and fails the check.
_SAVE: Final = f"""
WITH saved AS (
    INSERT INTO project_settings AS s (client_id, project_id, section, value, version, changed_by)
    SELECT $1, $2::uuid, $3, $4, {FIRST_VERSION + 1}, $6
    WHERE $5 = {FIRST_VERSION} OR EXISTS (
        SELECT FROM project_settings e
        WHERE e.client_id = $1 AND e.project_id = $2::uuid AND e.section = $3)
    ON CONFLICT (client_id, project_id, section) DO UPDATE
    SET value = excluded.value, version = s.version + 1, changed_at = now(), changed_by = excluded.changed_by
    WHERE s.version = $5
    RETURNING s.client_id, s.project_id, s.section, s.version, s.value, s.changed_at, s.changed_by
), kept AS (
    INSERT INTO project_settings_history
        (client_id, project_id, section, version, value, changed_at, changed_by)
    SELECT client_id, project_id, section, version, value, changed_at, changed_by FROM saved
), before AS (
    INSERT INTO project_settings_history (client_id, project_id, section, version, value, changed_at)
    SELECT client_id, project_id, section, {FIRST_VERSION}, $7::jsonb, changed_at FROM saved
    WHERE version = {FIRST_VERSION + 1} AND $7::jsonb IS NOT NULL
)
SELECT version, changed_at, changed_by FROM saved
"""
_HISTORY: Final = """
SELECT version, value, changed_at, changed_by FROM project_settings_history
WHERE client_id = $1 AND project_id = $2::uuid AND section = $3 AND ($4::int IS NULL OR version < $4)
ORDER BY version DESC LIMIT $5
"""
_NOW: Final = """
SELECT value, version, changed_at, changed_by FROM project_settings
WHERE client_id = $1 AND project_id = $2::uuid AND section = $3
"""


async def find(tx: Tx, reach: Reach, project_id: str, section: str) -> asyncpg.Record | None:
    """A section of a project in reach (a UUID), what is published of it, and what its default is made of."""
    mine = [project.project_id for project in reach.projects]
    return await tx.fetchrow(_FIND, project_id, list(reach.client_ids), mine, section)


async def save(  # noqa: PLR0913 - what is saved, over what, by whom
    tx: Tx,
    client_id: str,
    project_id: str,
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
    return await tx.fetchrow(
        _SAVE, client_id, project_id, section, value, expected_version, changed_by, before
    )


async def history(
    tx: Tx, client_id: str, project_id: str, section: str, older_than: int | None, most: int
) -> list[asyncpg.Record]:
    """At most `most` versions before one, newest first; the last is version 1, what nobody had saved yet."""
    return await tx.fetch(_HISTORY, client_id, project_id, section, older_than, most)


async def current(tx: Tx, client_id: str, project_id: str, section: str) -> asyncpg.Record | None:
    """The working copy now; None when it was never saved."""
    return await tx.fetchrow(_NOW, client_id, project_id, section)
