"""News of calls: which were delivered or changed, told to every process and to whoever watches their project.

The one thing a newcomer would get wrong: it is told after the commit and in batches, because a transaction
that notifies makes all others wait for its commit. So a process that is killed may never tell: news say that
something is to be looked at, never what it is, and whoever comes back looks for themselves.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import structlog

from aidial_api.kernel.connections import DatabaseUnavailable
from aidial_api.kernel.reach import NOTHING
from aidial_contract import errors
from aidial_contract.fault import Fault

if TYPE_CHECKING:
    from aidial_api.kernel.db import Database
    from aidial_contract.scope import ProjectReach

CHANNEL: Final = "aidial_calls"
TELL: Final = f"SELECT pg_notify('{CHANNEL}', $1)"
GATHER_S: Final = 0.2
"""How long news wait for others, to be told together."""
LINES: Final = 50
"""PostgreSQL takes 8,000 bytes at once; a line has at most 140."""
MOST_WAITING: Final = 500
"""Above so many changes at once a watcher is told to look for themselves."""
ASK_AGAIN_MS: Final = 5_000
REMEMBERED_S: Final = 60.0
"""How far back it is known that a project was quiet: longer than a page takes until it listens."""
_MISSED: Final = "*"
_log = structlog.get_logger("aidial_api")
Place = tuple[str, str]


def line(client_id: str, project_id: str, call_id: str, *, is_new: bool = False) -> str:
    """One call as it is told."""
    return f"{client_id} {project_id} {call_id} {int(is_new)}"


@dataclass(slots=True, eq=False)
class Watcher:
    """What somebody was told and has not taken: calls, and whether new. `is_behind`: some is missing."""

    changed: dict[str, bool] = field(default_factory=dict)
    is_behind: bool = False
    rings: asyncio.Event = field(default_factory=asyncio.Event)

    def told(self, call_id: str, is_new: bool) -> None:  # noqa: FBT001 - as it stands in a line
        """A call is new or changed."""
        self.changed[call_id] = self.changed.get(call_id, False) or is_new
        if len(self.changed) > MOST_WAITING:
            self.missed()
        self.rings.set()

    def missed(self) -> None:
        """Something was not told."""
        self.changed.clear()
        self.is_behind = True
        self.rings.set()

    def take(self) -> tuple[dict[str, bool], bool]:
        """What was told since the last time, and whether some of it is missing."""
        taken = self.changed, self.is_behind
        self.changed, self.is_behind = {}, False
        self.rings.clear()
        return taken


class CallNews:
    """One a process. `tell` after a commit; `watched` while somebody looks on."""

    def __init__(self, db: Database, *, most: int, most_of_one: int) -> None:
        self._db = db
        self._most, self._most_of_one = most, most_of_one
        self._watching: defaultdict[Place, set[Watcher]] = defaultdict(set)
        self._everybody: dict[int, Watcher] = {}
        self._of_one: Counter[str] = Counter()
        self._heard: dict[Place, float] = {}
        self._whole_since = time.monotonic()
        self._waiting: dict[tuple[str, str, str], bool] = {}
        self._missed = False
        self._some = asyncio.Event()
        self._telling: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to hear and to tell, in the running loop."""
        await self._db.listen(CHANNEL, self.heard)
        self._whole_since = time.monotonic()
        self._telling = asyncio.create_task(self._tell_on(), name="news of calls")

    async def close(self) -> None:
        """End; what is not told yet is told if the database takes it soon."""
        if self._telling is not None:
            self._telling.cancel()
            with suppress(asyncio.CancelledError):
                await self._telling
        with suppress(TimeoutError):
            async with asyncio.timeout(1):
                await self._tell_all()

    def tell(self, client_id: str, project_id: str, call_id: str, *, is_new: bool = False) -> None:
        """A call was written: for `ask.on_commit`."""
        name = (client_id, project_id, call_id)
        self._waiting[name] = self._waiting.get(name, False) or is_new
        self._some.set()

    def heard(self, payload: str | None) -> None:
        """The database passes news on; None when some may have been missed."""
        now = time.monotonic()
        for text in (payload or _MISSED).splitlines():
            if text == _MISSED:
                self._whole_since = now
                for watcher in self._everybody.values():
                    watcher.missed()
                continue
            client_id, project_id, call_id, is_new = text.split(" ")
            self._remember((client_id, project_id), now)
            for watcher in self._watching.get((client_id, project_id), ()):
                watcher.told(call_id, is_new == "1")

    def quiet_s(self, projects: Iterable[ProjectReach]) -> float:
        """For how long, at least, nothing was heard of these projects; never more than is remembered."""
        heard = [self._heard.get((project.client_id, project.project_id), 0.0) for project in projects]
        return min(REMEMBERED_S, time.monotonic() - max(self._whole_since, *heard))

    def ring(self) -> None:
        """Have everybody look whether they still may."""
        for watcher in self._everybody.values():
            watcher.rings.set()

    @contextmanager
    def watched(self, whose: str, projects: Iterable[ProjectReach]) -> Iterator[Watcher]:
        """A watcher of projects while the block runs. 429 `rate_limited` when there are too many."""
        if len(self._everybody) >= self._most or self._of_one[whose] >= self._most_of_one:
            raise Fault(errors.RATE_LIMITED, retry_after_ms=ASK_AGAIN_MS, reason="too many live streams")
        watcher = Watcher()
        places = {(project.client_id, project.project_id) for project in projects}
        self._everybody[id(watcher)] = watcher
        self._of_one[whose] += 1
        for place in places:
            self._watching[place].add(watcher)
        try:
            yield watcher
        finally:
            del self._everybody[id(watcher)]
            self._of_one[whose] -= 1
            if not self._of_one[whose]:
                del self._of_one[whose]
            for place in places:
                self._watching[place].discard(watcher)
                if not self._watching[place]:
                    del self._watching[place]

    def _remember(self, place: Place, now: float) -> None:
        """Keep when a project was heard of last; what is too old to matter stands in front, and goes."""
        self._heard.pop(place, None)
        self._heard[place] = now
        while now - self._heard[oldest := next(iter(self._heard))] > REMEMBERED_S:
            del self._heard[oldest]

    async def _tell_on(self) -> None:
        while True:
            await self._some.wait()
            await asyncio.sleep(GATHER_S)
            await self._tell_all()

    async def _tell_all(self) -> None:
        self._some.clear()
        waiting, self._waiting = self._waiting, {}
        lines = [line(*name, is_new=is_new) for name, is_new in waiting.items()]
        if self._missed and lines:
            lines.insert(0, _MISSED)
        for at in range(0, len(lines), LINES):
            try:
                await self._db.quietly(NOTHING, TELL, "\n".join(lines[at : at + LINES]))
            except DatabaseUnavailable as gone:
                _log.warning("calls.news_not_told", reason=gone.reason)
                self._missed = True
                return
        self._missed = False
