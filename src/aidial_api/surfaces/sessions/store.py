"""Sessions in the database: every statement that reads or writes one.

The one thing a newcomer would get wrong: the scope of a session is its person. Row-level security would show
an administrator the sessions of their tenant's people; every statement here names the owner as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from aidial_api.kernel.transaction import Tx
from aidial_contract.scope import Reach

_COLUMNS = (
    "session_id, device_label, created_at, last_active_at, idle_expires_at, absolute_expires_at, state,"
    " token_generation, token_set, lease_generation, lease_until"
)
_FIND = f"SELECT {_COLUMNS} FROM sessions WHERE user_id = $1 AND session_id = $2"
_LIVE = f"""
SELECT {_COLUMNS} FROM sessions
WHERE user_id = $1 AND state = 'active' AND idle_expires_at > $2 AND absolute_expires_at > $2
ORDER BY last_active_at DESC, session_id DESC
"""
_INSERT = """
INSERT INTO sessions (session_id, user_id, issuer, subject, sid, device_label, ip, created_at, last_active_at,
                      idle_expires_at, absolute_expires_at, mfa_satisfied, auth_time, token_set)
VALUES ($1, $2, $3, $4, $5, $6, $7::text::inet, $8, $8, $9, $10, $11, $12, $13)
"""
_TOUCH = f"""
UPDATE sessions SET last_active_at = $3, idle_expires_at = least($4, absolute_expires_at)
WHERE user_id = $1 AND session_id = $2 AND state = 'active' AND last_active_at <= $5
RETURNING {_COLUMNS}
"""
_END = """
UPDATE sessions SET state = $3, revoked_reason = $4, revoked_at = $5
WHERE user_id = $1 AND session_id = any($2::uuid[]) AND state = 'active'
RETURNING session_id
"""
_END_OF_ISSUER = """
UPDATE sessions SET state = 'revoked', revoked_reason = 'backchannel_logout', revoked_at = $5
WHERE user_id = $1 AND issuer = $2 AND subject = $3 AND ($4::text IS NULL OR sid = $4) AND state = 'active'
RETURNING session_id
"""
_LEASE = f"""
UPDATE sessions SET lease_generation = token_generation, lease_until = $4
WHERE user_id = $1 AND session_id = $2 AND state = 'active'
    AND (lease_generation IS DISTINCT FROM token_generation OR lease_until <= $3)
RETURNING {_COLUMNS}
"""
_STORE_TOKENS = """
UPDATE sessions SET token_set = $4, token_generation = token_generation + 1,
                    lease_generation = NULL, lease_until = NULL
WHERE user_id = $1 AND session_id = $2 AND state = 'active' AND token_generation = $3
RETURNING token_generation
"""
_POLICY = "SELECT value FROM client_settings WHERE client_id = $1 AND section = 'session-policy'"
_MEMBER = """
SELECT m.client_id, m.user_id FROM memberships m
WHERE m.client_id = any($1::text[]) AND m.user_id = $2 AND m.status <> 'removed'
"""
_CLIENT = """
SELECT client_id FROM clients
WHERE client_id = $1 AND client_id = any($2::text[]) AND lifecycle <> 'archived'
"""
_LIVE_OF_CLIENT = """
SELECT s.session_id, s.user_id, u.email, u.first_name, u.last_name, m.role, s.device_label, s.created_at,
    s.last_active_at
FROM memberships m JOIN users u ON u.user_id = m.user_id JOIN sessions s ON s.user_id = m.user_id
WHERE m.client_id = $1 AND m.status <> 'removed'
    AND s.state = 'active' AND s.idle_expires_at > $2 AND s.absolute_expires_at > $2
    AND ($3::uuid IS NULL OR s.session_id < $3)
ORDER BY s.session_id DESC LIMIT $4
"""
_ONE_OF_CLIENT = """
SELECT m.client_id, s.user_id, s.session_id FROM memberships m
JOIN sessions s ON s.user_id = m.user_id
JOIN clients c ON c.client_id = m.client_id AND c.lifecycle <> 'archived'
WHERE m.client_id = any($1::text[]) AND m.status <> 'removed' AND s.session_id = $2 AND s.state = 'active'
    AND s.idle_expires_at > $3 AND s.absolute_expires_at > $3
LIMIT 1
"""
_CLIENTS = """
SELECT c.client_id, c.name, c.timezone, c.sms_otp, o.sms_otp AS partner_sms_otp
FROM clients c LEFT JOIN partner_orgs o ON o.partner_org_id = c.partner_org_id
WHERE c.client_id = any($1::text[]) ORDER BY c.name, c.client_id
"""
_SMS_CODES = """
SELECT c.client_id AS organisation FROM clients c WHERE c.client_id = $1 AND c.sms_otp
UNION ALL
SELECT o.partner_org_id FROM partner_orgs o WHERE $1::text IS NULL AND o.partner_org_id = $2 AND o.sms_otp
"""
_PROJECTS = """
SELECT p.client_id, p.project_id, p.display_name, p.timezone, p.is_active
FROM unnest($1::text[], $2::uuid[]) AS mine (client_id, project_id)
JOIN projects p ON p.client_id = mine.client_id AND p.project_id = mine.project_id
ORDER BY p.client_id, p.display_name, p.project_id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRow:
    """A session to be written."""

    session_id: str
    user_id: str
    issuer: str
    subject: str
    sid: str | None
    device_label: str
    ip: str
    now: datetime
    idle_expires_at: datetime
    absolute_expires_at: datetime
    mfa_satisfied: bool
    auth_time: datetime | None
    token_set: bytes | None


async def find_own(tx: Tx, user_id: str, session_id: str) -> asyncpg.Record | None:
    """One of a person's sessions, live or ended."""
    return await tx.fetchrow(_FIND, user_id, session_id)


async def list_live(tx: Tx, user_id: str, now: datetime) -> Sequence[asyncpg.Record]:
    """A person's sessions that still count, the last used one first."""
    return await tx.fetch(_LIVE, user_id, now)


async def hold_person(tx: Tx, user_id: str) -> None:
    """Let one registration of a person wait for the other, so that both count right."""
    await tx.execute("SELECT FROM users WHERE user_id = $1 FOR NO KEY UPDATE", user_id)


async def bind_subject(tx: Tx, user_id: str, subject: str) -> bool:
    """Give an invited person their subject; False when somebody has it already."""
    tag = await tx.execute(
        "UPDATE users SET subject = $2, version = version + 1 WHERE user_id = $1 AND subject IS NULL",
        user_id,
        subject,
    )
    return tag == "UPDATE 1"


async def insert_session(tx: Tx, row: NewRow) -> None:
    """Write a new session."""
    await tx.execute(
        _INSERT,
        row.session_id,
        row.user_id,
        row.issuer,
        row.subject,
        row.sid,
        row.device_label,
        row.ip,
        row.now,
        row.idle_expires_at,
        row.absolute_expires_at,
        row.mfa_satisfied,
        row.auth_time,
        row.token_set,
    )


async def touch(
    tx: Tx, user_id: str, session_id: str, now: datetime, *, idle_until: datetime, untouched_since: datetime
) -> asyncpg.Record | None:
    """Slide the idle window; None, and nothing written, when it was touched after `untouched_since`."""
    return await tx.fetchrow(_TOUCH, user_id, session_id, now, idle_until, untouched_since)


async def end(
    tx: Tx, user_id: str, session_ids: Sequence[str], reason: str, now: datetime, *, state: str = "revoked"
) -> list[str]:
    """End those of a person's sessions that are still active; gives back which."""
    rows = await tx.fetch(_END, user_id, list(session_ids), state, reason, now)
    return [str(row["session_id"]) for row in rows]


async def end_of_issuer(
    tx: Tx, user_id: str, issuer: str, subject: str, sid: str | None, now: datetime
) -> list[str]:
    """End a person's active sessions of one sign-in at the issuer; of every one when `sid` is None."""
    rows = await tx.fetch(_END_OF_ISSUER, user_id, issuer, subject, sid, now)
    return [str(row["session_id"]) for row in rows]


async def take_lease(
    tx: Tx, user_id: str, session_id: str, now: datetime, until: datetime
) -> asyncpg.Record | None:
    """Take the right to refresh this generation; None when another holds it."""
    return await tx.fetchrow(_LEASE, user_id, session_id, now, until)


async def store_tokens(
    tx: Tx, user_id: str, session_id: str, expected_generation: int, token_set: bytes
) -> int | None:
    """Store a token set as the next generation; None when `expected_generation` is not the current one."""
    generation: int | None = await tx.fetchval(
        _STORE_TOKENS, user_id, session_id, expected_generation, token_set
    )
    return generation


async def find_member(tx: Tx, client_ids: Sequence[str], user_id: str) -> asyncpg.Record | None:
    """A person of one of these clients, suspended ones too."""
    return await tx.fetchrow(_MEMBER, list(client_ids), user_id)


async def find_client(tx: Tx, reach: Reach, client_id: str) -> asyncpg.Record | None:
    """A client in reach that is not archived."""
    return await tx.fetchrow(_CLIENT, client_id, list(reach.client_ids))


async def list_live_of_client(
    tx: Tx, client_id: str, now: datetime, before: str | None, most: int
) -> Sequence[asyncpg.Record]:
    """At most `most` sessions of a client's people that count at `now`, begun before one, newest first."""
    return await tx.fetch(_LIVE_OF_CLIENT, client_id, now, before, most)


async def find_live_of_client(
    tx: Tx, client_ids: Sequence[str], session_id: str, now: datetime
) -> asyncpg.Record | None:
    """A session of somebody of one of these clients that counts at `now`."""
    return await tx.fetchrow(_ONE_OF_CLIENT, list(client_ids), session_id, now)


async def session_policy(tx: Tx, client_id: str) -> str | None:
    """What a tenant says of its people's sessions, as JSON; None when it never said."""
    value: str | None = await tx.fetchval(_POLICY, client_id)
    return value


async def sms_codes_of(tx: Tx, client_id: str | None, partner_org_id: str | None) -> asyncpg.Record | None:
    """The organisation of a person, when AiDial let its people use codes by SMS."""
    return await tx.fetchrow(_SMS_CODES, client_id, partner_org_id)


async def list_clients(tx: Tx, reach: Reach) -> Sequence[asyncpg.Record]:
    """The clients in reach, by name."""
    return await tx.fetch(_CLIENTS, list(reach.client_ids))


async def list_projects(tx: Tx, reach: Reach) -> Sequence[asyncpg.Record]:
    """The projects in reach, by client and name."""
    return await tx.fetch(
        _PROJECTS,
        [project.client_id for project in reach.projects],
        [project.project_id for project in reach.projects],
    )
