"""Short questions asked beside a transaction: how many calls match, while its page is read.

The one thing a newcomer would get wrong: these connections are not of the pool's. What they set is set for
good: a plan is made once a connection whatever the values are, the server gives up by itself, and nothing can
be written. To say so before each question and to take it back would cost as much as asking.
"""

from typing import TYPE_CHECKING, Any

import asyncpg

from aidial_api.kernel.connections import GONE, Connections, new_pool, unavailable
from aidial_api.kernel.transaction import told

if TYPE_CHECKING:
    from aidial_api.kernel.reach import Settings

CONNECTIONS = 2
COUNT_MS = 50
"""How long the server may take over one question."""


class Counting:
    """The connections for counting. Made by `opened`, never by hand."""

    def __init__(self, pool: "asyncpg.Pool[Any]", acquire_timeout_s: float) -> None:
        self._connections = Connections(pool)
        self._acquire_timeout_s = acquire_timeout_s

    @classmethod
    async def opened(
        cls, url: str, settings: dict[str, str], *, command_timeout_s: float, acquire_timeout_s: float
    ) -> "Counting":
        """Make the pool, which connects when it is asked for the first time."""
        own = {
            **settings,
            "statement_timeout": str(COUNT_MS),
            "plan_cache_mode": "force_generic_plan",
            "default_transaction_read_only": "on",
        }
        return cls(await new_pool(url, own, CONNECTIONS, command_timeout_s), acquire_timeout_s)

    async def close(self) -> None:
        """Close every connection; those still in use are cut after a second."""
        await self._connections.close(timeout_s=1)

    async def fetchval(self, settings: "Settings", sql: str, *args: object) -> Any | None:
        """Return the one value of a statement, or None when it takes the server longer than `COUNT_MS`.

        It reads `FROM reached($1, $2, $3, ...)` as `Tx.fetch_reaching` does, with the `settings` of a
        transaction and `args` from `$4` on, and sees what was committed. Raises `DatabaseUnavailable`.
        """
        told(sql)
        connection = await self._connections.borrowed(self._acquire_timeout_s)
        ended_well = False
        try:
            value = await connection.fetchval(sql, *settings, *args)
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
