"""Sessions past their end: their state is brought to what every check already says.

The one thing a newcomer would get wrong: no session lives on because this job is late; the guard compares
times. The job exists so that lists, audit and retention see an ended session as ended.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

from aidial_api.kernel.jobs import Job, enqueue
from aidial_api.kernel.reach import Reach
from aidial_api.surfaces.sessions import store
from aidial_contract.ids import new_id

if TYPE_CHECKING:
    from aidial_api.kernel.actor import Person
    from aidial_api.kernel.db import Database
    from aidial_api.kernel.transaction import Tx

_EVENT = """
INSERT INTO audit_events (event_id, client_id, partner_org_id, actor_kind, actor_label, action, target_kind,
                          target_id, why)
VALUES ($1, $2, $3, 'system', 'worker', 'sessions.session.expired', 'session', $4, $5)
"""


async def watch(tx: Tx, person: Person, session_id: str, ends_at: datetime) -> None:
    """Have a new session looked at when its idle window closes."""
    about = {
        "user_id": person.user_id,
        "session_id": session_id,
        "client_id": person.client_id or "",
        "partner_org_id": person.partner_org_id or "",
    }
    await enqueue(tx, EXPIRE.name, about, at=ends_at)


async def expire(
    db: Database, *, user_id: str, session_id: str, client_id: str = "", partner_org_id: str = ""
) -> None:
    """End the session when its time is over; look again later when it was used meanwhile."""
    reach = Reach((client_id,) if client_id else (), actor_id=user_id, partner_org_id=partner_org_id or None)
    async with db.transaction(reach) as tx:
        now: datetime = await tx.fetchval("SELECT now()")
        row = await store.find_own(tx, user_id, session_id)
        if row is None or row["state"] != "active":
            return
        ends_at = min(row["idle_expires_at"], row["absolute_expires_at"])
        if ends_at > now:
            about = {
                "user_id": user_id,
                "session_id": session_id,
                "client_id": client_id,
                "partner_org_id": partner_org_id,
            }
            await enqueue(tx, EXPIRE.name, about, at=ends_at)
            return
        why = "absolute" if row["absolute_expires_at"] <= now else "idle"
        if await store.end(tx, user_id, [session_id], why, now, state="expired"):
            await tx.execute(_EVENT, new_id(), client_id or None, partner_org_id or None, session_id, why)


EXPIRE: Final = Job("sessions.expire", expire)
