"""The same windows in one Valkey or Redis, for all processes together: one script, one exchange a request.

The one thing a newcomer would get wrong: whatever goes wrong here is `StoreAwayError`, which `Counting` knows
how to live with. Names in the store are digests, so that it holds no address and no session id.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final

from valkey.asyncio import BlockingConnectionPool, Valkey
from valkey.exceptions import ValkeyError

from aidial_contract.limits import Rate
from aidial_limits.windows import Standing, Taken, Wanted

TIMEOUT_S: Final = 0.05
CONNECTIONS: Final = 32
_SCRIPT: Final = (Path(__file__).parent / "windows.lua").read_text(encoding="utf-8")
_MICROSECONDS: Final = 1_000_000


class StoreAwayError(Exception):
    """The store did not answer in time, or not with what it was asked for."""


class SharedWindows:
    """Windows that every process with the same URL shares. Made inside the loop that uses it; `close` it.

    `clock` gives microseconds in place of the server's own time: tests turn it.
    """

    def __init__(self, url: str, clock: Callable[[], int] = lambda: 0) -> None:
        pool = BlockingConnectionPool.from_url(
            url,
            max_connections=CONNECTIONS,
            timeout=TIMEOUT_S,
            socket_timeout=TIMEOUT_S,
            socket_connect_timeout=TIMEOUT_S,
            health_check_interval=0,
            client_name="aidial-limits",
        )
        self._store = Valkey(connection_pool=pool)
        self._script = self._store.register_script(_SCRIPT)
        self.clock = clock

    async def take(self, wanted: Wanted, *, count: bool = True) -> Taken:
        """As `Windows.take`; raises `StoreAwayError`."""
        keys = [_key(rate, whose) for rate, whose in wanted]
        arguments: list[int] = [self.clock(), int(count)]
        for rate, _ in wanted:
            arguments += [rate.amount, rate.seconds * _MICROSECONDS]
        try:
            async with asyncio.timeout(TIMEOUT_S):
                numbers: list[int] = await self._script(keys, arguments)
            return _taken(wanted, numbers)
        except (ValkeyError, OSError, TimeoutError, ValueError, TypeError) as error:
            raise StoreAwayError(type(error).__name__) from None

    async def answers(self) -> bool:
        """Whether the store answers in time."""
        try:
            async with asyncio.timeout(TIMEOUT_S):
                return bool(await self._store.ping())
        except (ValkeyError, OSError, TimeoutError):
            return False

    async def close(self) -> None:
        """Close every connection."""
        await self._store.aclose(close_connection_pool=True)


def _key(rate: Rate, whose: str) -> str:
    return f"aidial:limits:{rate.name}:{blake2b(whose.encode(), digest_size=12).hexdigest()}"


def _taken(wanted: Wanted, numbers: list[Any]) -> Taken:
    standings, full, wait_s = [], None, 0.0
    for index, (rate, _) in enumerate(wanted):
        left, more_in_us, is_full = numbers[3 * index : 3 * index + 3]
        more_in_s = more_in_us / _MICROSECONDS
        standings.append(Standing(rate, left, more_in_s))
        if is_full and more_in_s > wait_s:
            full, wait_s = rate, more_in_s
    return Taken(tuple(standings), full, wait_s)
