"""Counts of calls made anew by whoever owns the database: after a bulk load, or to be sure.

Safe while calls come in and dashboards are read. The one thing a newcomer would get wrong: the owner is bound
by the policies like everybody; it learns which tenants there are as the look-up role, which it may become.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from datetime import datetime

from aidial_api.kernel import call_counts
from aidial_api.kernel.call_counts import Recounted
from aidial_api.kernel.db import NOTHING, owner_transaction
from aidial_api.kernel.reach import Reach

Part = tuple[str, datetime, datetime]
"""A tenant and some days of UTC."""


async def every_client(owner_url: str) -> Sequence[str]:
    """The ids of every tenant."""
    async with owner_transaction(owner_url, NOTHING) as tx:
        await tx.execute("SET LOCAL ROLE aidial_lookup")
        rows = await tx.fetch("SELECT client_id FROM clients ORDER BY client_id")
    return [row["client_id"] for row in rows]


async def parts_of(owner_url: str, client_ids: Sequence[str]) -> Sequence[Part]:
    """What there is to count of some tenants."""
    found: list[Part] = []
    for client_id in client_ids:
        async with owner_transaction(owner_url, Reach((client_id,))) as tx:
            days = await call_counts.counted_parts(tx, client_id)
        found += [(client_id, since, until) for since, until in days]
    return found


async def recount(owner_url: str, parts: Sequence[Part]) -> AsyncGenerator[Recounted, None]:
    """Count the parts anew, a transaction each; what is done stays done when it is broken off."""
    for client_id, since, until in parts:
        async with owner_transaction(owner_url, Reach((client_id,))) as tx:
            yield await call_counts.recount(tx, client_id, since, until)
