"""The same client for code that has no event loop.

Its own loop runs in a thread of its own, so it works in notebooks and in servers of threads alike, and any
number of threads may share one. The one thing a newcomer would get wrong: threads do not survive a fork; make
the client in the process that uses it.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError
from os import PathLike
from types import TracebackType
from typing import Any, Self, TypeVar, Unpack

from aidial_client.client import AsyncAidial, TaggedCall
from aidial_client.filters import (
    BreakdownFilters,
    CallFilters,
    ExportFilters,
    PageFilters,
    PeriodFilters,
    SeriesFilters,
)
from aidial_contract.limits import CALLS_PAGE_MAX
from aidial_contract.shapes.analytics import Breakdown, Summary, Timeseries
from aidial_contract.shapes.calls import Call, CallList, CallPatch, NewCall, NewTurn, Transcript
from aidial_contract.shapes.common import ErrorEntry, Health
from aidial_contract.shapes.projects import Project
from aidial_contract.shapes.recordings import Recording, Side
from aidial_contract.shapes.sessions import SessionContext

T = TypeVar("T")


class _Loop:
    """A running event loop in a thread, with the client that lives in it."""

    def __init__(self, client: AsyncAidial) -> None:
        self._client = client
        self._lock = threading.Lock()
        self._stopping = False
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._live, name="aidial-client", daemon=True)
        self._thread.start()
        self._started.wait()

    def _live(self) -> None:
        try:
            asyncio.run(self._serve())
        finally:
            self._started.set()  # also when no loop could be made: nobody may wait for ever

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        self._started.set()
        await self._stop.wait()
        waiting = asyncio.all_tasks() - {asyncio.current_task()}
        for task in waiting:
            task.cancel()
        # Before the connections close, so that whoever waits is told of the closing, not of a lost answer.
        await asyncio.gather(*waiting, return_exceptions=True)
        await self._client.aclose()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """What `work` gives back or raises."""
        with self._lock:
            if self._stopping or not self._thread.is_alive():
                work.close()
                raise RuntimeError("the client was closed, or the process forked since it was made")
            future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result()
        except CancelledError:
            raise RuntimeError("the client was closed while it waited for an answer") from None
        finally:
            future.cancel()  # an interrupt of this thread must not leave the work running

    def stop(self) -> None:
        """End the thread; twice is once."""
        with self._lock:
            if not self._stopping and self._thread.is_alive():
                self._stopping = True
                self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()


async def _next(pieces: AsyncIterator[bytes]) -> bytes:
    return await anext(pieces, b"")


async def _closed(pieces: AsyncIterator[bytes]) -> None:
    if isinstance(pieces, AsyncGenerator):
        await pieces.aclose()


class Aidial:
    """`AsyncAidial` without `await`: the same arguments, methods, results and errors."""

    def __init__(self, api_url: str, api_key: str, *, timeout_s: float = 10, retries: int = 2) -> None:
        self._client = AsyncAidial(api_url, api_key, timeout_s=timeout_s, retries=retries)
        self._loop = _Loop(self._client)

    def __repr__(self) -> str:
        return repr(self._client).removeprefix("Async")

    def __enter__(self) -> Self:
        """Ready when it was made."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """Close every connection and end the thread; twice is once."""
        self._loop.stop()

    def projects(self, *, client_id: str | None = None) -> list[Project]:
        """See `AsyncAidial.projects`."""
        return self._loop.run(self._client.projects(client_id=client_id))

    def calls(self, **filters: Unpack[CallFilters]) -> Iterator[Call]:
        """See `AsyncAidial.calls`."""
        for page in self.call_pages(**filters):
            yield from page.calls

    def call_pages(self, **filters: Unpack[CallFilters]) -> Iterator[CallList]:
        """See `AsyncAidial.call_pages`."""
        asked: PageFilters = {"limit": CALLS_PAGE_MAX, **filters, "cursor": None}
        while True:
            page = self.calls_page(**asked)
            yield page
            if page.next_cursor is None:
                return
            asked["cursor"] = page.next_cursor

    def calls_page(self, **filters: Unpack[PageFilters]) -> CallList:
        """See `AsyncAidial.calls_page`."""
        return self._loop.run(self._client.calls_page(**filters))

    def export_calls(self, project_id: str, **filters: Unpack[ExportFilters]) -> Iterator[bytes]:
        """See `AsyncAidial.export_calls`."""
        pieces = self._client.export_calls(project_id, **filters)
        try:
            while piece := self._loop.run(_next(pieces)):
                yield piece
        finally:
            self._loop.run(_closed(pieces))

    def call(self, call_id: str) -> TaggedCall:
        """See `AsyncAidial.call`."""
        return self._loop.run(self._client.call(call_id))

    def transcript(self, call_id: str) -> Transcript:
        """See `AsyncAidial.transcript`."""
        return self._loop.run(self._client.transcript(call_id))

    def deliver_call(
        self, call: NewCall | Mapping[str, Any], *, idempotency_key: str | None = None
    ) -> tuple[TaggedCall, bool]:
        """See `AsyncAidial.deliver_call`."""
        return self._loop.run(self._client.deliver_call(call, idempotency_key=idempotency_key))

    def change_call(self, call_id: str, etag: str, patch: CallPatch | Mapping[str, Any]) -> TaggedCall:
        """See `AsyncAidial.change_call`."""
        return self._loop.run(self._client.change_call(call_id, etag, patch))

    def append_turns(
        self,
        call_id: str,
        turns: Sequence[NewTurn | Mapping[str, Any]],
        *,
        from_index: int | None = None,
        idempotency_key: str | None = None,
    ) -> TaggedCall:
        """See `AsyncAidial.append_turns`."""
        return self._loop.run(
            self._client.append_turns(call_id, turns, from_index=from_index, idempotency_key=idempotency_key)
        )

    def upload_recording(
        self, call_id: str, path: str | PathLike[str], *, side: Side = "mixed", etag: str | None = None
    ) -> Recording:
        """See `AsyncAidial.upload_recording`."""
        return self._loop.run(self._client.upload_recording(call_id, path, side=side, etag=etag))

    def recording(self, call_id: str) -> Recording:
        """See `AsyncAidial.recording`."""
        return self._loop.run(self._client.recording(call_id))

    def summary(self, **period: Unpack[PeriodFilters]) -> Summary:
        """See `AsyncAidial.summary`."""
        return self._loop.run(self._client.summary(**period))

    def timeseries(self, **period: Unpack[SeriesFilters]) -> Timeseries:
        """See `AsyncAidial.timeseries`."""
        return self._loop.run(self._client.timeseries(**period))

    def breakdown(self, **period: Unpack[BreakdownFilters]) -> Breakdown:
        """See `AsyncAidial.breakdown`."""
        return self._loop.run(self._client.breakdown(**period))

    def session_context(self) -> SessionContext:
        """See `AsyncAidial.session_context`."""
        return self._loop.run(self._client.session_context())

    def errors(self) -> list[ErrorEntry]:
        """See `AsyncAidial.errors`."""
        return self._loop.run(self._client.errors())

    def health(self) -> Health:
        """See `AsyncAidial.health`."""
        return self._loop.run(self._client.health())
