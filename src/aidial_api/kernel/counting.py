"""Short questions asked beside a transaction: how many calls match, while its page is read.

The one thing a newcomer would get wrong: nobody waits for these connections. Where none is free, or one is
lost, the question is asked in the transaction afterwards, as it would be without them. What they set is set
for good: plans are made once whatever the values are, the server gives up by itself, nothing can be written.
To say so before each question and to take it back would cost as much as asking.
"""

import asyncio
from typing import TYPE_CHECKING, Any

import asyncpg
import structlog

from aidial_api.kernel.connections import (
    CONNECT_TIMEOUT_S,
    GONE,
    Connections,
    new_pool,
    unavailable,
)
from aidial_api.kernel.transaction import told

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

    from aidial_api.kernel.reach import Settings

CONNECTIONS = 2
COUNT_MS = 50
"""How long the server may take over one question."""
_FIRST = "SELECT count(*) FROM reached('', '', '', $1, $2, $3, $4)"
_log = structlog.get_logger()


class Counting:
    """The connections for counting, opened when they are first asked for. Made by `made`, never by hand."""

    def __init__(self, pool: "asyncpg.Pool[Any]") -> None:
        self._connections = Connections(pool)
        self._tasks: set[asyncio.Task[Any]] = set()
        self._opening: asyncio.Task[None] | None = None

    @classmethod
    async def made(cls, url: str, settings: dict[str, str], *, command_timeout_s: float) -> "Counting":
        """Make the pool, which connects nothing yet."""
        own = {
            **settings,
            "plan_cache_mode": "force_generic_plan",
            "default_transaction_read_only": "on",
        }
        return cls(await new_pool(url, own, CONNECTIONS, command_timeout_s, init=_prepare))

    async def close(self) -> None:
        """Close every connection; those still in use are cut after a second."""
        if self._opening is not None:
            self._opening.cancel()
        await self._connections.close(timeout_s=1)

    async def ask(self, settings: "Settings", sql: str, *args: object) -> "asyncio.Task[Any | None] | None":
        """Ask for the one value of a statement; None when no connection is free at this moment.

        It reads `FROM reached($1, $2, $3, ...)` as `Tx.fetch_reaching` does, with the `settings` of a
        transaction and `args` from `$4` on, and sees what was committed. The answer is None when it takes the
        server longer than `COUNT_MS`, and `DatabaseUnavailable` when the connection is lost. It ends by
        itself, so whoever does not need it any more leaves it alone; `asyncio.shield` it to wait for it.
        """
        connection = await self._connections.resting()
        if connection is None:
            self._open_one_more()
            return None
        told(sql)
        return self._kept(asyncio.create_task(self._answer(connection, sql, (*settings, *args))))

    async def _answer(
        self, connection: "PoolConnectionProxy[Any]", sql: str, args: tuple[object, ...]
    ) -> Any | None:
        ended_well = False
        try:
            value = await connection.fetchval(sql, *args)
            ended_well = True
        except asyncpg.QueryCanceledError:
            ended_well = True
            return None
        except GONE as gone:
            raise unavailable(gone, connection) from gone
        else:
            return value
        finally:
            give = self._connections.handed_on if ended_well else self._connections.given_back
            await give(connection)

    def _open_one_more(self) -> None:
        is_opening = self._opening is not None and not self._opening.done()
        if not is_opening and self._connections.lent < CONNECTIONS:
            self._opening = self._kept(asyncio.create_task(self._open()))

    async def _open(self) -> None:
        try:
            await self._connections.rest_one_more(CONNECT_TIMEOUT_S)
        except Exception as error:  # noqa: BLE001 - lists are counted without it, and the log says so
            _log.warning("database.counting_unavailable", reason=type(error).__name__)

    def _kept(self, task: "asyncio.Task[Any]") -> "asyncio.Task[Any]":
        """Keep a task until it ends, and look at how it ended: perhaps nobody else does."""
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: "asyncio.Task[Any]") -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()


async def _prepare(connection: "asyncpg.Connection[Any]") -> None:
    """Learn what the server calls its types before there is a limit of time."""
    await connection.fetchval(_FIRST, [], [], [], [])
    await connection.execute(f"SET statement_timeout = {COUNT_MS:d}")
