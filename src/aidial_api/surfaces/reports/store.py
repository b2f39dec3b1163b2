"""Reports and deliveries in the database: every statement that reads or writes one.

The one thing a newcomer would get wrong: a report counts all of a tenant's lines, so only who reaches them
all finds it; a message is found by who reaches its line, and one about the whole tenant by everybody of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import asyncpg

from aidial_api.kernel.monthly_reports import KIND
from aidial_api.kernel.transaction import Tx
from aidial_contract.scope import Reach

NO_REPORT: Final = "00000000-0000-0000-0000-000000000000"
_TENANT: Final = """
SELECT client_id, timezone FROM clients
WHERE client_id = $1 AND client_id = any($2::text[]) AND lifecycle <> 'archived'
"""
_WHOSE: Final = "SELECT name, timezone, lifecycle, created_at FROM clients WHERE client_id = $1"
_PROJECTS: Final = """
SELECT project_id::text AS project_id, display_name, timezone, is_active FROM projects
WHERE client_id = $1 ORDER BY display_name, project_id
"""
_LABELS: Final = """
SELECT DISTINCT ON (code) code, label FROM project_terms
WHERE client_id = $1 AND kind = 'outcome' AND code = any($2::text[]) ORDER BY code, place, project_id
"""
_ADD: Final = """
INSERT INTO monthly_reports (client_id, report_id, month, timezone, starts_at, ends_at, project_ids, figures,
                             made_at)
VALUES ($1, $2, $3, $4, $5, $6, $7::uuid[], $8, $9) ON CONFLICT (client_id, month) DO NOTHING
"""
_EVENT: Final = """
INSERT INTO audit_events (event_id, client_id, actor_kind, actor_label, action, target_kind, target_id,
                          technical)
VALUES ($1, $2, 'system', 'reports', $3, 'monthly_report', $4, $5)
"""
_COLUMNS: Final = "r.client_id, r.report_id, r.month, r.timezone, r.made_at, r.figures, c.name"
_OF: Final = "monthly_reports r JOIN clients c ON c.client_id = r.client_id AND c.lifecycle <> 'archived'"
_FIND: Final = f"""
SELECT {_COLUMNS} FROM {_OF}
WHERE r.client_id = any($1::text[]) AND r.report_id = $2 AND r.figures IS NOT NULL
    AND r.project_ids <@ $3::uuid[]
"""
_ONE: Final = f"SELECT {_COLUMNS} FROM {_OF} WHERE r.client_id = $1 AND r.report_id = $2"
_PAGE: Final = f"""
SELECT {_COLUMNS} FROM {_OF}
WHERE r.client_id = $1 AND r.figures IS NOT NULL AND r.project_ids <@ $2::uuid[]
    AND ($3::text IS NULL OR r.month < $3)
ORDER BY r.month DESC LIMIT $4
"""
_SHOWN: Final = (
    "d.delivery_id, d.kind, d.channel, d.project_id, d.about_id, d.recipient_shown, d.state, d.attempts,"
    " d.failure, d.created_at, d.next_attempt_at, d.sent_at"
)
_WANTED: Final = (
    "($3::text[] IS NULL OR d.kind = any($3)) AND ($4::text[] IS NULL OR d.state = any($4))"
    " AND ($5::uuid IS NULL OR d.delivery_id < $5) ORDER BY d.delivery_id DESC LIMIT $6"
)
# The newest of each line in reach, and of what is about the whole tenant; of those the newest.
DELIVERIES: Final = f"""
SELECT d.*, p.display_name, r.month FROM (
    SELECT d.* FROM unnest($2::uuid[]) AS mine (project_id) CROSS JOIN LATERAL (
        SELECT {_SHOWN} FROM deliveries d
        WHERE d.client_id = $1 AND d.project_id = mine.project_id AND {_WANTED}) d
    UNION ALL
    (SELECT {_SHOWN} FROM deliveries d WHERE d.client_id = $1 AND d.project_id IS NULL AND {_WANTED})
) d
LEFT JOIN projects p ON p.client_id = $1 AND p.project_id = d.project_id
LEFT JOIN monthly_reports r ON r.client_id = $1 AND r.report_id = d.about_id AND d.kind = '{KIND}'
ORDER BY d.delivery_id DESC LIMIT $6
"""


def _projects(reach: Reach) -> list[str]:
    return [project.project_id for project in reach.projects]


async def find_tenant(tx: Tx, client_id: str | None, client_ids: Sequence[str]) -> asyncpg.Record | None:
    """A person's own tenant, when it is in reach and not archived."""
    return await tx.fetchrow(_TENANT, client_id, list(client_ids))


async def whose(tx: Tx, client_id: str) -> asyncpg.Record | None:
    """The tenant of a job."""
    return await tx.fetchrow(_WHOSE, client_id)


async def projects_of(tx: Tx, client_id: str) -> Sequence[asyncpg.Record]:
    """Every line of a tenant, by name."""
    return await tx.fetch(_PROJECTS, client_id)


async def labels_of(tx: Tx, client_id: str, codes: Sequence[str]) -> dict[str, str]:
    """What outcomes are called in the tenant's taxonomies."""
    return {row["code"]: row["label"] for row in await tx.fetch(_LABELS, client_id, list(codes))}


async def add(
    tx: Tx,
    place: tuple[str, str, str],
    timezone: str,
    span: tuple[datetime, datetime],
    project_ids: Sequence[str],
    figures: str,
    made_at: datetime,
) -> bool:
    """Write the report of a client, id and month. False: the month has one, or is being given one."""
    tag = await tx.execute(_ADD, *place, timezone, *span, list(project_ids), figures, made_at)
    return tag == "INSERT 0 1"


async def tell(tx: Tx, event_id: str, client_id: str, action: str, report_id: str, technical: str) -> None:
    """An event of the worker's about a report."""
    await tx.execute(_EVENT, event_id, client_id, action, report_id, technical)


async def find(tx: Tx, reach: Reach, report_id: str) -> asyncpg.Record | None:
    """A report in reach: its client's, and of no project that the reader does not reach."""
    return await tx.fetchrow(_FIND, list(reach.client_ids), report_id, _projects(reach))


async def one(tx: Tx, client_id: str, report_id: str) -> asyncpg.Record | None:
    """The report that a message is about."""
    return await tx.fetchrow(_ONE, client_id, report_id)


async def page(
    tx: Tx, client_id: str, reach: Reach, before: str | None, most: int
) -> Sequence[asyncpg.Record]:
    """At most `most` reports of months before one, the newest first."""
    return await tx.fetch(_PAGE, client_id, _projects(reach), before, most)


async def deliveries(
    tx: Tx,
    client_id: str,
    reach: Reach,
    wanted: tuple[Sequence[str] | None, Sequence[str] | None],
    before: str | None,
    most: int,
) -> Sequence[asyncpg.Record]:
    """At most `most` messages of these kinds and states made before one, the newest first."""
    return await tx.fetch(DELIVERIES, client_id, _projects(reach), *wanted, before, most)
