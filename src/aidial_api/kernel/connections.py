"""Connections to PostgreSQL: borrowed, handed to the next borrower, given back when something is odd.

The one thing a newcomer would get wrong: the driver's pool looks a connection over each time it gets it back,
in a task of its own, which costs a read as much as asking. Nothing needs looking over after a commit, so such
a connection never goes back: it waits here for the next borrower, unless somebody waits at the pool.
"""

import asyncio
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any

import asyncpg
import structlog

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from asyncpg.pool import PoolConnectionProxy

_log = structlog.get_logger()
_ROLLBACK_TIMEOUT_S = 2.0
CONNECT_TIMEOUT_S = 5.0
# What the driver raises when the server or the connection is gone, or the server gives up on us.
GONE = (
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.InterfaceError,
    # The server said goodbye and the connection is not closed yet: the driver complains of its own state.
    asyncpg.InternalClientError,
    OSError,  # TimeoutError is one
)


class DatabaseUnavailable(Exception):  # noqa: N818
    """The database did not answer, or the connection broke; `reason` is for the log, never the wire.

    Raised at commit too: then nobody knows whether the transaction was written.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def unavailable(error: BaseException, connection: "PoolConnectionProxy[Any] | None") -> Exception:
    """Return what to raise for `error`: a misuse of the driver stays what it is."""
    if isinstance(error, asyncpg.InterfaceError) and connection is not None and is_open(connection):
        return error
    if isinstance(error, asyncpg.InternalClientError) and connection is not None:
        cut(connection)  # whoever borrowed it next would meet the same state
    # Of a configuration that cannot be used the driver's words hold what it was given.
    words = "" if isinstance(error, asyncpg.ClientConfigurationError) else f": {error}"
    return DatabaseUnavailable(f"{type(error).__name__}{words}")


def is_open(connection: "PoolConnectionProxy[Any]") -> bool:
    """Tell whether the connection can be used; the pool takes a broken one away from its borrower."""
    try:
        return not connection.is_closed()
    except asyncpg.InterfaceError:
        return False


def cut(connection: "PoolConnectionProxy[Any]") -> None:
    """Break the connection."""
    with suppress(asyncpg.InterfaceError):
        connection.terminate()


class _Pooled(asyncpg.Connection):
    """A connection the pool does not reset: what a request sets ends with its transaction.

    asyncpg still rolls back a transaction that was left open.
    """

    __slots__ = ()

    def get_reset_query(self) -> str:
        return ""


async def new_pool(
    url: str,
    settings: dict[str, str] | None,
    max_size: int,
    command_timeout_s: float | None,
    init: "Callable[[Any], Coroutine[Any, Any, None]] | None" = None,
) -> "asyncpg.Pool[Any]":
    """Make a pool of at most `max_size` connections with these settings of the server; it opens none yet.

    `init` is called with each connection that is opened. Times are read and told in UTC, alone or in arrays;
    not in rows or ranges, and none that Python has not (`infinity`).
    """

    async def prepared(connection: "asyncpg.Connection[Any]") -> None:
        # As text, which Python reads itself. The driver makes times of numbers, by long arithmetic: more than
        # all other columns of a page of calls together.
        await connection.set_type_codec(
            "timestamptz",
            schema="pg_catalog",
            encoder=datetime.isoformat,
            decoder=datetime.fromisoformat,
            format="text",
        )
        if init is not None:
            await init(connection)

    return await asyncpg.create_pool(
        url,
        connection_class=_Pooled,
        # No floor of its own: a task holds it up, which fills the log while the server is away.
        # What is lost comes back when it is asked for.
        min_size=0,
        max_size=max_size,
        max_queries=1_000_000,
        max_inactive_connection_lifetime=0,
        command_timeout=command_timeout_s,
        timeout=CONNECT_TIMEOUT_S,
        statement_cache_size=512,
        max_cached_statement_lifetime=0,
        server_settings={"timezone": "UTC", "datestyle": "ISO", **(settings or {})},
        init=prepared,
    )


class Connections:
    """The connections of one pool. Those that wait here are the pool's own, and count as borrowed there."""

    def __init__(self, pool: "asyncpg.Pool[Any]") -> None:
        self._pool = pool
        self._resting: list[PoolConnectionProxy[Any]] = []
        self._waiting = 0

    async def open(self, count: int, timeout_s: float) -> None:
        """Have so many connections wait for their borrowers; raises `DatabaseUnavailable`."""
        made = await asyncio.gather(*(self.borrowed(timeout_s) for _ in range(count)), return_exceptions=True)
        for connection in made:
            if not isinstance(connection, BaseException):
                await self.handed_on(connection)
        for failed in made:
            if isinstance(failed, BaseException):
                await self.close(timeout_s)
                raise failed

    @property
    def lent(self) -> int:
        """How many the pool has given away: those that wait here, and those that are with a borrower."""
        return self._pool.get_size() - self._pool.get_idle_size()

    async def rest_one_more(self, timeout_s: float) -> None:
        """Have one more wait here, new or from the pool. No borrower has to part with theirs for it."""
        try:
            async with asyncio.timeout(timeout_s):
                self._resting.append(await self._pool.acquire())
        except GONE as gone:
            raise unavailable(gone, None) from gone

    async def resting(self) -> "PoolConnectionProxy[Any] | None":
        """Take a connection that waits for its borrower, or None: never waits for one."""
        while self._resting:
            connection = self._resting.pop()
            if is_open(connection):
                return connection
            await self._pool.release(connection)
        return None

    async def borrowed(self, timeout_s: float) -> "PoolConnectionProxy[Any]":
        """Take a connection, waiting `timeout_s` at most; raises `DatabaseUnavailable`."""
        connection = await self.resting()
        if connection is not None:
            return connection
        self._waiting += 1
        try:
            async with asyncio.timeout(timeout_s):
                return await self._pool.acquire()
        except GONE as gone:
            raise unavailable(gone, None) from gone
        finally:
            self._waiting -= 1

    async def handed_on(self, connection: "PoolConnectionProxy[Any]") -> None:
        """Let the next one have a connection on which everything ended well."""
        if self._waiting or not is_open(connection):
            await self._pool.release(connection)
        else:
            self._resting.append(connection)

    async def given_back(self, connection: "PoolConnectionProxy[Any]") -> None:
        """Return a connection, rolled back; one that cannot say so in time is cut off instead."""
        try:
            if is_open(connection) and connection.is_in_transaction():
                async with asyncio.timeout(_ROLLBACK_TIMEOUT_S):
                    await connection.execute("ROLLBACK")
        except GONE as gone:
            _log.warning("database.rollback_failed", reason=type(gone).__name__)
            cut(connection)
        except BaseException:
            cut(connection)
            raise
        finally:
            await self._pool.release(connection)

    async def close(self, timeout_s: float) -> None:
        """Close every connection; those still in use are cut after `timeout_s`."""
        resting, self._resting = self._resting, []
        self._waiting += 1  # whatever comes now goes back to the pool
        try:
            async with asyncio.timeout(timeout_s):
                for connection in resting:
                    await self._pool.release(connection)
                await self._pool.close()
        except TimeoutError:
            self._pool.terminate()
