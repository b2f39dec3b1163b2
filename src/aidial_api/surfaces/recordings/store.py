"""Recordings in the database: every statement of this surface.

The one thing a newcomer would get wrong: a recording is found through its call and the projects in reach; an
address through all of that and the session it was given to.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import asyncpg

from aidial_api.kernel.transaction import Tx
from aidial_contract.scope import Reach

# What rules need of a call. The sections a tenant never saved have no row: staff then do not play, and
# everything a plan may hold is in it.
_CALL = """
    c.client_id, c.call_id::text AS call_id, c.project_id::text AS project_id, c.version, c.duration_seconds,
    c.consent ->> 'state' AS consent_state, c.transcript_state,
    c.recording ->> 'availability' AS availability,
    coalesce((t.redaction_counts ->> 'CVV')::int, 0) > 0 AS holds_card_code,
    coalesce((SELECT s.value -> 'staff_may_play_recordings' = 'true'::jsonb FROM client_settings s
              WHERE s.client_id = c.client_id AND s.section = 'tenant-settings'), false) AS staff_may_play,
    coalesce((SELECT s.value -> 'recording_download' = 'true'::jsonb FROM client_settings s
              WHERE s.client_id = c.client_id AND s.section = 'entitlements'), true) AS may_download
"""
_FROM = "calls c LEFT JOIN transcripts t ON t.client_id = c.client_id AND t.call_id = c.call_id"
_REACHED = "c.client_id = any($1::text[]) AND c.call_id = $2 AND c.project_id = any($3::uuid[])"
_FIND = f"SELECT {_CALL} FROM {_FROM} WHERE {_REACHED}"
_GRANTED = f"""
SELECT {_CALL}, g.grant_id::text AS grant_id, g.begun_at, r.recording_id::text AS recording_id, r.media_type,
    r.size_bytes, r.duration_ms
FROM {_FROM}
JOIN recording_grants g ON g.client_id = c.client_id AND g.call_id = c.call_id
JOIN recordings r ON r.client_id = g.client_id AND r.recording_id = g.recording_id
WHERE {_REACHED} AND g.grant_id = $4 AND g.session_id = $5 AND g.purpose = $6 AND g.ends_at > now()
    AND r.state = 'stored'
"""
_SIDES = """
SELECT recording_id::text AS recording_id, side, media_type, size_bytes, fingerprint, duration_ms, channels,
    peaks, measure
FROM recordings WHERE client_id = $1 AND call_id = $2 AND state = 'stored'
ORDER BY array_position('{mixed,caller,agent}', side)
"""


def _reach(reach: Reach) -> tuple[list[str], list[str]]:
    return list(reach.client_ids), [project.project_id for project in reach.projects]


async def find_call(tx: Tx, reach: Reach, call_id: str, *, for_change: bool = False) -> asyncpg.Record | None:
    """A call in reach with what the rules ask; `for_change` holds its row."""
    clients, projects = _reach(reach)
    return await tx.fetchrow(_FIND + (" FOR UPDATE OF c" if for_change else ""), clients, call_id, projects)


async def find_granted(
    tx: Tx, reach: Reach, call_id: str, grant_id: str, session_id: str, purpose: str
) -> asyncpg.Record | None:
    """What an address that still holds leads to, for the session it was given to."""
    clients, projects = _reach(reach)
    return await tx.fetchrow(_GRANTED, clients, call_id, projects, grant_id, session_id, purpose)


async def sides(tx: Tx, client_id: str, call_id: str) -> Sequence[asyncpg.Record]:
    """The stored recordings of a call, the mixed one first."""
    return await tx.fetch(_SIDES, client_id, call_id)


async def add_arriving(tx: Tx, call: asyncpg.Record, recording_id: str, side: str) -> None:
    """Note a file that is about to come, so that one that never becomes whole can be looked after."""
    await tx.execute(
        "INSERT INTO recordings (client_id, recording_id, call_id, project_id, side)"
        " VALUES ($1, $2, $3, $4, $5)",
        call["client_id"],
        recording_id,
        call["call_id"],
        call["project_id"],
        side,
    )


async def mark_stored(tx: Tx, client_id: str, recording_id: str, columns: dict[str, Any]) -> None:
    """The file is there, whole."""
    places = ", ".join(f"{name} = ${index}" for index, name in enumerate(columns, start=3))
    await tx.execute(
        f"UPDATE recordings SET state = 'stored', stored_at = now(), {places}"
        " WHERE client_id = $1 AND recording_id = $2",
        client_id,
        recording_id,
        *columns.values(),
    )


async def mark_deleting(tx: Tx, client_id: str, recording_id: str) -> bool:
    """A file that is to go; False when it went already."""
    tag = await tx.execute(
        "UPDATE recordings SET state = 'deleting', peaks = NULL"
        " WHERE client_id = $1 AND recording_id = $2 AND state <> 'deleted'",
        client_id,
        recording_id,
    )
    return tag == "UPDATE 1"


async def mark_deleted(tx: Tx, client_id: str, recording_id: str) -> None:
    """The file is gone."""
    await tx.execute(
        "UPDATE recordings SET state = 'deleted', deleted_at = now()"
        " WHERE client_id = $1 AND recording_id = $2 AND state = 'deleting'",
        client_id,
        recording_id,
    )


async def one(tx: Tx, client_id: str, recording_id: str) -> asyncpg.Record | None:
    """A recording by its own id, its row held: for jobs."""
    return await tx.fetchrow(
        "SELECT recording_id::text AS recording_id, call_id::text AS call_id, state, size_bytes, measure"
        " FROM recordings WHERE client_id = $1 AND recording_id = $2 FOR UPDATE",
        client_id,
        recording_id,
    )


async def write_measure(tx: Tx, client_id: str, recording_id: str, columns: dict[str, Any]) -> None:
    """What was measured, or that nothing can be."""
    places = ", ".join(f"{name} = ${index}" for index, name in enumerate(columns, start=3))
    await tx.execute(
        f"UPDATE recordings SET {places} WHERE client_id = $1 AND recording_id = $2 AND state = 'stored'",
        client_id,
        recording_id,
        *columns.values(),
    )


async def lock_call(tx: Tx, client_id: str, call_id: str) -> None:
    """Hold a call for change; whoever changes its recordings does so first."""
    await tx.execute(
        "SELECT FROM calls WHERE client_id = $1 AND call_id = $2 FOR NO KEY UPDATE", client_id, call_id
    )


async def tell_call(tx: Tx, client_id: str, call_id: str) -> int | None:
    """Write what there is of a call's recordings into it; its new version, None when it said so already."""
    version: int | None = await tx.fetchval(_TELL_CALL, client_id, call_id)
    return version


_TELL_CALL = """
WITH said AS (
    SELECT jsonb_build_object('availability', 'available',
        'sides', jsonb_agg(side ORDER BY array_position('{mixed,caller,agent}', side)),
        'duration_seconds', round(max(duration_ms) / 1000.0)::int) AS recording
    FROM recordings WHERE client_id = $1 AND call_id = $2 AND state = 'stored'
    HAVING count(*) > 0
)
UPDATE calls c SET recording = said.recording, version = c.version + 1, updated_at = now() FROM said
WHERE c.client_id = $1 AND c.call_id = $2 AND c.recording IS DISTINCT FROM said.recording
RETURNING c.version
"""


async def touch_call(tx: Tx, client_id: str, call_id: str) -> int:
    """A new version of a call whose recording is another one of the same length."""
    version: int = await tx.fetchval(
        "UPDATE calls SET version = version + 1, updated_at = now()"
        " WHERE client_id = $1 AND call_id = $2 RETURNING version",
        client_id,
        call_id,
    )
    return version


async def add_grant(
    tx: Tx, call: asyncpg.Record, grant: tuple[str, str, str, str], first_use: timedelta
) -> Any:
    """Give a session an address; `grant` is its id, the recording, the session, the purpose. When it ends."""
    client_id = call["client_id"]
    # What has ended is swept as new ones come: nothing else ever reads it.
    await tx.execute(
        "DELETE FROM recording_grants WHERE client_id = $1 AND grant_id IN (SELECT grant_id"
        " FROM recording_grants WHERE client_id = $1 AND ends_at < now() ORDER BY ends_at LIMIT 50)",
        client_id,
    )
    grant_id, recording_id, session_id, purpose = grant
    return await tx.fetchval(
        "INSERT INTO recording_grants (client_id, grant_id, call_id, project_id, recording_id, session_id,"
        " purpose, ends_at) VALUES ($1, $2, $3, $4, $5, $6, $7, now() + $8) RETURNING ends_at",
        client_id,
        grant_id,
        call["call_id"],
        call["project_id"],
        recording_id,
        session_id,
        purpose,
        first_use,
    )


async def begin_grant(tx: Tx, client_id: str, grant_id: str, good_for: timedelta) -> None:
    """The first use of an address: from now on it holds for so long."""
    await tx.execute(
        "UPDATE recording_grants SET begun_at = now(), ends_at = now() + $3"
        " WHERE client_id = $1 AND grant_id = $2 AND begun_at IS NULL",
        client_id,
        grant_id,
        good_for,
    )
