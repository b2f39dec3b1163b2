"""Calls of before callers were found by their last 5, 7 and 8 digits get those tokens, a tenant a job.

The one thing a newcomer would get wrong: a search asks whether its tenant still waits, so the job may be as
late or as slow as it likes; what it must not do is take a tenant off the list before its last call.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import structlog

from aidial_api.kernel.crypto import CannotDecrypt
from aidial_api.kernel.jobs import Job
from aidial_api.kernel.reach import Reach
from aidial_api.surfaces.calls.caller import number_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    import asyncpg

    from aidial_api.kernel.crypto import TenantKey
    from aidial_api.kernel.db import Database
    from aidial_api.kernel.storage import Files
    from aidial_api.kernel.transaction import Tx

BATCH_CALLS: Final = 500
# Held: a second worker, told that the first is lost, waits for its batch and goes on after it.
_WAITING: Final = "SELECT seen_to FROM callers_without_endings WHERE client_id = $1 FOR UPDATE"
# Ids grow with time, so whatever is stored meanwhile comes after, and has its tokens.
_NEXT: Final = """
SELECT call_id, project_id, started_at, direction, from_number, to_number FROM calls
WHERE client_id = $1 AND call_id > $2 ORDER BY call_id LIMIT $3
"""
_FOUND_BY: Final = """
INSERT INTO caller_tokens (client_id, token, started_at, call_id, project_id)
SELECT $1, * FROM unnest($2::bytea[], $3::timestamptz[], $4::uuid[], $5::uuid[]) ON CONFLICT DO NOTHING
"""
_SEEN: Final = "UPDATE callers_without_endings SET seen_to = $2 WHERE client_id = $1"
_DONE: Final = "DELETE FROM callers_without_endings WHERE client_id = $1"
_log = structlog.get_logger("aidial_worker")


async def complete(db: Database, files: Files, *, client_id: str) -> None:
    """Give every call of a tenant the tokens it lacks; begun again, it goes on where it was."""
    while await complete_some(db, files, client_id):
        pass


async def complete_some(db: Database, files: Files, client_id: str) -> bool:
    """The next calls, in a transaction; whether there may be more of them."""
    async with db.transaction(Reach((client_id,))) as tx:
        seen_to: UUID | None = await tx.fetchval(_WAITING, client_id)
        if seen_to is None:
            return False
        calls = await tx.fetch(_NEXT, client_id, seen_to, BATCH_CALLS)
        if not calls:
            await tx.execute(_DONE, client_id)
            return False
        await _add_tokens(tx, client_id, await files.keys.get(tx, client_id), calls)
        await tx.execute(_SEEN, client_id, calls[-1]["call_id"])
    return True


async def _add_tokens(tx: Tx, client_id: str, key: TenantKey, calls: Sequence[asyncpg.Record]) -> None:
    found_by = [
        (token, call["started_at"], call["call_id"], call["project_id"])
        for call in calls
        for token in _tokens(key, call)
    ]
    if found_by:
        await tx.execute(_FOUND_BY, client_id, *zip(*found_by, strict=True))


def _tokens(key: TenantKey, call: asyncpg.Record) -> list[bytes]:
    try:
        number = number_of(call, key)
    except CannotDecrypt:
        # No search can compare it either.
        _log.warning("call.number_unreadable", client_id=key.client_id, call_id=str(call["call_id"]))
        return []
    return [] if number is None else key.caller_tokens(number)


COMPLETE: Final = Job("calls.endings", complete, with_files=True)
