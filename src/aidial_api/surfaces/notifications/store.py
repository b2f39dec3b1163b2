"""Calls as a message tells of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import asyncpg

    from aidial_api.kernel.transaction import Tx

_LABEL: Final = """coalesce((SELECT t.label FROM project_terms t WHERE t.client_id = c.client_id
    AND t.project_id = c.project_id AND t.kind = '{kind}' AND t.code = c.{column}), c.{column})"""
_ENDED_CALL: Final = f"""
SELECT c.client_id, c.call_id::text AS call_id, c.project_id::text AS project_id, c.status, c.channel,
    c.direction, c.started_at, c.duration_seconds, c.from_number, c.to_number, c.agent_name, c.summary,
    c.transcript_state, s.deleted_for, s.turns, p.display_name, p.timezone,
    {_LABEL.format(kind="outcome", column="outcome")} AS outcome,
    {_LABEL.format(kind="call_type", column="call_type")} AS call_type
FROM calls c
JOIN projects p ON p.client_id = c.client_id AND p.project_id = c.project_id
JOIN transcripts s ON s.client_id = c.client_id AND s.call_id = c.call_id
WHERE c.client_id = $1 AND c.call_id = $2 AND c.status <> 'live'
"""


async def ended_call(tx: Tx, client_id: str, call_id: str) -> asyncpg.Record | None:
    """A call that is over, with its project and its redacted turns as JSON."""
    return await tx.fetchrow(_ENDED_CALL, client_id, call_id)


_TRANSFER: Final = """
SELECT c.call_id::text AS call_id, c.direction, c.started_at, c.duration_seconds, c.from_number, c.to_number,
    c.transfer ->> 'destination' AS destination, c.transfer ->> 'result' AS result,
    p.display_name, p.timezone
FROM calls c JOIN projects p ON p.client_id = c.client_id AND p.project_id = c.project_id
WHERE c.client_id = $1 AND c.call_id = $2 AND c.transfer IS NOT NULL
"""
# Two reports of one call at once wait here for each other.
_ONE_ROUND: Final = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))"
TOLD: Final = """
SELECT EXISTS (SELECT FROM deliveries WHERE client_id = $1 AND about_id = $2::uuid AND kind = $3)
"""


async def transfer_of(tx: Tx, client_id: str, call_id: str) -> asyncpg.Record | None:
    """A call that was to be handed over: to whom, and what came of it."""
    return await tx.fetchrow(_TRANSFER, client_id, call_id)


async def was_told(tx: Tx, client_id: str, call_id: str, kind: str) -> bool:
    """Whether anybody was sent a message of a kind about a call; who asks next waits for this transaction."""
    await tx.execute(_ONE_ROUND, f"{kind} {call_id}")
    return bool(await tx.fetchval(TOLD, client_id, call_id, kind))
