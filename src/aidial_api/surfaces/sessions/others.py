"""A customer user's sessions, looked after by the partner who manages that client.

The one thing a newcomer would get wrong: the person is found through the client of the path. Somebody of
another client of the same partner is the same 404 as nobody at all.
"""

from __future__ import annotations

from typing import Final

import asyncpg

from aidial_api.kernel.ask import Ask
from aidial_api.kernel.audit import Event, record
from aidial_api.kernel.clock import utc_now
from aidial_api.kernel.route import Answer
from aidial_api.surfaces.sessions import store
from aidial_contract.ids import parse_uuid
from aidial_contract.shapes.sessions import Revoked, SessionList, SessionRow

REASON: Final = "revoked_by_administrator"
NOBODY: Final = "00000000-0000-0000-0000-000000000000"


async def find(ask: Ask) -> asyncpg.Record | None:
    """The membership of the path's person in the path's client, through the scope."""
    user_id = parse_uuid(ask.path["user_id"]) or NOBODY
    return await store.find_member(ask.tx, ask.reach.client_ids, user_id)


async def show_list(ask: Ask) -> Answer:
    """The person's live sessions, the last used one first; none of them is the asker's own."""
    rows = await store.list_live(ask.tx, str(ask.found["user_id"]), utc_now())
    sessions = [
        SessionRow(
            session_id=str(row["session_id"]),
            device=row["device_label"],
            location=None,
            created_at=row["created_at"],
            last_active_at=row["last_active_at"],
            current=False,
        )
        for row in rows
    ]
    return Answer(SessionList(sessions=sessions))


async def revoke(ask: Ask) -> Answer:
    """How many of the person's sessions were ended, each with its event."""
    user_id, now = str(ask.found["user_id"]), utc_now()
    live = [str(row["session_id"]) for row in await store.list_live(ask.tx, user_id, now)]
    ended = await store.end(ask.tx, user_id, live, REASON, now)
    for session_id in ended:
        event = Event(
            action="sessions.session.revoked",
            target_kind="session",
            target_id=session_id,
            client_id=ask.found["client_id"],
            why=REASON,
        )
        await record(ask, event)
        _forget(ask, session_id)
    return Answer(Revoked(revoked=len(ended)))


def _forget(ask: Ask, session_id: str) -> None:
    ask.on_commit.append(lambda: ask.services.credentials.forget_session(session_id))
