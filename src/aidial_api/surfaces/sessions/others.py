"""Customer users' sessions, looked after by the partner who manages that client.

The one thing a newcomer would get wrong: the person, or the session, is found through the client of the path.
Somebody of another client of the same partner is the same 404 as nobody at all.
"""

from __future__ import annotations

from typing import Final

import asyncpg

from aidial_api.kernel.ask import Ask
from aidial_api.kernel.audit import Event, record
from aidial_api.kernel.clock import utc_now
from aidial_api.kernel.paging import read_cursor
from aidial_api.kernel.route import Answer
from aidial_api.surfaces.sessions import store
from aidial_contract.ids import parse_uuid, plain_id
from aidial_contract.shapes.sessions import (
    CustomerSession,
    CustomerSessionList,
    Revoked,
    SessionList,
    SessionRow,
)

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


async def find_client(ask: Ask) -> asyncpg.Record | None:
    """The client the path names."""
    return await store.find_client(ask.tx, ask.reach, plain_id(ask.path["client_id"]))


async def show_list_of_client(ask: Ask) -> Answer:
    """One page of the live sessions of a client's people."""
    client_id, limit = ask.found["client_id"], ask.query["limit"]
    bound = ("sessions of a client", client_id)
    before = read_cursor(ask.services.cursors, ask.query["cursor"], str, *bound)
    rows = await store.list_live_of_client(ask.tx, client_id, utc_now(), before, limit + 1)
    more, rows = len(rows) > limit, rows[:limit]
    cursor = ask.services.cursors.encode(str(rows[-1]["session_id"]), *bound) if more else None
    sessions = [
        CustomerSession(
            session_id=str(row["session_id"]),
            user_id=str(row["user_id"]),
            person=row["email"],
            name=" ".join(filter(None, (row["first_name"], row["last_name"]))),
            role=row["role"],
            device=row["device_label"],
            created_at=row["created_at"],
            last_active_at=row["last_active_at"],
        )
        for row in rows
    ]
    return Answer(CustomerSessionList(sessions=sessions, next_cursor=cursor))


async def find_session(ask: Ask) -> asyncpg.Record | None:
    """The live session of the path, of somebody of the path's client, through the scope."""
    session_id = parse_uuid(ask.path["user_session_id"]) or NOBODY
    return await store.find_live_of_client(ask.tx, ask.reach.client_ids, session_id, utc_now())


async def revoke_one(ask: Ask) -> Answer:
    """204: this one ended, or had ended a moment before."""
    await _end(ask, [str(ask.found["session_id"])])
    return Answer(None, 204)


async def revoke(ask: Ask) -> Answer:
    """How many of the person's sessions were ended, each with its event."""
    user_id = str(ask.found["user_id"])
    live = [str(row["session_id"]) for row in await store.list_live(ask.tx, user_id, utc_now())]
    return Answer(Revoked(revoked=await _end(ask, live)))


async def _end(ask: Ask, session_ids: list[str]) -> int:
    """How many of these sessions of the found person were ended, each with its event."""
    ended = await store.end(ask.tx, str(ask.found["user_id"]), session_ids, REASON, utc_now())
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
    return len(ended)


def _forget(ask: Ask, session_id: str) -> None:
    ask.on_commit.append(lambda: ask.services.credentials.forget_session(session_id))
