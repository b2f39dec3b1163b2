"""Calls that stay live for too long: nobody reported their end, so a person should look.

Source: `product.md` section 3. The one thing a newcomer would get wrong: the check is enqueued when the live
call is delivered, but what counts is the project's maximum duration when it runs.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from aidial_api.kernel import news
from aidial_api.kernel.jobs import Job, enqueue
from aidial_api.kernel.reach import Reach
from aidial_api.surfaces.calls import store
from aidial_contract.ids import new_id

if TYPE_CHECKING:
    from aidial_api.kernel.db import Database
    from aidial_api.kernel.transaction import Tx

GRACE: Final = timedelta(minutes=10)
"""How long a call may stay live beyond its project's maximum duration."""
REASON: Final = "stalled"
"""Why somebody should look at such a call, until its end is told."""

_EVENT = """
INSERT INTO audit_events (event_id, client_id, actor_kind, actor_label, action, target_kind, target_id,
                          project_id)
VALUES ($1, $2, 'system', 'worker', 'calls.call.stalled', 'call', $3, $4)
"""


async def watch(tx: Tx, client_id: str, project_id: str, call_id: str, started_at: datetime) -> None:
    """Have a live call looked at once it is overdue."""
    longest = await store.longest_call(tx, client_id, project_id)
    await enqueue(
        tx, CHECK.name, {"client_id": client_id, "call_id": call_id}, at=started_at + longest + GRACE
    )


async def check(db: Database, *, client_id: str, call_id: str) -> None:
    """Mark the call when it is overdue; look again later when the project's maximum has grown meanwhile."""
    async with db.transaction(Reach((client_id,))) as tx:
        call = await store.live_call(tx, client_id, call_id)
        if call is None:
            return
        due_at = call["started_at"] + timedelta(minutes=call["max_duration_minutes"]) + GRACE
        if due_at > call["now"]:
            await enqueue(tx, CHECK.name, {"client_id": client_id, "call_id": call_id}, at=due_at)
            return
        await store.mark_stalled(tx, client_id, call_id, REASON)
        await tx.execute(_EVENT, new_id(), client_id, call_id, call["project_id"])
        await tx.execute(news.TELL, news.line(client_id, str(call["project_id"]), call_id))


CHECK: Final = Job("calls.stalled", check)
