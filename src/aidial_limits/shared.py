"""The same windows in one Valkey or Redis, for all processes together: one script, one exchange a request.

The one thing a newcomer would get wrong: whatever goes wrong here is `StoreAwayError`, which `Counting` knows
how to live with. Names in the store are digests, so that it holds no address and no session id.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b, sha1
from pathlib import Path
from typing import Any, Final

from libvalkey import ReplyError

from aidial_contract.limits import STORE_TIMEOUT, Rate
from aidial_limits.link import Link
from aidial_limits.windows import Standing, Taken, Wanted

_SCRIPT: Final = (Path(__file__).parent / "windows.lua").read_text(encoding="utf-8")
_DIGEST: Final = sha1(_SCRIPT.encode(), usedforsecurity=False).hexdigest()
_MICROSECONDS: Final = 1_000_000


class StoreAwayError(Exception):
    """The store is not there, did not answer in time, or not with what it was asked for."""


class SharedWindows:
    """Windows that every process with the same URL shares. `open` it in the loop that uses it; `close` it.

    `clock` gives microseconds in place of the server's own time: tests turn it. `lost` is called when the
    connection goes away by itself.
    """

    def __init__(
        self, url: str, timeout_ms: int = STORE_TIMEOUT, clock: Callable[[], int] = lambda: 0
    ) -> None:
        self._url = url
        self._timeout_s = timeout_ms / 1_000
        self._link: Link | None = None
        self.clock = clock
        self.lost: Callable[[], None] = lambda: None

    async def open(self) -> bool:
        """Connect anew; False when there is nothing to connect to, or it takes more than a second."""
        self.close()
        try:
            link = await Link.open(self._url, self._gone)
            await link.ask("PING", within_s=self._timeout_s)
        except (OSError, TimeoutError, ReplyError):
            return False
        self._link = link
        return True

    async def take(self, wanted: Wanted, *, count: bool = True) -> Taken:
        """As `Windows.take`; raises `StoreAwayError`."""
        words: list[str | int] = [len(wanted), *(_key(rate, whose) for rate, whose in wanted)]
        words += [self.clock(), int(count)]
        for rate, _ in wanted:
            words += [rate.amount, rate.seconds * _MICROSECONDS]
        if self._link is None:
            raise StoreAwayError("not connected")
        try:
            return _taken(wanted, await self._run(self._link, words))
        except (OSError, TimeoutError, ReplyError, ValueError, TypeError) as error:
            # A reply's words name the trouble (OOM, READONLY) and nobody's data.
            raise StoreAwayError(f"{type(error).__name__} {str(error).partition(' ')[0]}".strip()) from None

    async def _run(self, link: Link, words: list[str | int]) -> list[Any]:
        try:
            answer: list[Any] = await link.ask("EVALSHA", _DIGEST, *words, within_s=self._timeout_s)
        except ReplyError as refused:
            if not str(refused).startswith("NOSCRIPT"):
                raise
            answer = await link.ask("EVAL", _SCRIPT, *words, within_s=self._timeout_s)
        return answer

    async def answers(self) -> bool:
        """Whether the store answers in time."""
        if self._link is None:
            return False
        try:
            await self._link.ask("PING", within_s=self._timeout_s)
        except (OSError, TimeoutError, ReplyError):
            return False
        return True

    def close(self) -> None:
        """End the connection."""
        link, self._link = self._link, None
        if link is not None:
            link.close()

    def _gone(self) -> None:
        if self._link is not None and not self._link.is_open:
            self._link = None
            self.lost()


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
