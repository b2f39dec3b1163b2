"""The HTTP of sessions.

A portal's flow: after the callback it registers (`POST /v1/sessions`, bearer and ID token, no session
header), and only then asks `GET /v1/session-context` with the bearer and the new session. A person whose
first sign-in this is, is known from the registration on: the access token alone carries no e-mail, so before
it the context says "unassigned". 404 on registration: AiDial does not know the person.

The one thing a newcomer would get wrong: "own" is not enough. State, touch, lease and tokens are of the
session that asks; another one of the same person is the same 404 as a stranger's.
"""

from __future__ import annotations

import asyncpg

from aidial_api.kernel.ask import Ask
from aidial_api.kernel.clock import utc_now
from aidial_api.kernel.route import Answer
from aidial_api.surfaces.sessions import context, registry, store
from aidial_contract import errors
from aidial_contract.fault import Fault
from aidial_contract.ids import parse_uuid
from aidial_contract.shapes.sessions import (
    RefreshLease,
    Revoked,
    SessionList,
    SessionRow,
    StoredTokens,
)

CREATED = 201
NO_CONTENT = 204
NO_SESSION = "00000000-0000-0000-0000-000000000000"


async def find_own(ask: Ask) -> asyncpg.Record | None:
    """The session of the path, when it is one of the asker's that is still active."""
    row = await _find(ask)
    return row if row is not None and row["state"] == "active" else None


async def find_current(ask: Ask) -> asyncpg.Record | None:
    """The session of the path, when it is the one that asks. 401 when it has ended since it was checked."""
    row = await _find(ask)
    if row is None or ask.session is None or str(row["session_id"]) != ask.session.session_id:
        return None
    if row["state"] == "revoked":
        raise Fault(errors.SESSION_REVOKED, reason="revoked a moment ago")
    if row["state"] == "expired":
        raise Fault(errors.SESSION_EXPIRED, reason="expired a moment ago")
    return row


async def _find(ask: Ask) -> asyncpg.Record | None:
    session_id = parse_uuid(ask.path["session_id"]) or NO_SESSION
    user_id = registry.person_of(ask).user_id or NO_SESSION
    return await store.find_own(ask.tx, user_id, session_id)


async def show_context(ask: Ask) -> Answer:
    """Who asks, and what they reach."""
    return Answer(await context.describe(ask))


async def create(ask: Ask) -> Answer:
    """201 with the new session's id and ends."""
    return Answer(await registry.register(ask), status=CREATED)


async def show_state(ask: Ask) -> Answer:
    """State and ends of the session that asks."""
    return Answer(registry.status_of(ask.found))


async def touch(ask: Ask) -> Answer:
    """The same, after its idle window slid."""
    return Answer(await registry.touch(ask))


async def show_list(ask: Ask) -> Answer:
    """The asker's live sessions, the current one first."""
    rows = await store.list_live(ask.tx, registry.person_of(ask).user_id, utc_now())
    current = ask.session.session_id if ask.session else ""
    sessions = [
        SessionRow(
            session_id=str(row["session_id"]),
            device=row["device_label"],
            location=None,
            created_at=row["created_at"],
            last_active_at=row["last_active_at"],
            current=str(row["session_id"]) == current,
        )
        for row in rows
    ]
    return Answer(SessionList(sessions=sorted(sessions, key=lambda one: not one.current)))


async def revoke(ask: Ask) -> Answer:
    """204. Revoking the session that asks is signing out."""
    session_id = str(ask.found["session_id"])
    is_current = ask.session is not None and session_id == ask.session.session_id
    await registry.end(ask, [session_id], "signed_out" if is_current else "revoked_by_owner")
    return Answer(status=NO_CONTENT)


async def revoke_others(ask: Ask) -> Answer:
    """How many of the asker's other sessions were ended."""
    rows = await store.list_live(ask.tx, registry.person_of(ask).user_id, utc_now())
    current = ask.session.session_id if ask.session else ""
    others = [str(row["session_id"]) for row in rows if str(row["session_id"]) != current]
    return Answer(Revoked(revoked=await registry.end(ask, others, "revoked_by_owner")))


async def sign_out(ask: Ask) -> Answer:
    """204. A refused refresh makes the session expired, a sign-out makes it revoked."""
    reason = ask.body.reason
    state = registry.STATE_AFTER[reason]
    await registry.end(ask, [str(ask.found["session_id"])], reason, state=state)
    return Answer(status=NO_CONTENT)


async def lease(ask: Ask) -> Answer:
    """Whether the asker is to refresh the tokens, and the newest ones stored."""
    won, row = await registry.take_lease(ask)
    tokens = row["token_set"]
    return Answer(
        RefreshLease(
            won=won,
            token_generation=row["token_generation"],
            lease_until=row["lease_until"],
            tokens=None if tokens is None else tokens.decode(),
            taken_over=won and ask.found["lease_generation"] == row["token_generation"],
        )
    )


async def store_tokens(ask: Ask) -> Answer:
    """The generation now stored."""
    return Answer(StoredTokens(token_generation=await registry.store_tokens(ask)))
