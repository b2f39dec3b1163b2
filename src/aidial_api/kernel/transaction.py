"""One transaction: borrowed, begun with its reach, committed or rolled back, given back.

A newcomer would ask the pool to clean up. Nothing needs cleaning: a connection that cannot be
rolled back in time is cut off, never returned.
"""

import asyncio
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any

import asyncpg
import structlog

from aidial_api.kernel.connections import GONE, Connections, cut, is_open, unavailable
from aidial_api.kernel.reach import Reach, Settings, begin_text, settings_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Iterator
    from types import TracebackType

    from asyncpg.pool import PoolConnectionProxy

_log = structlog.get_logger()

_observers: "list[Callable[[str], None]]" = []
_cleaners: set[asyncio.Task[None]] = set()


@contextmanager
def observe(watcher: "Callable[[str], None]") -> "Iterator[None]":
    """Call `watcher` with the text of every statement of this process; for tests that count them."""
    _observers.append(watcher)
    try:
        yield
    finally:
        _observers.remove(watcher)


def told(sql: str) -> None:
    """Tell the observers of one statement."""
    for watcher in _observers:
        watcher(sql)


class Tx:
    """One transaction. `statements` counts what ran in it, BEGIN and COMMIT left out.

    `begin` is the text that begins it, with its reach, before its first statement: a transaction for reading
    may turn out to be one statement, which needs none. `is_begun` says whether that text was sent. `settings`
    are the reach's, for a statement that reads from `reached`.
    """

    __slots__ = ("_begin", "_connection", "is_begun", "settings", "statements")

    def __init__(self, connection: "PoolConnectionProxy[Any]", begin: str, settings: Settings) -> None:
        self._connection = connection
        self._begin = begin
        self.settings = settings
        self.is_begun = False
        self.statements = 0

    async def begin(self) -> None:
        """Begin now, with the reach."""
        self.is_begun = True
        await self._connection.execute(self._begin)

    async def fetch_reaching(self, sql: str, *args: object) -> list[asyncpg.Record]:
        """Return every row of a statement that reads `FROM reached($1, $2, $3, ...)`, `args` from `$4` on.

        `reached` sets what BEGIN would have set, until the end of the statement when nothing else has begun:
        one round trip instead of three. A statement that does not read from it sees nothing.
        """
        self.statements += 1
        if _observers:
            told(sql)
        try:
            return await self._connection.fetch(sql, *self.settings, *args)
        except GONE as gone:
            raise unavailable(gone, self._connection) from gone

    async def fetch(self, sql: str, *args: object) -> list[asyncpg.Record]:
        """Return every row."""
        return await self._run(self._connection.fetch, sql, args)  # type: ignore[no-any-return]

    async def fetchrow(self, sql: str, *args: object) -> asyncpg.Record | None:
        """Return the first row, or None."""
        return await self._run(self._connection.fetchrow, sql, args)  # type: ignore[no-any-return]

    async def fetchval(self, sql: str, *args: object) -> Any:
        """Return the first column of the first row, or None."""
        return await self._run(self._connection.fetchval, sql, args)

    async def execute(self, sql: str, *args: object) -> str:
        """Run one statement; return its tag, such as `UPDATE 1`."""
        return await self._run(self._connection.execute, sql, args)  # type: ignore[no-any-return]

    async def executemany(self, sql: str, rows: "Iterable[tuple[object, ...]]") -> None:
        """Run one statement once a row, in one batch; counts as one."""
        await self._run(self._connection.executemany, sql, (rows,))

    async def fetchval_within(
        self, timeout_ms: int, sql: str, *args: object, keeps_plan: bool = False
    ) -> Any | None:
        """Return what `fetchval` does, or None when that takes the server longer than `timeout_ms`.

        For reads only: whatever the statement wrote is undone. The transaction goes on either way.
        `keeps_plan`: it is planned once a connection, whatever its values are.
        """
        # A transaction that has not begun does so for this statement alone: two round trips fewer.
        begin, end = ("SAVEPOINT capped", "ROLLBACK TO capped;RELEASE capped")
        if not self.is_begun:
            begin, end = (self._begin, "ROLLBACK")
        begin += f";SET LOCAL statement_timeout={timeout_ms:d}"
        if keeps_plan:
            begin += ";SET LOCAL plan_cache_mode=force_generic_plan"
        await self._send(begin)
        try:
            self.statements += 1
            told(sql)
            return await self._connection.fetchval(sql, *args)
        except asyncpg.QueryCanceledError:
            return None
        except GONE as gone:
            raise unavailable(gone, self._connection) from gone
        finally:
            if is_open(self._connection):
                # Rolling back restores the settings as well, which a release would keep.
                await self._send(end)

    @asynccontextmanager
    async def savepoint(self) -> "AsyncIterator[None]":
        """Undo only what happens inside when it raises; the exception goes on."""
        await self._run(self._connection.execute, "SAVEPOINT part", ())
        try:
            yield
        except BaseException:
            if is_open(self._connection):
                await self._run(self._connection.execute, "ROLLBACK TO part;RELEASE part", ())
            raise
        await self._run(self._connection.execute, "RELEASE part", ())

    async def _send(self, text: str) -> None:
        """Run a text that begins or ends something."""
        self.statements += 1
        if _observers:
            told(text)
        try:
            await self._connection.execute(text)
        except GONE as gone:
            raise unavailable(gone, self._connection) from gone

    async def _run(self, call: "Callable[..., Any]", sql: str, args: tuple[Any, ...]) -> Any:
        self.statements += 1
        if _observers:
            told(sql)
        try:
            if not self.is_begun:
                await self.begin()
            return await call(sql, *args)
        except GONE as gone:
            raise unavailable(gone, self._connection) from gone


class Transaction:
    """Borrows a connection, begins, and commits on a clean exit; everything else rolls back.

    One for reading begins when it must (`Tx.begin`), one that writes at once.
    """

    __slots__ = (
        "_acquire_timeout_s",
        "_begin",
        "_connection",
        "_connections",
        "_gate",
        "_reach",
        "_read_only",
        "_tx",
    )

    def __init__(
        self,
        connections: "Connections",
        reach: Reach,
        acquire_timeout_s: float,
        gate: asyncio.Semaphore | None = None,
        *,
        read_only: bool = False,
    ) -> None:
        self._connections = connections
        self._begin = begin_text(reach, read_only=read_only)
        self._reach = reach
        self._read_only = read_only
        self._acquire_timeout_s = acquire_timeout_s
        self._gate = gate

    async def __aenter__(self) -> Tx:
        self._connection = connection = await self._admitted()
        self._tx = tx = Tx(connection, self._begin, settings_of(self._reach))
        if self._read_only:
            return tx
        try:
            await tx.begin()
        except BaseException as error:
            if isinstance(error, asyncpg.InternalClientError):
                cut(connection)
            await self._after(error)
            if isinstance(error, GONE):
                raise unavailable(error, None) from error
            raise
        return tx

    async def _admitted(self) -> "PoolConnectionProxy[Any]":
        """Wait for one's turn, then for a connection; both within the same time."""
        if self._gate is None:
            return await self._connections.borrowed(self._acquire_timeout_s)
        if not self._gate.locked():
            await self._gate.acquire()  # at once
        else:
            try:
                async with asyncio.timeout(self._acquire_timeout_s):
                    await self._gate.acquire()
            except TimeoutError as gone:
                raise unavailable(gone, None) from gone
        try:
            return await self._connections.borrowed(self._acquire_timeout_s)
        except BaseException:
            self._gate.release()
            raise

    async def _after(self, error: BaseException) -> None:
        """Roll back and return the connection.

        Nobody whose time is over waits for that: a database that answers no more takes its time over it.
        """
        if isinstance(error, asyncio.CancelledError):
            cleaning = asyncio.create_task(self._cleaned())
            _cleaners.add(cleaning)
            cleaning.add_done_callback(_cleaned_up)
        else:
            await self._cleaned()

    async def _cleaned(self) -> None:
        try:
            await self._connections.given_back(self._connection)
        finally:
            if self._gate is not None:
                self._gate.release()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: "TracebackType | None",
    ) -> None:
        connection = self._connection
        if error is not None:
            await self._after(error)
            return
        try:
            if self._tx.is_begun:
                await _committed(connection)
        except BaseException as failed:
            await self._after(failed)
            raise
        try:
            await self._connections.handed_on(connection)  # committed: there is nothing left to look for
        finally:
            if self._gate is not None:
                self._gate.release()


def _cleaned_up(cleaning: asyncio.Task[None]) -> None:
    _cleaners.discard(cleaning)
    if not cleaning.cancelled() and cleaning.exception() is not None:
        _log.warning("database.cleaning_failed", reason=type(cleaning.exception()).__name__)


async def _committed(connection: "PoolConnectionProxy[Any]") -> None:
    try:
        tag = await connection.execute("COMMIT")
    except GONE as gone:
        raise unavailable(gone, None) from gone
    if tag != "COMMIT":
        raise RuntimeError("a statement failed and its error was swallowed: nothing was written")
