"""The asynchronous client.

The one thing a newcomer would get wrong: `timeout_s` is for a whole method call with all its tries and
waits, so a wait the API asks for that does not fit in it is raised at once, with `retry_after_s`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, TypeVar, Unpack
from urllib.parse import quote
from uuid import uuid4

import msgspec

from aidial_client.errors import UnexpectedAnswer
from aidial_client.filters import (
    BreakdownFilters,
    CallFilters,
    ExportFilters,
    PageFilters,
    PeriodFilters,
    SeriesFilters,
    query_of,
)
from aidial_client.sending import look_at
from aidial_client.transport import Question, Reply, Transport, decode
from aidial_contract.headers import IDEMPOTENCY_KEY, IDEMPOTENCY_REPLAYED
from aidial_contract.limits import CALLS_PAGE_MAX
from aidial_contract.shapes.analytics import Breakdown, Summary, Timeseries
from aidial_contract.shapes.calls import Call, CallList, CallPatch, NewCall, NewTurn, Transcript
from aidial_contract.shapes.common import ErrorEntry, ErrorRegistry, Health
from aidial_contract.shapes.downloads import CSV
from aidial_contract.shapes.projects import Project, ProjectList
from aidial_contract.shapes.recordings import Recording, Side
from aidial_contract.shapes.sessions import SessionContext

CREATED: Final = 201
T = TypeVar("T")


class TaggedCall(Call, kw_only=True):
    """A call with the ETag of the revision read, quotes included: what `change_call` wants back."""

    etag: str = ""


class AsyncAidial:
    """One API, one key. Use it inside one event loop, as a context manager, or end it with `aclose`.

    `api_url` is the API's address without `/v1`; `timeout_s` is for a method call as a whole (a page of
    `calls`); `retries` counts the further tries after a lost connection, 429, 502, 503 or 504, and
    happens for everything but `change_call`. Errors: `ValueError` for an address or a key that cannot be
    one; every method raises the `AidialError`s of `aidial_client.errors`.
    """

    def __init__(self, api_url: str, api_key: str, *, timeout_s: float = 10, retries: int = 2) -> None:
        self._transport = Transport(api_url, api_key, timeout_s=timeout_s, retries=retries)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._transport.api_url!r})"

    async def __aenter__(self) -> Self:
        """Nothing is opened before the first question."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close every connection."""
        await self.aclose()

    async def aclose(self) -> None:
        """Close every connection; twice is once."""
        await self._transport.close()

    async def projects(self, *, client_id: str | None = None) -> list[Project]:
        """The projects the key reaches."""
        found = await self._get("/v1/projects", ProjectList, query_of({"client_id": client_id}))
        return found.projects

    async def calls(self, **filters: Unpack[CallFilters]) -> AsyncIterator[Call]:
        """Every call that fits, newest first unless `sort` says so; pages are read as they are needed."""
        async for page in self.call_pages(**filters):
            for call in page.calls:
                yield call

    async def call_pages(self, **filters: Unpack[CallFilters]) -> AsyncIterator[CallList]:
        """The same page by page, with what matches in all; `limit` is a page's size, 100 unless said."""
        asked: PageFilters = {"limit": CALLS_PAGE_MAX, **filters, "cursor": None}
        while True:
            page = await self.calls_page(**asked)
            yield page
            if page.next_cursor is None:
                return
            asked["cursor"] = page.next_cursor

    async def calls_page(self, **filters: Unpack[PageFilters]) -> CallList:
        """One page: give its `next_cursor` as `cursor` for the next, with the same filters."""
        return await self._get("/v1/calls", CallList, query_of(filters))

    async def export_calls(self, project_id: str, **filters: Unpack[ExportFilters]) -> AsyncIterator[bytes]:
        """The calls of a project that fit as a CSV file, byte for byte as they come.

        Raises `TooLarge` before the first byte, with how to narrow it in `details`; `NoAnswer` when the file
        broke off: then what came is a part, and no file. `timeout_s` is for the first byte, then between two.
        """
        question = Question(
            method="GET",
            path="/v1/calls/export",
            query=query_of({"project_id": project_id, **filters}),
            repeatable=True,
            media_type=CSV,
        )
        async for piece in self._transport.stream(question):
            yield piece

    async def call(self, call_id: str) -> TaggedCall:
        """One call. Raises `NotFound`."""
        return _tagged(await self._transport.ask(_get(_path(call_id))))

    async def transcript(self, call_id: str) -> Transcript:
        """The redacted turns of one call. Raises `NotFound`."""
        return await self._get(_path(call_id, "/transcript"), Transcript)

    async def deliver_call(
        self, call: NewCall | Mapping[str, Any], *, idempotency_key: str | None = None
    ) -> tuple[TaggedCall, bool]:
        """Deliver a call; gives back the stored call, and whether this answer is what created it.

        Safe to repeat, by hand too: the same `(project_id, external_id)` with the same content answers with
        the stored call and False. Raises `Conflict` (`already_exists`) for other content, `InvalidRequest`
        with `field_errors`, `NotFound` for a project the key does not reach, `TooLarge`.
        """
        reply = await self._transport.ask(
            Question(
                method="POST",
                path="/v1/calls",
                body=msgspec.json.encode(call),
                headers={IDEMPOTENCY_KEY: idempotency_key or str(uuid4())},
                repeatable=True,
                answers=frozenset({200, CREATED}),
            )
        )
        replayed = reply.headers.get(IDEMPOTENCY_REPLAYED) == "true"
        return _tagged(reply), reply.status == CREATED and not replayed

    async def change_call(self, call_id: str, etag: str, patch: CallPatch | Mapping[str, Any]) -> TaggedCall:
        """Change a call that is still as `etag` says (`*` for as it may be); gives back the new revision.

        Never repeated by itself: after `NoAnswer`, read the call to learn whether it was changed. Raises
        `PreconditionFailed` (`revision_stale`), `Conflict`, `InvalidRequest`, `NotFound`.
        """
        reply = await self._transport.ask(
            Question(
                method="PATCH",
                path=_path(call_id),
                body=msgspec.json.encode(patch),
                headers={"if-match": etag},
            )
        )
        return _tagged(reply)

    async def append_turns(
        self,
        call_id: str,
        turns: Sequence[NewTurn | Mapping[str, Any]],
        *,
        from_index: int | None = None,
        idempotency_key: str | None = None,
    ) -> TaggedCall:
        """Append what was said since to a live call; `from_index` is the place of the first turn, from 0.

        Safe to repeat: by hand, too, with the same `from_index` or `idempotency_key`. Raises `Conflict`:
        `state_conflict` for a call that is over or a gap (`details["message_count"]` is the place to go on
        from), `already_exists` for other words in a taken place.
        """
        body: dict[str, Any] = {"turns": turns}
        if from_index is not None:
            body["from_index"] = from_index
        return _tagged(
            await self._transport.ask(
                Question(
                    method="POST",
                    path=_path(call_id, "/turns"),
                    body=msgspec.json.encode(body),
                    headers={IDEMPOTENCY_KEY: idempotency_key or str(uuid4())},
                    repeatable=True,
                )
            )
        )

    async def upload_recording(
        self, call_id: str, path: str | PathLike[str], *, side: Side = "mixed", etag: str | None = None
    ) -> Recording:
        """Upload a call's recording (WAV, MP3, Ogg or Opus) from a file, which is never whole in memory.

        It takes the place of what that `side` had; the same file again changes nothing. With an `etag` only
        while the call is as it says. `timeout_s` is for each piece of the file, then for the answer. Raises
        OSError for a file that cannot be read, `TooLarge`, `InvalidRequest` (`unsupported_media_type`),
        `Conflict` (`recording_unavailable`, `state_conflict`), `PreconditionFailed`, `NotFound`.
        """
        question = Question(
            method="PUT",
            path=_path(call_id, "/recording"),
            query=query_of({"side": side}),
            file=await look_at(Path(path)),
            headers={} if etag is None else {"if-match": etag},
            repeatable=etag is None,
            answers=frozenset({200, CREATED}),
        )
        return decode(await self._transport.ask(question), Recording)

    async def recording(self, call_id: str) -> Recording:
        """What there is of a call's recordings. Raises `NotFound`."""
        return await self._get(_path(call_id, "/recording"), Recording)

    async def summary(self, **period: Unpack[PeriodFilters]) -> Summary:
        """KPIs of a period beside those of the one before."""
        return await self._get("/v1/analytics/summary", Summary, query_of(period))

    async def timeseries(self, **period: Unpack[SeriesFilters]) -> Timeseries:
        """Call volume by hour, day or week."""
        return await self._get("/v1/analytics/timeseries", Timeseries, query_of(period))

    async def breakdown(self, **period: Unpack[BreakdownFilters]) -> Breakdown:
        """What a period's calls are made of: outcomes unless told, most calls first."""
        return await self._get("/v1/analytics/breakdown", Breakdown, query_of(period))

    async def session_context(self) -> SessionContext:
        """Who the key is and what it reaches."""
        return await self._get("/v1/session-context", SessionContext)

    async def errors(self) -> list[ErrorEntry]:
        """Every error the API can answer."""
        return (await self._get("/v1/errors", ErrorRegistry)).errors

    async def health(self) -> Health:
        """How the API is; `status` "fail" is an answer, not an error."""
        question = Question(
            method="GET",
            path="/v1/health",
            repeatable=True,
            answers=frozenset({200, 503}),
            media_type="application/health+json",
        )
        return decode(await self._transport.ask(question), Health)

    async def _get(self, path: str, shape: type[T], query: str = "") -> T:
        return decode(await self._transport.ask(_get(path, query)), shape)


def _get(path: str, query: str = "") -> Question:
    return Question(method="GET", path=path, query=query, repeatable=True)


def _path(call_id: str, more: str = "") -> str:
    return f"/v1/calls/{quote(call_id, safe='')}{more}"


def _tagged(reply: Reply) -> TaggedCall:
    call = decode(reply, TaggedCall)
    etag = reply.headers.get("etag")
    if etag is None:
        raise UnexpectedAnswer("The call came without its ETag.", reply.request_id, status=reply.status)
    call.etag = etag
    return call
