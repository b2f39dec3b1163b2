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


async def move(tx: Tx, client_id: str, timezone: str) -> None:
    """Let the tenant's days begin in another zone."""
    await tx.execute(_MOVE, client_id, timezone)
