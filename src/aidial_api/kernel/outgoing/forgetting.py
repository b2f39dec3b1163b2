"""Who was written to is known for 90 days, or as long as the tenant keeps transcripts if that is shorter.

The one thing a newcomer would get wrong: 90 days stand in the policy `swept` of the table as well. The
sweeper reaches no tenant and sees nothing younger; a tenant's own time is kept by its run of retention.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from aidial_api.kernel.jobs import Job
from aidial_api.kernel.reach import NOTHING, Reach

if TYPE_CHECKING:
    from datetime import datetime

    from aidial_api.kernel.db import Database

KEPT_FOR: Final = timedelta(days=90)
BATCH_ROWS: Final = 1_000

_SWEEP: Final = """
DELETE FROM deliveries WHERE (client_id, delivery_id) IN (
    SELECT client_id, delivery_id FROM deliveries WHERE created_at <= now() - $1::interval
    ORDER BY created_at LIMIT $2) AND created_at <= now() - $1::interval
"""
_FORGET: Final = """
DELETE FROM deliveries WHERE client_id = $1 AND delivery_id IN (
    SELECT delivery_id FROM deliveries WHERE client_id = $1 AND created_at < $2 ORDER BY created_at LIMIT $3)
"""


async def sweep(db: Database) -> None:
    """Delete what is older than every tenant keeps it, batch by batch."""
    while True:
        async with db.transaction(NOTHING) as tx:
            gone = await tx.execute(_SWEEP, KEPT_FOR, BATCH_ROWS)
        if gone != f"DELETE {BATCH_ROWS}":
            return


async def forget(db: Database, client_id: str, before: datetime) -> None:
    """Delete a tenant's messages made before a moment, batch by batch."""
    while True:
        async with db.transaction(Reach((client_id,))) as tx:
            gone = await tx.execute(_FORGET, client_id, before, BATCH_ROWS)
        if gone != f"DELETE {BATCH_ROWS}":
            return


SWEEP: Final = Job("deliveries.sweep", sweep, cron="20 3 * * *")
