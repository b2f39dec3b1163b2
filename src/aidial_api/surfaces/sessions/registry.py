"""The registry's rules: how a session begins, lasts and ends. `contract.md` sections 7 and 8.

The one thing a newcomer would get wrong: whoever ends a session also drops it from this process's memory on
commit; other processes hear of it from the database.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import asyncpg

from aidial_api.kernel.actor import Person
from aidial_api.kernel.ask import Ask
from aidial_api.kernel.audit import Event, record
from aidial_api.kernel.clock import utc_now
from aidial_api.surfaces.sessions import expiry, store
from aidial_api.surfaces.sessions.first_sign_in import bind
from aidial_api.surfaces.sessions.policy import Limits, limits_of
from aidial_contract import errors
from aidial_contract.fault import Fault
from aidial_contract.ids import new_id
from aidial_contract.shapes.sessions import NewSession, RegisteredSession, SessionState, SessionStatus

EXPIRING = timedelta(minutes=5)
LEASE = timedelta(seconds=5)
SID_CHARACTERS = 255
EndState = Literal["revoked", "expired"]
STATE_AFTER: dict[str, EndState] = {"signed_out": "revoked", "refresh_refused": "expired"}


def state_of(row: asyncpg.Record, now: datetime) -> SessionState:
    """`expiring` when less than five minutes are left."""
    return "expiring" if _end_of(row) - now < EXPIRING else "active"


def _end_of(row: asyncpg.Record) -> datetime:
    end: datetime = min(row["idle_expires_at"], row["absolute_expires_at"])
    return end


def person_of(ask: Ask) -> Person:
    """The person who asks; rows of this module take no keys."""
    if ask.actor.person is None:
        raise RuntimeError("a session row was asked by a key")
    return ask.actor.person


async def register(ask: Ask) -> RegisteredSession:
    """Begin a session from the ID token of the body.

    Errors: 401 `token_*` when the ID token proves nothing; 404 `not_found` for a person AiDial does not know.
    """
    body: NewSession = ask.body
    claims = await ask.services.verifier.id_claims(body.id_token, person_of(ask).subject, body.nonce)
    if not person_of(ask).user_id:
        await bind(ask, claims)
    now, limits = utc_now(), await limits_of(ask)
    await _make_room(ask, now, limits.concurrent)
    row = _new_row(ask, claims, now, limits)
    await store.insert_session(ask.tx, row)
    await record(
        ask,
        event(ask, "created", row.session_id, technical={"second_factor": row.mfa_satisfied}),
    )
    await expiry.watch(ask.tx, person_of(ask), row.session_id, row.idle_expires_at)
    soon = row.idle_expires_at - now < EXPIRING
    return RegisteredSession(
        session_id=row.session_id,
        state="expiring" if soon else "active",
        idle_expires_at=row.idle_expires_at,
        absolute_expires_at=row.absolute_expires_at,
    )


async def _make_room(ask: Ask, now: datetime, most: int) -> None:
    """End the session this one takes the place of, and the oldest ones beyond the limit."""
    user_id = person_of(ask).user_id
    await store.hold_person(ask.tx, user_id)
    if ask.session is not None:
        await end(ask, [ask.session.session_id], "replaced")
    live = await store.list_live(ask.tx, user_id, now)
    surplus = len(live) + 1 - most
    if surplus > 0:
        oldest = sorted(live, key=lambda row: (row["created_at"], row["session_id"]))[:surplus]
        await end(ask, [str(row["session_id"]) for row in oldest], "concurrent_limit")


def _new_row(ask: Ask, claims: dict[str, Any], now: datetime, limits: Limits) -> store.NewRow:
    settings, person, body = ask.services.settings, person_of(ask), ask.body
    absolute = now + limits.absolute
    auth_time, sid = claims.get("auth_time"), claims.get("sid")
    return store.NewRow(
        session_id=new_id(),
        user_id=person.user_id,
        issuer=settings.issuer,
        subject=person.subject,
        sid=sid if isinstance(sid, str) and len(sid) <= SID_CHARACTERS else None,
        device_label=body.device_label,
        ip=ask.client_ip,
        now=now,
        idle_expires_at=min(now + limits.idle, absolute),
        absolute_expires_at=absolute,
        mfa_satisfied=second_factor_shown(claims, settings.mfa_amr),
        auth_time=datetime.fromtimestamp(auth_time, UTC) if auth_time else None,
        token_set=body.tokens.encode() if body.tokens is not None else None,
    )


def second_factor_shown(claims: dict[str, Any], accepted: Sequence[str]) -> bool:
    """Whether the issuer says a second factor was shown: `mfa` in `amr`, or one of `accepted`."""
    amr = claims.get("amr")
    return isinstance(amr, list) and any(isinstance(one, str) and one in {"mfa", *accepted} for one in amr)


async def touch(ask: Ask) -> SessionStatus:
    """Slide the idle window, never beyond the absolute end; a touch soon after another writes nothing."""
    settings, now, row = ask.services.settings, utc_now(), ask.found
    untouched_since = now - timedelta(seconds=settings.touch_seconds)
    if row["last_active_at"] <= untouched_since:
        touched = await store.touch(
            ask.tx,
            person_of(ask).user_id,
            str(row["session_id"]),
            now,
            idle_until=now + (await limits_of(ask)).idle,
            untouched_since=untouched_since,
        )
        _forget(ask, str(row["session_id"]))
        row = touched or row
    return status_of(row)


def status_of(row: asyncpg.Record) -> SessionStatus:
    """A session's state and ends."""
    return SessionStatus(
        state=state_of(row, utc_now()),
        idle_expires_at=row["idle_expires_at"],
        absolute_expires_at=row["absolute_expires_at"],
    )


async def end(ask: Ask, session_ids: Sequence[str], reason: str, *, state: EndState = "revoked") -> int:
    """End some of one's own sessions, each with its event; gives back how many were still alive."""
    ended = await store.end(ask.tx, person_of(ask).user_id, session_ids, reason, utc_now(), state=state)
    for session_id in ended:
        await record(ask, event(ask, state, session_id, why=reason))
        _forget(ask, session_id)
    return len(ended)


async def take_lease(ask: Ask) -> tuple[bool, asyncpg.Record]:
    """Try to become who refreshes this generation of tokens; gives back whether, and the session as it is."""
    user_id, session_id, now = person_of(ask).user_id, str(ask.found["session_id"]), ask.services.clock()
    held = ask.found
    if held["lease_generation"] == held["token_generation"] and held["lease_until"] > now:
        return False, held
    won = await store.take_lease(ask.tx, user_id, session_id, now, now + LEASE)
    if won is not None:
        return True, won
    row = await store.find_own(ask.tx, user_id, session_id)
    if row is None or row["state"] != "active":
        raise Fault(errors.SESSION_REVOKED, reason="ended while a lease was asked for")
    return False, row


async def store_tokens(ask: Ask) -> int:
    """Store the winner's tokens as the next generation. 409 `version_conflict` with the current one."""
    user_id, session_id = person_of(ask).user_id, str(ask.found["session_id"])
    generation = await store.store_tokens(
        ask.tx, user_id, session_id, ask.body.expected_generation, ask.body.tokens.encode()
    )
    if generation is None:
        row = await store.find_own(ask.tx, user_id, session_id)
        current = row["token_generation"] if row else ask.found["token_generation"]
        raise Fault(
            errors.VERSION_CONFLICT, details={"current_version": current}, reason="another generation"
        )
    await record(ask, event(ask, "tokens_renewed", session_id, technical={"token_generation": generation}))
    _forget(ask, session_id)
    return generation


def _forget(ask: Ask, session_id: str) -> None:
    ask.on_commit.append(lambda: ask.services.credentials.forget_session(session_id))


def event(
    ask: Ask,
    verb: str,
    session_id: str,
    *,
    why: str | None = None,
    technical: dict[str, Any] | None = None,
) -> Event:
    """The event of a session, of the tenant or partner the person acts for; `verb` may be a whole action."""
    person = person_of(ask)
    return Event(
        action=verb if "." in verb else f"sessions.session.{verb}",
        target_kind="session",
        target_id=session_id,
        client_id=person.client_id if person.client_id in ask.reach.client_ids else None,
        partner_org_id=person.partner_org_id,
        why=why,
        technical=technical,
    )
