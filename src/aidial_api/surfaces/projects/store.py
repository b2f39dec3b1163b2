"""Projects in the database. The one thing a newcomer would get wrong: only the scope's are asked for."""

from __future__ import annotations

from collections.abc import Sequence

import asyncpg

from aidial_api.kernel.transaction import Tx
from aidial_contract.scope import Reach

_LIST = """
SELECT p.client_id, p.project_id, p.display_name, p.timezone, p.is_active
FROM unnest($1::text[], $2::uuid[]) AS mine (client_id, project_id)
JOIN projects p ON p.client_id = mine.client_id AND p.project_id = mine.project_id
ORDER BY p.client_id, p.display_name, p.project_id
"""


_TERMS = """
SELECT t.client_id, t.project_id::text AS project_id, t.kind, t.code, t.label
FROM unnest($1::text[], $2::uuid[]) AS mine (client_id, project_id)
JOIN project_terms t ON t.client_id = mine.client_id AND t.project_id = mine.project_id
ORDER BY t.client_id, t.project_id, t.kind, t.place
"""


async def list_terms(tx: Tx, reach: Reach) -> Sequence[asyncpg.Record]:
    """Every published value of the reach's projects, project by project, in their order."""
    return await tx.fetch(
        _TERMS,
        [project.client_id for project in reach.projects],
        [project.project_id for project in reach.projects],
    )


async def list_projects(tx: Tx, reach: Reach) -> Sequence[asyncpg.Record]:
    """Every project of the reach, by client and name."""
    return await tx.fetch(
        _LIST,
        [project.client_id for project in reach.projects],
        [project.project_id for project in reach.projects],
    )
