"""SIGHUP again and again: the configuration that was read last is the one that counts."""

from __future__ import annotations

import asyncio
import os
import signal
from typing import Any, cast

from aidial_serving.hangups import serve_through_hangups
from aidial_serving.server import Server


class Serving:
    """A server that serves until it is told to end."""

    def __init__(self) -> None:
        self.ends = asyncio.Event()

    async def serve(self) -> None:
        """Wait."""
        await self.ends.wait()


async def test_one_reading_ends_before_the_next_begins() -> None:
    said: list[str] = []
    serving, slow, again = Serving(), asyncio.Event(), asyncio.Event()

    async def reload() -> None:
        said.append("begins")
        if len(said) == 1:
            again.set()
            await slow.wait()
        said.append("ends")
        if len(said) == 4:
            serving.ends.set()

    async def hang_up() -> None:
        os.kill(os.getpid(), signal.SIGHUP)
        await again.wait()
        for _ in range(3):
            os.kill(os.getpid(), signal.SIGHUP)
            await asyncio.sleep(0.01)
        slow.set()

    async with asyncio.timeout(10):
        await asyncio.gather(serve_through_hangups(cast("Server", cast("Any", serving)), reload), hang_up())
    assert said == ["begins", "ends", "begins", "ends"]
