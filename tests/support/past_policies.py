"""Statements past every policy, for tests that look at what was written or move time.

The one thing a newcomer would get wrong: a connection costs more than what most tests ask of it (some twenty
milliseconds of both processes), so each is kept for the next statement. Nothing else is: no plan, no setting.
"""

from __future__ import annotations

from typing import TypeAlias

import asyncpg

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


class PastPolicies:
    """Connections of the superuser to one database; as many as statements at once. `close` it."""

    def __init__(self, superuser_url: str) -> None:
        self._url = superuser_url
        self._idle: list[Connection] = []

    async def fetch(self, statement: str, *values: object) -> list[asyncpg.Record]:
        """One statement, in a transaction of its own."""
        while self._idle:
            try:
                return await self._fetch_on(self._idle.pop(), statement, values)
            except (asyncpg.PostgresConnectionError, asyncpg.InterfaceError, OSError):
                continue  # somebody ended it while it was idle
        # Nothing is remembered of a statement: the same one later must be planned anew.
        connection = await asyncpg.connect(self._url, statement_cache_size=0)
        return await self._fetch_on(connection, statement, values)

    async def _fetch_on(
        self, connection: Connection, statement: str, values: tuple[object, ...]
    ) -> list[asyncpg.Record]:
        try:
            rows: list[asyncpg.Record] = await connection.fetch(statement, *values)
        except asyncpg.PostgresError:
            if not connection.is_closed():
                self._idle.append(connection)
            raise
        except BaseException:
            connection.terminate()
            raise
        self._idle.append(connection)
        return rows

    async def close(self) -> None:
        """Close what is kept."""
        for connection in self._idle:
            await connection.close()
        self._idle.clear()
