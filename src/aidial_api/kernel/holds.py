"""Legal holds as every surface that deletes must see them.

The one thing a newcomer would get wrong: whether a hold covers a call is part of the statement that deletes,
and the lock before it makes a hold that is being placed at the same time be seen. Take the lock before any
row of a call, as retention does.
"""

from __future__ import annotations

from typing import Final

from aidial_api.kernel.transaction import Tx

_LOCK: Final = "SELECT pg_advisory_xact_lock(hashtextextended('legal holds of ' || $1, 0))"
HELD: Final = """EXISTS (
    SELECT FROM legal_holds h WHERE h.client_id = c.client_id AND h.released_at IS NULL
        AND (h.kind = 'tenant' OR h.call_id = c.call_id
             OR (c.started_at >= h.starts_at AND c.started_at < h.ends_at)))"""
"""Whether any hold in force covers the call `c`."""

HELD_SPANS: Final = """
SELECT coalesce(h.starts_at, c.started_at) AS since, coalesce(h.ends_at, c.started_at) AS until
FROM legal_holds h LEFT JOIN calls c ON c.client_id = h.client_id AND c.call_id = h.call_id
WHERE h.client_id = $1 AND h.released_at IS NULL
"""
"""When what the holds in force of a client cover began; no ends: everything. Of a call both are one."""


async def lock_holds(tx: Tx, client_id: str) -> None:
    """From here on no hold of the client is placed before this transaction ends."""
    await tx.execute(_LOCK, client_id)


async def is_held(tx: Tx, client_id: str, call_id: str) -> bool:
    """Whether a hold covers a call of the client."""
    return bool(
        await tx.fetchval(
            f"SELECT {HELD} FROM calls c WHERE c.client_id = $1 AND c.call_id = $2",
            client_id,
            call_id,
        )
    )
