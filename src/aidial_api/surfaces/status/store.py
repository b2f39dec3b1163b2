"""Incidents and evidence in the database: every statement that reads or writes one.

The one thing a newcomer would get wrong: evidence is read from the newest calls of a line, never from all of
them, so the page costs the same however many calls there are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import asyncpg

from aidial_api.kernel.incidents import CONCERNS
from aidial_api.kernel.jobs import OLDEST_DUE_TO_SEND
from aidial_api.kernel.transaction import Tx
from aidial_contract.scope import Reach
from aidial_contract.shapes.status import HISTORY_DAYS

UPDATES_SHOWN: Final = 50
MOST: Final = 100
CALLS_LOOKED_AT: Final = 50
"""Of each line: the newest of the last seven days that have ended; and as many messages to its people."""
REPORT_DAYS: Final = 35
"""The last monthly report tells of a tenant's lines until the next one."""

_COLUMNS = """
i.incident_id, i.severity, i.state, i.title, i.project_ids, i.created_at, i.updated_at, i.resolved_at,
i.version
"""
_ACTIVE = f"""
SELECT {_COLUMNS} FROM incidents i WHERE i.state <> 'resolved' AND {CONCERNS}
ORDER BY i.severity = 'critical' DESC, i.severity = 'major' DESC, i.incident_id DESC LIMIT {MOST}
"""
_HISTORY = f"""
SELECT {_COLUMNS} FROM incidents i
WHERE i.resolved_at > now() - make_interval(days => {HISTORY_DAYS}) AND {CONCERNS}
ORDER BY i.resolved_at DESC, i.incident_id DESC LIMIT {MOST}
"""
_PAGE = f"""
SELECT {_COLUMNS} FROM incidents i
WHERE {CONCERNS} AND ($3::text[] IS NULL OR i.state = any($3)) AND ($4::uuid IS NULL OR i.incident_id < $4)
ORDER BY i.incident_id DESC LIMIT $5
"""
_FIND = f"SELECT {_COLUMNS} FROM incidents i WHERE {CONCERNS} AND i.incident_id = $3"
_UPDATES = f"""
SELECT wanted.incident_id, u.update_id, u.state, u.message, u.at
FROM unnest($1::uuid[]) AS wanted (incident_id) CROSS JOIN LATERAL (
    SELECT n.update_id, n.state, n.message, n.at FROM incident_updates n
    WHERE n.incident_id = wanted.incident_id ORDER BY n.update_id DESC LIMIT {UPDATES_SHOWN}) u
ORDER BY u.update_id DESC
"""
_INSERT = """
INSERT INTO incidents (incident_id, severity, state, title, client_ids, project_ids)
VALUES ($1, $2, $3, $4, $5, $6)
"""
_SAY = "INSERT INTO incident_updates (incident_id, update_id, state, message) VALUES ($1, $2, $3, $4)"
_CHANGE = """
UPDATE incidents SET state = $3, updated_at = now(), version = version + 1,
    resolved_at = CASE WHEN $3 = 'resolved' THEN now() END
WHERE incident_id = $1 AND version = $2
"""
_LINES = "SELECT client_id, project_id FROM projects WHERE project_id = any($1::uuid[])"
# What failed, of what was tried: a transfer's result and the word of an SMS or e-mail are the runtime's own.
# Reports are what AiDial itself sends to people; what nobody was to get, or waits, tells nothing.
_FAILED_WORDS = "'(fail|error|bounce|undeliver|reject|refus)'"
_EVIDENCE = f"""
SELECT p.client_id, p.project_id, p.display_name, e.*, r.*
FROM unnest($1::text[], $2::uuid[]) AS mine (client_id, project_id)
JOIN projects p ON p.client_id = mine.client_id AND p.project_id = mine.project_id
CROSS JOIN LATERAL (
    SELECT count(*) AS phone_path_seen, count(*) FILTER (WHERE c.status = 'failed') AS phone_path_failed,
        max(c.started_at) AS phone_path_at,
        count(c.booking) AS booking_seen, 0 AS booking_failed,
        max(c.started_at) FILTER (WHERE c.booking IS NOT NULL) AS booking_at,
        count(c.transfer) AS transfers_seen,
        count(*) FILTER (WHERE c.transfer ->> 'result' ~* {_FAILED_WORDS}) AS transfers_failed,
        max(c.started_at) FILTER (WHERE c.transfer IS NOT NULL) AS transfers_at,
        count(c.sms_status) AS sms_seen,
        count(*) FILTER (WHERE c.sms_status ~* {_FAILED_WORDS}) AS sms_failed,
        max(c.started_at) FILTER (WHERE c.sms_status IS NOT NULL) AS sms_at,
        count(c.email_status) AS email_seen,
        count(*) FILTER (WHERE c.email_status ~* {_FAILED_WORDS}) AS email_failed,
        max(c.started_at) FILTER (WHERE c.email_status IS NOT NULL) AS email_at,
        count(c.recording) AS recording_seen,
        count(*) FILTER (WHERE c.recording::text ~* {_FAILED_WORDS}) AS recording_failed,
        max(c.started_at) FILTER (WHERE c.recording IS NOT NULL) AS recording_at,
        count(*) FILTER (WHERE c.transcript_state <> 'missing') AS transcript_seen,
        count(*) FILTER (WHERE c.transcript_state IN ('redaction_failed', 'incomplete')) AS transcript_failed,
        max(c.started_at) FILTER (WHERE c.transcript_state <> 'missing') AS transcript_at
    FROM (SELECT * FROM calls k
          WHERE k.client_id = p.client_id AND k.project_id = p.project_id AND k.status <> 'live'
              AND k.started_at > now() - make_interval(days => {HISTORY_DAYS})
          ORDER BY k.started_at DESC, k.call_id DESC LIMIT {CALLS_LOOKED_AT}) c) e
CROSS JOIN LATERAL (
    SELECT count(*) AS reports_seen, count(*) FILTER (WHERE d.state <> 'sent') AS reports_failed,
        max(d.created_at) AS reports_at
    FROM ((SELECT m.state, m.failure, m.created_at FROM deliveries m
           WHERE m.client_id = p.client_id AND m.project_id = p.project_id
               AND m.created_at > now() - make_interval(days => {HISTORY_DAYS})
           ORDER BY m.delivery_id DESC LIMIT {CALLS_LOOKED_AT})
          UNION ALL
          (SELECT m.state, m.failure, m.created_at FROM deliveries m
           WHERE m.client_id = p.client_id AND m.project_id IS NULL
               AND m.created_at > now() - make_interval(days => {REPORT_DAYS})
           ORDER BY m.delivery_id DESC LIMIT {CALLS_LOOKED_AT})) d
    WHERE d.state IN ('sent', 'failed', 'gave_up') AND d.failure IS DISTINCT FROM 'nothing_to_send') r
WHERE p.is_active
ORDER BY p.client_id, p.display_name, p.project_id
"""


async def active(tx: Tx, lines: Sequence[str], *, all_of_them: bool) -> Sequence[asyncpg.Record]:
    """What is not resolved, the gravest first."""
    return await tx.fetch(_ACTIVE, lines, all_of_them)


async def history(tx: Tx, lines: Sequence[str], *, all_of_them: bool) -> Sequence[asyncpg.Record]:
    """What was resolved in the last seven days, the newest first."""
    return await tx.fetch(_HISTORY, lines, all_of_them)


async def page(
    tx: Tx,
    lines: Sequence[str],
    states: Sequence[str] | None,
    before: str | None,
    most: int,
    *,
    all_of_them: bool,
) -> list[asyncpg.Record]:
    """At most `most` incidents made before one, newest first."""
    return await tx.fetch(_PAGE, lines, all_of_them, states, before, most)


async def find(tx: Tx, lines: Sequence[str], incident_id: str, *, all_of_them: bool) -> asyncpg.Record | None:
    """An incident that concerns these lines, or any."""
    return await tx.fetchrow(_FIND, lines, all_of_them, incident_id)


async def updates(tx: Tx, incident_ids: Sequence[str]) -> Mapping[str, list[asyncpg.Record]]:
    """What was said about each, the newest first."""
    found: dict[str, list[asyncpg.Record]] = {one: [] for one in incident_ids}
    if incident_ids:
        for row in await tx.fetch(_UPDATES, list(incident_ids)):
            found[str(row["incident_id"])].append(row)
    return found


async def clients_of(tx: Tx, project_ids: Sequence[str]) -> dict[str, str]:
    """Whose each of these lines is; those that are not there are left out."""
    rows = await tx.fetch(_LINES, list(project_ids))
    return {str(row["project_id"]): row["client_id"] for row in rows}


async def insert(tx: Tx, columns: Sequence[Any]) -> None:
    """Write an incident: id, severity, state, title, client ids, project ids."""
    await tx.execute(_INSERT, *columns)


async def say(tx: Tx, incident_id: str, update_id: str, state: str, message: str | None) -> None:
    """Write an update."""
    await tx.execute(_SAY, incident_id, update_id, state, message)


async def change(tx: Tx, incident_id: str, version: int, state: str) -> bool:
    """Give it a state; False when `version` is not the current one."""
    return await tx.execute(_CHANGE, incident_id, version, state) == "UPDATE 1"


async def evidence(tx: Tx, reach: Reach) -> Sequence[asyncpg.Record]:
    """A row for each active line in reach: what its newest calls show, part by part."""
    return await tx.fetch(
        _EVIDENCE,
        [project.client_id for project in reach.projects],
        [project.project_id for project in reach.projects],
    )


async def oldest_due_seconds(tx: Tx) -> int | None:
    """How long the oldest due job that may send, or be in the way of one, has waited; None when none is."""
    seconds: int | None = await tx.fetchval(OLDEST_DUE_TO_SEND)
    return seconds
