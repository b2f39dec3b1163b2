"""Whether the database answers, asked on a connection of its own.

The one thing a newcomer would get wrong: the pool cannot be asked. When every connection of it is busy the
database is well, and a balancer that is told otherwise sends its crowd to the next process.
"""

from typing import Any

import asyncpg

BROKEN = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError)


class Pulse:
    """One connection for one question; ask one at a time. Whoever asks brings the time-out."""

    def __init__(self, url: str, settings: dict[str, str]) -> None:
        self._url = url
        self._settings = settings
        self._connection: asyncpg.Connection[Any] | None = None

    async def beats(self) -> bool:
        """Whether the database answers now; a connection that broke since is made anew."""
        if self._connection is not None:
            try:
                return await self._asked(self._connection)
            except BROKEN:
                pass  # it may be back already
        try:
            self._connection = await asyncpg.connect(self._url, server_settings=self._settings)
            return await self._asked(self._connection)
        except BROKEN:
            return False

    async def _asked(self, connection: "asyncpg.Connection[Any]") -> bool:
        try:
            return bool(await connection.fetchval("SELECT true"))
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Cut the connection."""
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None
