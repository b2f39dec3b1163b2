"""When each API key was last used, to the minute: noted by requests, written behind them.

The one thing a newcomer would get wrong: a request neither waits for it nor pays for it. A process that is
killed loses the last few seconds of it, and nothing else.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING

import structlog

from aidial_api.kernel.clock import utc_now
from aidial_api.kernel.connections import DatabaseUnavailable
from aidial_api.kernel.reach import Reach

if TYPE_CHECKING:
    from aidial_api.kernel.db import Database

WRITE_EVERY_S = 5.0
LAST_WRITE_S = 1.0
"""How long a process that stops waits for the database to take the rest."""
_WRITE = """
UPDATE api_keys SET last_used_at = $3
WHERE client_id = $1 AND api_key_id = $2 AND (last_used_at IS NULL OR last_used_at < $3)
"""
_log = structlog.get_logger("aidial_api")
Key = tuple[str, str]


class KeyUse:
    """Notes each key's last use, and writes the minutes that are new every few seconds."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._noted: dict[Key, datetime] = {}
        self._written: dict[Key, datetime] = {}
        self._writing: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to write, in the running loop."""
        self._writing = asyncio.create_task(self._write_on(), name="last use of keys")

    async def close(self) -> None:
        """End, and write what is left if the database takes it soon."""
        if self._writing is not None:
            self._writing.cancel()
            with suppress(asyncio.CancelledError):
                await self._writing
        with suppress(TimeoutError):
            async with asyncio.timeout(LAST_WRITE_S):
                await self.write()

    def note(self, client_id: str, api_key_id: str) -> None:
        """A key was used now."""
        self._noted[client_id, api_key_id] = utc_now()

    async def write(self) -> None:
        """Write what is new; what the database does not take stays noted for the next time."""
        for key, moment in list(self._noted.items()):
            minute = _minute(moment)
            if self._written.get(key) != minute:
                try:
                    await self._db.quietly(Reach((key[0],)), _WRITE, *key, minute)
                except DatabaseUnavailable as error:
                    _log.warning("api_keys.use_not_written", error=type(error).__name__)
                    return
                except Exception as error:  # noqa: BLE001 - what one key meets stops no other's, nor the writing
                    _log.warning("api_keys.use_not_written", error=type(error).__name__)
                    continue
                self._written[key] = minute
            if self._noted[key] == moment:
                del self._noted[key]
        this_minute = _minute(utc_now())
        self._written = {key: minute for key, minute in self._written.items() if minute == this_minute}

    async def _write_on(self) -> None:
        while True:
            await asyncio.sleep(WRITE_EVERY_S)
            await self.write()


def _minute(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)
