"""Going on with a configuration that is read again: what both apps do at SIGHUP.

The one thing a newcomer would get wrong: one reading ends before the next begins, so that the newest counts,
and what a former one opened stays open until the last request that began with it has ended.
"""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING, Protocol

import structlog

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from contextlib import AsyncExitStack

    from aidial_serving.server import Server

LOOKED_AT_S = 1.0
_log = structlog.get_logger("aidial_serving")


class InUse(Protocol):
    """What requests are answered with; `under_way` is how many of them have not ended."""

    under_way: int


async def serve_through_hangups(running: Server, reload: Callable[[], Awaitable[None]]) -> None:
    """Serve, and reload at every SIGHUP; several that come during a reload are one."""
    asked = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, asked.set)

    async def go_on() -> None:
        while True:
            await asked.wait()
            asked.clear()
            await reload()

    reloading = asyncio.create_task(go_on())
    try:
        await running.serve()
    finally:
        reloading.cancel()


class Leavers:
    """The services of former configurations that somebody may still use."""

    def __init__(self) -> None:
        self._leaving: set[asyncio.Task[None]] = set()

    def add(self, former: InUse | None, stack: AsyncExitStack) -> None:
        """Close what `stack` holds once `former` is used no more."""
        leaving = asyncio.create_task(_close_unused(former, stack))
        self._leaving.add(leaving)
        leaving.add_done_callback(self._leaving.discard)

    def cancel(self) -> None:
        """Wait no longer: the process ends."""
        for leaving in self._leaving:
            leaving.cancel()


async def _close_unused(former: InUse | None, stack: AsyncExitStack) -> None:
    while former is not None and former.under_way:  # noqa: ASYNC110 - a second late is soon enough
        await asyncio.sleep(LOOKED_AT_S)
    try:
        await stack.aclose()
    except Exception:  # noqa: BLE001 - nobody waits for it
        _log.exception("services.close_failed")
