"""Drafts and versions in the database.

The one thing a newcomer would get wrong: a draft nobody saved has no row. It is version 1, and its value is
what the project is now.
"""

from __future__ import annotations

from typing import Any

import asyncpg

from aidial_api.kernel.transaction import Tx
from aidial_contract.scope import Reach
from aidial_contract.shapes.workspace import TERM_LISTS

_PROJECT = """
SELECT p.client_id, p.project_id::text AS project_id, p.display_name, p.timezone FROM projects p
WHERE p.project_id = $1::uuid AND p.client_id = any($2::text[]) AND p.project_id = any($3::uuid[])
"""
_DRAFT = """
SELECT version, published_version, value, changed_at FROM project_drafts
WHERE client_id = $1 AND project_id = $2 AND section = $3
"""
_SAVE = """
INSERT INTO project_drafts AS d (client_id, project_id, section, version, value, changed_by)
SELECT $1, $2, $3, 2, $5, $6
WHERE $4 = 1 OR EXISTS (SELECT FROM project_drafts
                        WHERE client_id = $1 AND project_id = $2 AND section = $3)
ON CONFLICT (client_id, project_id, section) DO UPDATE
SET version = d.version + 1, value = excluded.value, changed_by = excluded.changed_by, changed_at = now()
WHERE d.version = $4
RETURNING version, published_version, value, changed_at
"""
_CLAIM = """
UPDATE project_drafts SET published_version = version
WHERE client_id = $1 AND project_id = $2 AND section = $3 AND version = $4 AND published_version < version
RETURNING version, published_version, value, changed_at
"""
_APPLY = """
UPDATE projects SET display_name = $3, timezone = $4, version = version + 1
WHERE client_id = $1 AND project_id = $2 AND (display_name, timezone) IS DISTINCT FROM ($3, $4)
"""
_VERSIONS = """
SELECT number, published_at, published_by, note FROM project_versions
WHERE client_id = $1 AND project_id = $2 AND ($3::integer IS NULL OR number < $3)
ORDER BY number DESC LIMIT $4
"""
_NEWEST = """
SELECT v.number, v.published_at, v.content, p.max_duration_minutes
FROM project_versions v JOIN projects p ON p.client_id = v.client_id AND p.project_id = v.project_id
WHERE v.client_id = $1 AND v.project_id = $2 ORDER BY v.number DESC LIMIT 1
"""


async def find_project(tx: Tx, reach: Reach, project_id: str) -> asyncpg.Record | None:
    """A project in reach; `project_id` is a UUID."""
    mine = [project.project_id for project in reach.projects]
    return await tx.fetchrow(_PROJECT, project_id, list(reach.client_ids), mine)


async def read_draft(tx: Tx, client_id: str, project_id: str, section: str) -> asyncpg.Record | None:
    """A section's draft of a project that was found; None before it was saved."""
    return await tx.fetchrow(_DRAFT, client_id, project_id, section)


async def save_draft(
    tx: Tx, client_id: str, project_id: str, section: str, expected_version: int, value: str, by: str
) -> asyncpg.Record | None:
    """The saved draft; None when `expected_version` is not the current one."""
    return await tx.fetchrow(_SAVE, client_id, project_id, section, expected_version, value, by)


async def claim_draft(
    tx: Tx, client_id: str, project_id: str, section: str, expected_version: int
) -> asyncpg.Record | None:
    """Mark a draft as published; None when it is another version, or published already."""
    return await tx.fetchrow(_CLAIM, client_id, project_id, section, expected_version)


async def apply_profile(tx: Tx, client_id: str, project_id: str, profile: dict[str, Any]) -> None:
    """Let the project be called what its published profile says."""
    await tx.execute(_APPLY, client_id, project_id, profile["display_name"], profile["timezone"])


async def apply_taxonomy(tx: Tx, client_id: str, project_id: str, taxonomy: dict[str, Any]) -> None:
    """Let calls from now on be told by the published values."""
    await tx.execute(
        "DELETE FROM project_terms WHERE client_id = $1 AND project_id = $2", client_id, project_id
    )
    terms = [
        (client_id, project_id, kind, term["code"], term["label"], place)
        for name, kind in TERM_LISTS.items()
        for place, term in enumerate(taxonomy[name])
    ]
    await tx.executemany(
        "INSERT INTO project_terms (client_id, project_id, kind, code, label, place)"
        " VALUES ($1, $2, $3, $4, $5, $6)",
        terms,
    )


async def list_versions(
    tx: Tx, client_id: str, project_id: str, before: int | None, most: int
) -> list[asyncpg.Record]:
    """At most `most` versions older than `before`, newest first."""
    return await tx.fetch(_VERSIONS, client_id, project_id, before, most)


async def newest_version(tx: Tx, client_id: str, project_id: str) -> asyncpg.Record | None:
    """The version the runtime reads; None before the first publication."""
    return await tx.fetchrow(_NEWEST, client_id, project_id)
