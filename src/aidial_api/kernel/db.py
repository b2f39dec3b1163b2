"""The database: a pool, and one transaction a request that sees only what its reach allows.

A newcomer would look for the query that sets the tenant. It is inside BEGIN: one round trip, and
gone at the end of the transaction, which is why nothing is reset between two borrowers. `jsonb`
is text in and out (decode it with msgspec); uuids are accepted as text.
"""

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Literal

import asyncpg

from aidial_api.kernel.connections import (
    CONNECT_TIMEOUT_S,
    GONE,
    Connections,
    DatabaseUnavailable,
    new_pool,
    unavailable,
)
from aidial_api.kernel.counting import Counting
from aidial_api.kernel.listen import Listener
from aidial_api.kernel.pulse import Pulse
from aidial_api.kernel.reach import NOTHING, Reach, begin_text
from aidial_api.kernel.roles import DatabaseRefused, choose_role
from aidial_api.kernel.transaction import Transaction, Tx, observe, told

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

__all__ = [
    "LOOKUPS",
    "NOTHING",
    "Database",
    "DatabaseRefused",
    "DatabaseUnavailable",
    "Reach",
    "Tx",
    "observe",
    "owner_transaction",
]

LookUp = Literal["lookup_api_key", "lookup_session", "lookup_user", "lookup_service_account"]
LOOKUPS: dict[LookUp, str] = {
    "lookup_api_key": "SELECT * FROM lookup_api_key($1)",
    "lookup_session": "SELECT * FROM lookup_session($1)",
    "lookup_user": "SELECT * FROM lookup_user($1, $2, $3)",
    "lookup_service_account": "SELECT * FROM lookup_service_account($1, $2)",
}
RESERVED_SHARE = 4
"""One connection in so many is kept for whatever is reserved: sessions, and looking up who asks."""
# Under a policy PostgreSQL underestimates how many rows a tenant has: without the last three it
# sorts a whole project for a page, or scans the table, where an index range is asked for.
_SETTINGS = {
    "application_name": "aidial api",
    "jit": "off",
    "random_page_cost": "1.1",
    "max_parallel_workers_per_gather": "0",
    "plan_cache_mode": "auto",
}


class Database:
    """The application's connections. Made by `connect`, never by hand."""

    def __init__(
        self,
        pool: "asyncpg.Pool[Any]",
        counting: Counting,
        url: str,
        settings: dict[str, str],
        acquire_timeout_s: float,
    ) -> None:
        self._connections = Connections(pool)
        self.counting = counting
        self._url = url
        self._settings = settings
        self._acquire_timeout_s = acquire_timeout_s
        self._ordinary = asyncio.Semaphore(pool.get_max_size() - pool.get_max_size() // RESERVED_SHARE)
        self._pulse = Pulse(url, settings)
        self._listeners: list[Listener] = []

    @classmethod
    async def connect(
        cls,
        url: str,
        *,
        min_size: int = 2,
        max_size: int = 16,
        command_timeout_s: float = 5.0,
        acquire_timeout_s: float = 2.0,
    ) -> "Database":
        """Open the pool as the application role.

        Raises `DatabaseRefused` when row-level security would not bind the role (superuser, BYPASSRLS,
        owner) or the server is too old, `DatabaseUnavailable` when it does not answer.
        """
        settings = {**_SETTINGS, "statement_timeout": str(int(command_timeout_s * 1000) + 500)}
        try:
            role = await choose_role(url, timeout_s=CONNECT_TIMEOUT_S)
            if role is not None:
                settings["role"] = role
            pool = await new_pool(url, settings, max_size, command_timeout_s)
            counting = await Counting.made(url, settings, command_timeout_s=command_timeout_s)
        except (
            *GONE,
            asyncpg.InvalidAuthorizationSpecificationError,
            asyncpg.InvalidCatalogNameError,
        ) as gone:
            raise unavailable(gone, None) from gone
        db = cls(pool, counting, url, settings, acquire_timeout_s)
        await db._connections.open(min_size, CONNECT_TIMEOUT_S)
        return db

    async def close(self) -> None:
        """Stop listening and close every connection; those still in use are cut after a second."""
        for listener in self._listeners:
            await listener.close()
        self._pulse.close()
        await self.counting.close()
        await self._connections.close(timeout_s=1)

    def transaction(self, reach: Reach, *, read_only: bool = False, reserved: bool = False) -> Transaction:
        """Begin with `reach` set: `async with db.transaction(reach) as tx`.

        A `reserved` one may have the connections that the others leave free for it.
        """
        gate = None if reserved else self._ordinary
        return Transaction(self._connections, reach, self._acquire_timeout_s, gate, read_only=read_only)

    async def lookup(self, name: LookUp, *args: object) -> asyncpg.Record | None:
        """Ask one of the four look-ups that need no reach; their columns are in the migrations."""
        told(name)
        connection = await self._connections.borrowed(self._acquire_timeout_s)
        try:
            return await connection.fetchrow(LOOKUPS[name], *args)
        except GONE as gone:
            raise unavailable(gone, connection) from gone
        finally:
            await self._connections.given_back(connection)

    async def beats(self) -> bool:
        """Whether the database answers, however busy the pool is; the caller brings the time-out."""
        return await self._pulse.beats()

    async def quietly(self, reach: Reach, sql: str, *args: object) -> None:
        """Run one statement of no request: whoever counts a request's statements does not count it."""
        connection = await self._connections.borrowed(self._acquire_timeout_s)
        try:
            await connection.execute(begin_text(reach))
            await connection.execute(sql, *args)
            await connection.execute("COMMIT")
        except GONE as gone:
            raise unavailable(gone, connection) from gone
        finally:
            await self._connections.given_back(connection)

    async def listen(self, channel: str, callback: "Callable[[str | None], None]") -> None:
        """Call `callback` with each payload on `channel`, and with None when some may have been missed."""
        listener = Listener(self._url, self._settings, channel, callback)
        self._listeners.append(listener)
        try:
            await listener.start(timeout_s=CONNECT_TIMEOUT_S)
        except GONE as gone:
            raise unavailable(gone, None) from gone


@asynccontextmanager
async def owner_transaction(owner_url: str, reach: Reach) -> "AsyncIterator[Tx]":
    """One transaction as the role that owns the tables: for bootstrap, which makes internal people.

    The policies bind the owner too; it alone may write memberships of no client and no partner.
    """
    try:
        pool = await new_pool(owner_url, None, 1, None)
        connections = Connections(pool)
        try:
            async with Transaction(connections, reach, CONNECT_TIMEOUT_S) as tx:
                yield tx
        finally:
            await connections.close(timeout_s=1)
    except GONE as gone:
        raise unavailable(gone, None) from gone
