"""`/v1/api-keys`: made, listed, rotated and revoked by people, never by keys.

The one thing a newcomer would get wrong: a rotation ends the old key in the transaction that makes the new
one; there is no time in which both work. Whoever's plan holds no keys may still look at them and revoke them.
"""

from __future__ import annotations

import hashlib
from datetime import datetime

import asyncpg
import msgspec

from aidial_api.kernel.ask import Ask
from aidial_api.kernel.audit import Event, record
from aidial_api.kernel.entitlements import require
from aidial_api.kernel.paging import read_cursor
from aidial_api.kernel.route import Answer
from aidial_api.surfaces.api_keys import store
from aidial_contract.access import KeyScope
from aidial_contract.fault import Fault
from aidial_contract.ids import new_api_key, plain_id
from aidial_contract.lifecycle import API_KEYS
from aidial_contract.shapes.api_keys import ApiKey, ApiKeyAnswer, ApiKeyList, ApiKeyMade, NewApiKey

CREATED = 201
ROTATED = "rotated"
REVOKED = "revoked"
MADE_BY_PEOPLE = (KeyScope.READ, KeyScope.MANAGE)


class Position(msgspec.Struct, array_like=True):
    """Where a page ended."""

    created_at: datetime
    api_key_id: str


async def find_client(ask: Ask) -> asyncpg.Record | None:
    """The client the query names."""
    named = next((text for name, text in ask.raw_query if name == "client_id"), "")
    return await store.find_client(ask.tx, ask.reach, plain_id(named), in_part=True)


async def find_body_client(ask: Ask) -> asyncpg.Record | None:
    """The client the body names, for who reaches all that a key of it will."""
    found = await store.find_client(ask.tx, ask.reach, plain_id(ask.body.client_id), in_part=False)
    ask.found = found
    return found


async def find_key(ask: Ask) -> asyncpg.Record | None:
    """The key the path names."""
    return await store.find_key(ask.tx, ask.reach, plain_id(ask.path["api_key_id"]))


async def find_rotatable(ask: Ask) -> asyncpg.Record | None:
    """The key the path names, of a scope that people may make: whoever rotates a key holds the new one."""
    return await store.find_key(ask.tx, ask.reach, plain_id(ask.path["api_key_id"]), MADE_BY_PEOPLE)


async def show_list(ask: Ask) -> Answer:
    """One page of a client's keys."""
    client_id: str = ask.found["client_id"]
    position = read_cursor(ask.services.cursors, ask.query["cursor"], Position, "api_keys", client_id)
    limit: int = ask.query["limit"]
    after = (position.created_at, position.api_key_id) if position else None
    rows = await store.list_keys(ask.tx, client_id, after, limit + 1)
    cursor = None
    if len(rows) > limit:
        rows = rows[:limit]
        end = Position(rows[-1]["created_at"], rows[-1]["api_key_id"])
        cursor = ask.services.cursors.encode(end, "api_keys", client_id)
    return Answer(ApiKeyList(api_keys=[_shown(row) for row in rows], next_cursor=cursor))


async def create(ask: Ask) -> Answer:
    """A new key; its whole text is in this answer and nowhere else. 403 `entitlement_required`."""
    new: NewApiKey = ask.body
    await require(ask.tx, ask.found["client_id"], "api_key_management")
    return await _make(
        ask,
        ask.found["client_id"],
        environment=ask.found["environment"],
        scope=new.scope,
        description=new.description,
        expires_at=new.expires_at,
        action="api_keys.key.created",
    )


async def rotate(ask: Ask) -> Answer:
    """A new key like the old one, which is refused from this moment on. 403 `entitlement_required`."""
    old = ask.found
    await require(ask.tx, old["client_id"], "api_key_management")
    await _end(ask, ROTATED)
    return await _make(
        ask,
        old["client_id"],
        environment=old["environment"],
        scope=old["scope"],
        description=old["description"],
        expires_at=old["expires_at"],
        action="api_keys.key.rotated",
    )


async def revoke(ask: Ask) -> Answer:
    """The key is refused from this moment on."""
    reason = ask.body.reason or REVOKED
    ended = await _end(ask, REVOKED if reason == ROTATED else reason)
    await record(ask, _event(ended, "api_keys.key.revoked", why=ask.body.reason))
    return Answer(ApiKeyAnswer(api_key=_shown(ended)))


async def _end(ask: Ask, reason: str) -> asyncpg.Record:
    found = ask.found
    ended = await store.end_key(
        ask.tx, found["client_id"], found["api_key_id"], by=ask.actor.actor_id or None, reason=reason
    )
    if ended is None:
        raise await _not_active(ask)
    return ended


async def _not_active(ask: Ask) -> Fault:
    """Read anew: whoever ended it meanwhile decides what it is now."""
    now = await store.find_key(ask.tx, ask.reach, ask.found["api_key_id"])
    return API_KEYS.conflict((now or ask.found)["state"])


async def _make(
    ask: Ask,
    client_id: str,
    *,
    environment: str,
    scope: str,
    description: str,
    expires_at: datetime | None,
    action: str,
) -> Answer:
    text, parts = new_api_key(environment)
    row = await store.add_key(
        ask.tx,
        (
            client_id,
            parts.api_key_id,
            hashlib.sha256(parts.secret.encode("ascii")).digest(),
            text[-4:],
            scope,
            environment,
            description,
            ask.actor.actor_id or None,
            expires_at,
        ),
    )
    await record(ask, _event(row, action))
    location = f"/v1/api-keys/{parts.api_key_id}"
    return Answer(ApiKeyMade(api_key=_shown(row), secret=text), CREATED, {"location": location})


def _event(row: asyncpg.Record, action: str, *, why: str | None = None) -> Event:
    return Event(
        action=action,
        target_kind="api_key",
        target_id=row["api_key_id"],
        client_id=row["client_id"],
        why=why,
        technical={"scope": row["scope"], "environment": row["environment"]},
    )


def _shown(row: asyncpg.Record) -> ApiKey:
    return ApiKey(
        api_key_id=row["api_key_id"],
        scope=row["scope"],
        description=row["description"],
        client_id=row["client_id"],
        environment=row["environment"],
        last_four=row["last_four"],
        state=row["state"],
        created_at=row["created_at"],
        expires_at=row["expires_at"],
        last_used_at=row["last_used_at"],
    )
