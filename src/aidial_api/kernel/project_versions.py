"""Published versions of a project: what its runtime reads, section by section.

The one thing a newcomer would get wrong: a version is never changed. Publishing a section makes the next
version, with that section anew and the others as they were; nobody's draft of another section goes with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import asyncpg

    from aidial_api.kernel.transaction import Tx

_HOLD: Final = """
SELECT FROM projects WHERE client_id = $1 AND project_id = $2::uuid FOR NO KEY UPDATE
"""
# Before the first version, the profile is what the project is now.
_PUBLISH: Final = """
INSERT INTO project_versions (client_id, project_id, number, content, note, published_by)
SELECT p.client_id, p.project_id, coalesce(v.number, 0) + 1,
       coalesce(v.content, jsonb_build_object('profile', jsonb_build_object(
           'display_name', p.display_name, 'timezone', p.timezone)))
           || jsonb_build_object($3::text, $4::jsonb),
       $5, $6
FROM projects p LEFT JOIN LATERAL (
    SELECT number, content FROM project_versions v
    WHERE v.client_id = p.client_id AND v.project_id = p.project_id ORDER BY number DESC LIMIT 1) v ON true
WHERE p.client_id = $1 AND p.project_id = $2::uuid
RETURNING number, published_at, published_by, note
"""


async def hold(tx: Tx, client_id: str, project_id: str) -> None:
    """Let publications of one project wait for each other, whatever their sections."""
    await tx.execute(_HOLD, client_id, project_id)


async def publish(
    tx: Tx, client_id: str, project_id: str, section: str, value: str, note: str | None, by: str | None
) -> asyncpg.Record:
    """The next version of a project that is held, with this value (JSON) of a section."""
    row = await tx.fetchrow(_PUBLISH, client_id, project_id, section, value, note, by)
    if row is None:
        raise RuntimeError("a version that was inserted came back empty")
    return row
