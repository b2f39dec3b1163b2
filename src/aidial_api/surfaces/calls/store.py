"""Calls in the database: every statement that reads or writes one.

The one thing a newcomer would get wrong: nothing is loaded and then compared. A call is asked for through
the projects in reach, so a foreign one and a missing one are the same empty answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import asyncpg

from aidial_api.kernel.transaction import Tx
from aidial_contract.scope import Reach
from aidial_contract.shapes.calls import DeletedFor

_COLUMNS = (
    "client_id, call_id, project_id, external_id, channel, direction, status, started_at, answered_at,"
    " ended_at, duration_seconds, end_reason, from_number, to_number, agent_id, agent_name,"
    " agent_config_version, outcome, resolution, call_type, sentiment_caller, sentiment_agent,"
    " attention_flag, attention_reason, summary, booking, transfer, follow_up, consent, cost, metadata,"
    " recording, entities, source, sms_status, email_status, message_count, transcript_state, version"
)
# Ids as text: a page of calls makes 40 fewer objects only to turn them into text again.
_AS_TEXT = frozenset({"call_id", "project_id"})
CLASSIFIED = frozenset({"outcome", "resolution", "call_type"})
"""Told by the values that the call's project published, when it did."""
CALL_COLUMNS = ", ".join(
    f"c.{name}::text AS {name}" if name in _AS_TEXT else f"c.{name}"
    for name in (column.strip() for column in _COLUMNS.split(","))
)

_FIND = f"""
SELECT {CALL_COLUMNS} FROM calls c
WHERE c.client_id = any($1::text[]) AND c.call_id = $2 AND c.project_id = any($3::uuid[])
"""
_TRANSCRIPT = "SELECT turns, deleted_for FROM transcripts WHERE client_id = $1 AND call_id = $2"
_BY_EXTERNAL_ID = f"""
SELECT {CALL_COLUMNS}, c.fingerprint FROM calls c
WHERE c.client_id = $1 AND c.project_id = $2 AND c.external_id = $3
"""


_OF_CALLER = """
SELECT c.call_id, c.direction, c.from_number, c.to_number
FROM caller_tokens t JOIN calls c ON c.client_id = t.client_id AND c.call_id = t.call_id
WHERE t.client_id = any($1::text[]) AND t.token = $2 AND t.project_id = any($3::uuid[])
ORDER BY t.started_at DESC LIMIT 10000
"""


async def find_by_token(tx: Tx, reach: Reach, token: bytes) -> Sequence[asyncpg.Record]:
    """The sealed numbers of the calls in reach that a caller's token finds, the newest 10,000."""
    projects = [project.project_id for project in reach.projects]
    return await tx.fetch(_OF_CALLER, list(reach.client_ids), token, projects)


async def lacks_endings(tx: Tx, client_id: str) -> bool:
    """Whether calls of a tenant still wait for the tokens of their callers' last 5, 7 and 8 digits."""
    waits: bool = await tx.fetchval(
        "SELECT EXISTS (SELECT FROM callers_without_endings WHERE client_id = $1)", client_id
    )
    return waits


async def find_call(tx: Tx, reach: Reach, call_id: str, *, for_change: bool = False) -> asyncpg.Record | None:
    """One call in reach, or None; `for_change` holds its row until the end of the transaction."""
    sql = _FIND + " FOR UPDATE" if for_change else _FIND
    return await tx.fetchrow(
        sql, list(reach.client_ids), call_id, [project.project_id for project in reach.projects]
    )


async def find_delivered(tx: Tx, client_id: str, project_id: str, external_id: str) -> asyncpg.Record | None:
    """The call delivered under an external id, with its fingerprint."""
    return await tx.fetchrow(_BY_EXTERNAL_ID, client_id, project_id, external_id)


async def read_turns(tx: Tx, client_id: str, call_id: str) -> tuple[str | None, DeletedFor | None]:
    """The redacted turns as JSON text, and why they are gone."""
    row = await tx.fetchrow(_TRANSCRIPT, client_id, call_id)
    return (None, None) if row is None else (row["turns"], row["deleted_for"])


async def read_said(tx: Tx, client_id: str, call_id: str) -> asyncpg.Record | None:
    """The redacted `turns` as JSON text, and the sealed words, `raw`."""
    return await tx.fetchrow(
        "SELECT turns, raw FROM transcripts WHERE client_id = $1 AND call_id = $2", client_id, call_id
    )


@dataclass(frozen=True, slots=True)
class Conversation:
    """All turns of a call that goes on, to be written over those it has."""

    turns: str
    raw: bytes
    redaction_counts: str
    entities: str | None
    message_count: int
    state: str


async def write_turns(tx: Tx, client_id: str, call_id: str, said: Conversation) -> None:
    """Write all turns of a call whose row is held; its version goes up by one."""
    await tx.execute(
        "WITH spoken AS (UPDATE transcripts SET turns = $3::jsonb, raw = $4, redaction_counts = $5::jsonb"
        " WHERE client_id = $1 AND call_id = $2)"
        " UPDATE calls SET message_count = $6, transcript_state = $7, entities = $8::jsonb,"
        " version = version + 1, updated_at = now() WHERE client_id = $1 AND call_id = $2",
        client_id,
        call_id,
        said.turns,
        said.raw,
        said.redaction_counts,
        said.message_count,
        said.state,
        said.entities,
    )


@dataclass(frozen=True, slots=True)
class StoredCall:
    """A new call ready to be written: `columns` of `calls`, its transcript, its callers' tokens."""

    columns: dict[str, Any]
    turns: str
    raw: bytes
    redaction_counts: str
    tokens: Sequence[bytes]


async def insert_call(tx: Tx, call: StoredCall) -> bool:
    """Write call, transcript and tokens in one statement; False when the external id is taken.

    The call is stamped with the version of its project's configuration that was published when it began.
    """
    names = list(call.columns)
    place = {name: f"${index}" for index, name in enumerate(names, start=1)}
    of_project = f"{place['client_id']}::text, {place['project_id']}::uuid"
    places = ", ".join(
        f"classified({of_project}, '{name}', {at}::text)" if name in CLASSIFIED else at
        for name, at in place.items()
    )
    first = len(names) + 1
    sql = f"""
    WITH new AS (
        INSERT INTO calls ({", ".join(names)}, agent_config_version)
        SELECT {places}, (
            SELECT max(v.number) FROM project_versions v
            WHERE v.client_id = {place["client_id"]} AND v.project_id = {place["project_id"]}
                AND v.published_at <= {place["started_at"]})
        ON CONFLICT (client_id, project_id, external_id) DO NOTHING
        RETURNING client_id, call_id, project_id, started_at
    ), spoken AS (
        INSERT INTO transcripts (client_id, call_id, turns, raw, redaction_counts)
        SELECT client_id, call_id, ${first}::jsonb, ${first + 1}::bytea, ${first + 2}::jsonb FROM new
    ), found_by AS (
        INSERT INTO caller_tokens (client_id, token, started_at, call_id, project_id)
        SELECT client_id, token, started_at, call_id, project_id
        FROM new, unnest(${first + 3}::bytea[]) AS token
    )
    SELECT count(*) FROM new
    """
    made = await tx.fetchval(
        sql, *call.columns.values(), call.turns, call.raw, call.redaction_counts, list(call.tokens)
    )
    return bool(made)


async def longest_call(tx: Tx, client_id: str, project_id: str) -> timedelta:
    """How long a call of this project may last."""
    minutes: int = await tx.fetchval(
        "SELECT max_duration_minutes FROM projects WHERE client_id = $1 AND project_id = $2",
        client_id,
        project_id,
    )
    return timedelta(minutes=minutes)


async def live_call(tx: Tx, client_id: str, call_id: str) -> asyncpg.Record | None:
    """A call that is still live, held until the end of the transaction, with what says whether it may be."""
    return await tx.fetchrow(
        "SELECT c.project_id, c.started_at, p.max_duration_minutes, now() AS now FROM calls c"
        " JOIN projects p ON p.client_id = c.client_id AND p.project_id = c.project_id"
        " WHERE c.client_id = $1 AND c.call_id = $2 AND c.status = 'live' FOR UPDATE OF c",
        client_id,
        call_id,
    )


async def hide_transcript(tx: Tx, client_id: str, call_id: str, state: str) -> None:
    """Note as what a transcript that is hidden now was shown."""
    await tx.execute(
        "UPDATE transcripts SET shown_as = $3 WHERE client_id = $1 AND call_id = $2",
        client_id,
        call_id,
        state,
    )


async def hidden_transcript(tx: Tx, client_id: str, call_id: str) -> str:
    """As what a hidden transcript was shown; `available` where nobody noted it."""
    state: str | None = await tx.fetchval(
        "SELECT shown_as FROM transcripts WHERE client_id = $1 AND call_id = $2", client_id, call_id
    )
    return state or "available"


async def mark_stalled(tx: Tx, client_id: str, call_id: str, reason: str) -> None:
    """Give up on a live call: its end is unknown, its transcript lacks one, somebody should look."""
    await tx.execute(
        "UPDATE calls SET status = 'unknown', end_reason = 'unknown', attention_flag = true,"
        " attention_reason = CASE WHEN attention_flag THEN attention_reason ELSE $3 END,"
        " transcript_state = CASE WHEN transcript_state <> 'live'"
        " THEN transcript_state WHEN message_count > 0 THEN 'incomplete' ELSE 'missing' END,"
        " version = version + 1, updated_at = now() WHERE client_id = $1 AND call_id = $2",
        client_id,
        call_id,
        reason,
    )


async def mark_truncated(tx: Tx, client_id: str, call_id: str) -> None:
    """A live call, whose row is held, goes on after the last of its turns that are kept.

    Its version stays: whoever was refused goes on with the ETag they have.
    """
    await tx.execute(
        "UPDATE calls SET transcript_state = 'truncated', updated_at = now()"
        " WHERE client_id = $1 AND call_id = $2",
        client_id,
        call_id,
    )


async def update_call(tx: Tx, client_id: str, call_id: str, version: int, changes: dict[str, Any]) -> bool:
    """Change columns of one call when it is still at `version`; the version goes up by one."""
    names = list(changes)
    assignments = "".join(
        f"{name} = classified(client_id, project_id, '{name}', ${index}::text), "
        if name in CLASSIFIED
        else f"{name} = ${index}, "
        for index, name in enumerate(names, start=4)
    )
    sql = f"""
    UPDATE calls SET {assignments}version = version + 1, updated_at = now()
    WHERE client_id = $1 AND call_id = $2 AND version = $3
    """
    return await tx.execute(sql, client_id, call_id, version, *changes.values()) == "UPDATE 1"
