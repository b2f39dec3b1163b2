"""What else in the database a section of settings changes.

The one thing a newcomer would get wrong: the sections themselves are in `kernel/client_settings.py`, because
a client's data governance is one of them too.
"""

from __future__ import annotations

from typing import Final

from aidial_api.kernel.transaction import Tx

_MOVE: Final = """
UPDATE clients SET timezone = $2, version = version + 1 WHERE client_id = $1 AND timezone <> $2
"""
_TIGHTEN: Final = """
UPDATE sessions s SET
    idle_expires_at = least(s.idle_expires_at, s.last_active_at + make_interval(mins => $2)),
    absolute_expires_at = least(s.absolute_expires_at, s.created_at + make_interval(hours => $3))
FROM memberships m
WHERE m.client_id = $1 AND m.status = 'active' AND s.user_id = m.user_id AND s.state = 'active'
"""

_LIMIT: Final = """
UPDATE projects SET max_duration_minutes = $3, version = version + 1
WHERE client_id = $1 AND project_id = $2::uuid AND max_duration_minutes <> $3
"""


async def limit_calls(tx: Tx, client_id: str, project_id: str, minutes: int) -> None:
    """Let calls of a project last no longer than this."""
    await tx.execute(_LIMIT, client_id, project_id, minutes)


async def move(tx: Tx, client_id: str, timezone: str) -> None:
    """Let the tenant's days begin in another zone."""
    await tx.execute(_MOVE, client_id, timezone)


async def tighten(tx: Tx, client_id: str, idle_minutes: int | None, absolute_hours: int | None) -> None:
    """Let open sessions of a tenant's people end no later than these limits say; None is no limit."""
    await tx.execute(_TIGHTEN, client_id, idle_minutes, absolute_hours)
