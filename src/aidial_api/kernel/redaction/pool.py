"""Redaction of long conversations outside the event loop.

A newcomer's likely mistake: a thread pool, which would hold the interpreter lock; give a process pool. And:
a queue that is full says nothing about the text in it, so waiting too long is no failed redaction.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import BrokenExecutor, Executor, Future
from functools import partial
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from .engine import DEFAULT_CAP_SECONDS, redact_turns

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .marks import RedactedTurns

P = ParamSpec("P")
T = TypeVar("T")

# design.md asks for a process above 64 KiB. Measured: a hostile text of that size ("4,4,4,...") held the loop
# for over a second, and four at once everybody else for seven; an ordinary call is 1 to 5 KiB.
POOL_FROM_BYTES = 16 * 1024
_STARTING_SECONDS = 5.0  # a fresh worker process imports first


class RedactionBusy(Exception):  # noqa: N818 - named like its sibling
    """Nobody came to redact the text in time, or died over it: store nothing, it may be sent again."""


class Redactors(Executor):
    """A process pool that is made anew after one of its processes died; the library's own stays broken."""

    def __init__(self, make: Callable[[], Executor]) -> None:
        self._make = make
        self._pool = make()

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Run `fn` in a process."""
        try:
            return self._pool.submit(fn, *args, **kwargs)
        except BrokenExecutor:
            self._pool.shutdown(wait=False)
            self._pool = self._make()
            return self._pool.submit(fn, *args, **kwargs)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: FBT001, FBT002 - the library's signature
        """End the processes."""
        self._pool.shutdown(wait=wait, cancel_futures=cancel_futures)


async def redact_many_async(
    texts: Sequence[str], executor: Executor, *, cap_seconds: float = DEFAULT_CAP_SECONDS
) -> RedactedTurns:
    """Redact a conversation in `executor`.

    Raises `RedactionFailed` after `cap_seconds` of work, `RedactionBusy` when it was not begun or got no
    further in time, or its process died.
    """
    return await redact_elsewhere(
        partial(redact_turns, tuple(texts), cap_seconds=cap_seconds), executor, seconds=cap_seconds
    )


async def redact_elsewhere(
    job: Callable[[], T], executor: Executor, *, seconds: float = DEFAULT_CAP_SECONDS
) -> T:
    """Do a work of redaction in `executor`; raises what it raises.

    Raises `RedactionBusy` when a process that is ready did not end it within `seconds`, or died over it.
    """
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(seconds + _STARTING_SECONDS):
            return await loop.run_in_executor(executor, job)
    except TimeoutError as late:
        raise RedactionBusy("no redaction worker answered in time") from late
    except BrokenExecutor as broken:
        raise RedactionBusy("the redaction worker died") from broken
