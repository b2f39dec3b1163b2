"""Indexes made after their tables were filled: in a fifth of the time, and denser than those that grew.

The one thing a newcomer would get wrong: a run may be broken off anywhere. What is to be made again stands in
the database from the transaction that takes it off to the one that makes it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import asyncpg

from aidial.console import Bar

FILLED: Final = ("calls", "caller_tokens", "transcripts", "recordings")
_LONG_S: Final = 6 * 3_600
_OWNER: Final = "SELECT quote_ident(pg_get_userbyid(relowner)) FROM pg_class WHERE oid = 'calls'::regclass"
_ARE_EMPTY: Final = "SELECT sum(pg_relation_size(name::regclass)) = 0 FROM unnest($1::text[]) AS name"
_REMEMBER: Final = """
CREATE TABLE indexes_to_make (
    number    integer GENERATED ALWAYS AS IDENTITY,
    statement text NOT NULL
)
"""
# The key of callers' tokens goes too: each call adds rows all over it, and it is larger than any memory.
# What says which calls are there already stays, and is written anew in the end.
_TO_MAKE: Final = """
SELECT CASE WHEN i.indisunique THEN 'REINDEX INDEX ' || i.indexrelid::regclass
            ELSE pg_get_indexdef(i.indexrelid) END AS statement,
       CASE WHEN NOT i.indisunique THEN 'DROP INDEX ' || i.indexrelid::regclass END AS undo
FROM pg_index i
WHERE i.indrelid = any($1::regclass[]) AND i.indexrelid <> 'caller_tokens_pkey'::regclass
UNION ALL
SELECT format('ALTER TABLE caller_tokens ADD CONSTRAINT %I %s', conname, pg_get_constraintdef(oid)),
       format('ALTER TABLE caller_tokens DROP CONSTRAINT %I', conname)
FROM pg_constraint WHERE conrelid = 'caller_tokens'::regclass AND contype = 'p'
"""


async def take_off(connection: asyncpg.Connection) -> None:
    """Take the indexes that nothing is checked by off tables that are empty; filled ones keep theirs."""
    if not await connection.fetchval(_ARE_EMPTY, FILLED) or await _remembered(connection):
        return
    async with _as_owner(connection):
        await connection.execute("SET LOCAL lock_timeout = '5s'")  # nobody else is to queue behind it
        await connection.execute(f"LOCK TABLE {', '.join(FILLED)} IN ACCESS EXCLUSIVE MODE")
        if not await connection.fetchval(_ARE_EMPTY, FILLED) or await _remembered(connection):
            return
        await connection.execute(_REMEMBER)
        for statement, undo in await connection.fetch(_TO_MAKE, FILLED):
            await connection.execute("INSERT INTO indexes_to_make (statement) VALUES ($1)", statement)
            if undo is not None:
                await connection.execute(undo)


async def make(connection: asyncpg.Connection, bar: Bar) -> bool:
    """Make what was taken off, by this run or one that was broken off. Gives back whether to `forget` it."""
    if not await _remembered(connection):
        return False
    await connection.execute("SET maintenance_work_mem = '512MB'")
    async with _as_owner(connection):
        statements = await connection.fetch("SELECT number, statement FROM indexes_to_make ORDER BY number")
    with bar("Making indexes", len(statements)) as show:
        show(0)
        for made, (number, statement) in enumerate(statements, 1):
            async with _as_owner(connection):
                await connection.execute(statement, timeout=_LONG_S)
                await connection.execute("DELETE FROM indexes_to_make WHERE number = $1", number)
            show(made)
    await connection.execute("RESET maintenance_work_mem")
    return True


async def tidy(connection: asyncpg.Connection) -> None:
    """Fresh statistics, and visibility maps: pages and counts read the indexes alone."""
    await connection.execute(f"VACUUM (ANALYZE) {', '.join(FILLED)}", timeout=_LONG_S)


async def forget(connection: asyncpg.Connection) -> None:
    """Only once the tables are tidy: a run that is broken off before that is to be gone on with."""
    async with _as_owner(connection):
        await connection.execute("DROP TABLE indexes_to_make")


@asynccontextmanager
async def _as_owner(connection: asyncpg.Connection) -> AsyncIterator[None]:
    """One transaction as whom the tables belong to: begun as superuser it can be gone on with as owner."""
    async with connection.transaction():
        owner = await connection.fetchval(_OWNER)
        await connection.execute(f"SET LOCAL ROLE {owner}")
        yield


async def _remembered(connection: asyncpg.Connection) -> bool:
    there: bool = await connection.fetchval("SELECT to_regclass('indexes_to_make') IS NOT NULL")
    return there
