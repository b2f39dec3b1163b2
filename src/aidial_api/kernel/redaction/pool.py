"""Redaction of long conversations outside the event loop.

A newcomer's likely mistake: a thread pool, which would hold the interpreter lock; give a process pool.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from .engine import DEFAULT_CAP_SECONDS, redact_turns
from .marks import RedactedTurns, RedactionFailed

if TYPE_CHECKING:
    from collections.abc import Sequence
    from concurrent.futures import Executor

POOL_FROM_BYTES = 64 * 1024
_STARTING_SECONDS = 5.0  # a fresh worker process imports first


async def redact_many_async(
    texts: Sequence[str], executor: Executor, *, cap_seconds: float = DEFAULT_CAP_SECONDS
) -> RedactedTurns:
    """Redact a conversation in `executor`. Raises `RedactionFailed` after the cap, also when none answers."""
    job = partial(redact_turns, tuple(texts), cap_seconds=cap_seconds)
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(cap_seconds + _STARTING_SECONDS):
            return await loop.run_in_executor(executor, job)
    except TimeoutError as late:
        raise RedactionFailed("no redaction worker answered in time") from late
