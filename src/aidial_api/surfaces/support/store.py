"""Tickets in the database: every statement that reads or writes one.

The one thing a newcomer would get wrong: a ticket is reached through its project. Somebody who reaches one
line of a client does not see the tickets of another; whoever answers reaches all of the client they named.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import asyncpg

from aidial_api.kernel.tickets import LIST_COLUMNS
from aidial_api.kernel.transaction import Tx
from aidial_contract.scope import Reach

_COLUMNS = f"{LIST_COLUMNS}, t.body, t.recipients, t.call_ids"
_ALIVE = "c.lifecycle <> 'archived'"
_ORDER = "t.created_at DESC, t.ticket_id DESC"

_FIND = f"""
SELECT {_COLUMNS} FROM tickets t JOIN clients c ON c.client_id = t.client_id AND {_ALIVE}
WHERE t.client_id = any($1::text[]) AND t.ticket_id = $2 AND (t.project_id = any($3::uuid[]) OR $4)
"""
_LINES = f"""
SELECT c.client_id, p.project_id FROM clients c
LEFT JOIN projects p ON p.client_id = c.client_id AND (p.project_id = any($2::uuid[]) OR $3)
WHERE c.client_id = any($1::text[]) AND {_ALIVE} ORDER BY c.client_id, p.project_id
"""
_ABOUT = f"""
SELECT p.client_id, p.project_id::text AS project_id, (
    SELECT count(*) FROM calls k
    WHERE k.client_id = p.client_id AND k.project_id = p.project_id AND k.call_id = any($5::uuid[])) AS calls
FROM projects p JOIN clients c ON c.client_id = p.client_id AND {_ALIVE}
WHERE p.client_id = any($1::text[]) AND p.project_id = $2 AND (p.project_id = any($3::uuid[]) OR $4)
"""
_VERIFIED = """
SELECT DISTINCT u.email FROM users u JOIN memberships m ON m.user_id = u.user_id AND m.status = 'active'
WHERE u.email = any($3::text[]) AND u.subject IS NOT NULL AND EXISTS (
    SELECT FROM assignments a WHERE a.client_id = $1 AND a.user_id = u.user_id
    AND (a.project_id IS NULL OR a.project_id = $2))
"""
_COMMENTS = """
SELECT comment_id, author, author_name, author_side, body, created_at FROM ticket_comments
WHERE client_id = $1 AND ticket_id = $2 AND ($3::uuid IS NULL OR comment_id < $3)
ORDER BY comment_id DESC LIMIT $4
"""
# The state is asked in the statement that writes: a ticket closed meanwhile takes no comment.
_COMMENT = """
WITH answered AS (
    UPDATE tickets SET comment_count = comment_count + 1, updated_at = now(),
        status = coalesce($8::jsonb ->> status, status),
        version = version + ($8::jsonb ? status)::integer
    WHERE client_id = $1 AND ticket_id = $2 AND status <> 'closed'
    RETURNING client_id, ticket_id, status, version
), written AS (
    INSERT INTO ticket_comments (client_id, ticket_id, comment_id, author, author_name, author_side, body)
    SELECT client_id, ticket_id, $3::uuid, $4::uuid, $5::text, $6::text, $7::bytea FROM answered
    RETURNING created_at
)
SELECT answered.status, answered.version, written.created_at FROM answered, written
"""


def _through(reach: Reach) -> tuple[list[str], list[str], bool]:
    """What every look-up is narrowed by: clients, projects, and whether all of their projects are meant."""
    return list(reach.client_ids), [one.project_id for one in reach.projects], reach.every_project


async def find_ticket(tx: Tx, reach: Reach, ticket_id: str) -> asyncpg.Record | None:
    """One ticket in reach, or None."""
    client_ids, project_ids, every = _through(reach)
    return await tx.fetchrow(_FIND, client_ids, ticket_id, project_ids, every)


async def find_lines(tx: Tx, reach: Reach) -> list[asyncpg.Record]:
    """Clients in reach with their projects in reach; `project_id` is null for a client without any."""
    client_ids, project_ids, every = _through(reach)
    return await tx.fetch(_LINES, client_ids, project_ids, every)


async def find_about(tx: Tx, reach: Reach, project_id: str, call_ids: Sequence[str]) -> asyncpg.Record | None:
    """The project a ticket is to be about, and how many of these calls are the project's own."""
    client_ids, project_ids, every = _through(reach)
    return await tx.fetchrow(_ABOUT, client_ids, project_id, project_ids, every, list(call_ids))


async def verified_addresses(
    tx: Tx, client_id: str, project_id: str, addresses: Sequence[str]
) -> frozenset[str]:
    """Which of these belong to somebody active, who has signed in, and reaches the project."""
    rows = await tx.fetch(_VERIFIED, client_id, project_id, list(addresses))
    return frozenset(row["email"] for row in rows)


async def insert_ticket(tx: Tx, columns: Mapping[str, Any]) -> None:
    """Write a new ticket."""
    places = ", ".join(f"${index}" for index in range(1, len(columns) + 1))
    await tx.execute(f"INSERT INTO tickets ({', '.join(columns)}) VALUES ({places})", *columns.values())


async def update_ticket(
    tx: Tx, client_id: str, ticket_id: str, version: int, changes: Mapping[str, Any]
) -> bool:
    """Change columns of a ticket that is still at `version`; the version goes up by one."""
    assignments = "".join(f"{name} = ${index}, " for index, name in enumerate(changes, start=4))
    sql = f"""
    UPDATE tickets SET {assignments}version = version + 1, updated_at = now()
    WHERE client_id = $1 AND ticket_id = $2 AND version = $3
    """
    return await tx.execute(sql, client_id, ticket_id, version, *changes.values()) == "UPDATE 1"


async def insert_comment(
    tx: Tx, client_id: str, ticket_id: str, columns: tuple[Any, ...], moves: str
) -> asyncpg.Record | None:
    """Write a comment, and the status it moves the ticket to (`moves`: JSON from status to status).

    None when the ticket is closed. `columns`: comment id, author, name, side, sealed body.
    """
    return await tx.fetchrow(_COMMENT, client_id, ticket_id, *columns, moves)


async def read_comments(
    tx: Tx, client_id: str, ticket_id: str, before: str | None, most: int
) -> list[asyncpg.Record]:
    """The newest comments before one, newest first."""
    return await tx.fetch(_COMMENTS, client_id, ticket_id, before, most)


async def read_page(
    tx: Tx, lines: Sequence[tuple[str, str]], conditions: Sequence[str], values: Sequence[Any], most: int
) -> list[asyncpg.Record]:
    """The newest tickets of these lines: one range of the index a project."""
    narrowed = "".join(f" AND {condition}" for condition in conditions)
    sql = f"""
    SELECT t.* FROM unnest($1::text[], $2::uuid[]) AS mine (client_id, project_id) CROSS JOIN LATERAL (
        SELECT {LIST_COLUMNS} FROM tickets t
        WHERE t.client_id = mine.client_id AND t.project_id = mine.project_id{narrowed}
        ORDER BY {_ORDER} LIMIT {most:d}) t
    ORDER BY {_ORDER} LIMIT {most:d}
    """
    return await tx.fetch(sql, [client for client, _ in lines], [project for _, project in lines], *values)
