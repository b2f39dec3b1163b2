"""Asks for one URL at a steady rate until it is ended: python flood.py URL KEY REQUESTS_A_SECOND.

A process of its own, so that its work is not the server's or the measuring client's. The one thing a newcomer
would get wrong: it is stopped and continued by signals, and what it missed meanwhile it does not catch up on.
"""

from __future__ import annotations

import asyncio
import sys

import aiohttp

STEP_S = 0.005


async def main(url: str, key: str, per_second: float) -> None:
    """Ask for ever."""
    async with aiohttp.ClientSession(headers={"x-api-key": key}) as http:
        running: set[asyncio.Task[None]] = set()
        loop = asyncio.get_running_loop()
        due, owed = loop.time(), 0.0
        while True:
            await asyncio.sleep(max(0.0, due - loop.time()))
            due = max(due + STEP_S, loop.time())
            owed += per_second * STEP_S
            while owed >= 1:
                owed -= 1
                task = asyncio.create_task(_once(http, url))
                running.add(task)
                task.add_done_callback(running.discard)


async def _once(http: aiohttp.ClientSession, url: str) -> None:
    try:
        async with http.get(url) as answer:
            await answer.read()
    except aiohttp.ClientError:
        return


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], float(sys.argv[3])))
