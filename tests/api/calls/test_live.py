"""Calls as they happen: who is told what, until when, and what it costs."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Any

import aiohttp
import msgspec
import pytest

from aidial_api.kernel.news import LINES, MOST_WAITING, REMEMBERED_S, CallNews, line
from aidial_contract.fault import Fault
from aidial_contract.ids import new_id
from aidial_contract.scope import ProjectReach
from tests.api.calls.lines import Business, open_business
from tests.people import ALICE, FRONT_DESK
from tests.support.api import World
from tests.support.askers import Asker, patiently
from tests.support.world_calls import new_call

SOON_S = 15.0
"""Far more than it takes: news come within a second."""


class Stream:
    """An open stream of events."""

    def __init__(self, answer: aiohttp.ClientResponse) -> None:
        self.answer = answer
        self._rest = b""

    async def event(self) -> tuple[str, Any]:
        """The next event's name and data; beats are left out."""
        async with asyncio.timeout(SOON_S):
            while True:
                while b"\n\n" not in self._rest:
                    piece = await self.answer.content.readany()
                    if not piece:
                        raise EOFError
                    self._rest += piece
                block, _, self._rest = self._rest.partition(b"\n\n")
                fields = dict(text.split(": ", 1) for text in block.decode().splitlines())
                if "event" in fields:
                    return fields["event"], msgspec.json.decode(fields["data"])

    async def told_until(self, call_id: str) -> list[str]:
        """Which calls it told of, up to this one."""
        told: list[str] = []
        while call_id not in told:
            name, data = await self.event()
            if name == "call":
                told.append(data["call_id"])
        return told

    async def until(self, call_id: str) -> dict[str, Any]:
        """The next event of a call; what other tests do meanwhile is passed over."""
        while True:
            name, data = await self.event()
            if name == "call" and data["call_id"] == call_id:
                found: dict[str, Any] = data
                return found


@asynccontextmanager
async def listening(asker: Asker, query: str = "seconds=60") -> AsyncIterator[Stream]:
    """A stream that has begun."""
    async with asker.http.get(f"/v1/calls/live?{query}", headers=asker.headers) as answer:
        assert (answer.status, answer.content_type) == (200, "text/event-stream")
        stream = Stream(answer)
        name, said = await stream.event()
        assert (name, list(said)) == ("hello", ["quiet_ms"])
        yield stream


def live_call(line_id: str, **changes: Any) -> dict[str, Any]:
    return new_call(line_id, new_id(), status="live", ended_at=None, end_reason=None, **changes)


async def test_a_call_is_told_when_it_comes_grows_and_ends(clinic: Business) -> None:
    async with listening(clinic.staff) as stream:
        call_id = (await clinic.deliver(live_call(clinic.lines[0]))).json["call_id"]
        told = await stream.until(call_id)
        assert told == {
            "call_id": call_id,
            "project_id": clinic.lines[0],
            "status": "live",
            "transcript_state": "live",
            "message_count": 2,
            "version": 1,
            "matches": True,
            "is_new": True,
        }
        more = {"turns": [{"speaker": "caller", "text": "More"}]}
        assert (await clinic.key.post(f"/v1/calls/{call_id}/turns", more)).status == 200
        told = await stream.until(call_id)
        assert (told["message_count"], told["is_new"]) == (3, False)
        ended = {"status": "completed", "ended_at": datetime.now(UTC).isoformat(), "end_reason": "unknown"}
        assert (await clinic.key.patch(f"/v1/calls/{call_id}", ended, if_match="*")).status == 200
        told = await stream.until(call_id)
        assert (told["status"], told["transcript_state"]) == ("completed", "available")


async def test_nobody_is_told_of_a_line_out_of_their_reach(world: World, clinic: Business) -> None:
    async with listening(clinic.staff) as staff, listening(world.mallory) as rival:
        out_of_reach = (await clinic.deliver(live_call(clinic.lines[1]))).json["call_id"]
        within = (await clinic.deliver(live_call(clinic.lines[0]))).json["call_id"]
        assert out_of_reach not in await staff.told_until(within)
        theirs = new_call("01930000-0000-7000-8000-000000000005", new_id())
        own = (await world.northside_manage.post("/v1/calls", theirs)).json["call_id"]
        assert not {out_of_reach, within} & set(await rival.told_until(own))


async def test_the_lists_filters_say_which_calls_belong_into_it(clinic: Business) -> None:
    project = clinic.lines[0]
    async with listening(
        clinic.admin, f"seconds=60&project_id={project}&status=missed&channel=sms"
    ) as stream:
        other = (await clinic.deliver(new_call(project, new_id()))).json["call_id"]
        call = new_call(project, new_id(), status="missed", end_reason="missed", channel="sms")
        fits = (await clinic.deliver(call)).json["call_id"]
        assert not (await stream.until(other))["matches"]
        assert (await stream.until(fits))["matches"]


async def test_filters_of_yes_and_no_say_so_too(clinic: Business) -> None:
    project = clinic.lines[0]
    query = f"seconds=60&project_id={project}&attention=yes&booking=no&min_duration=1"
    async with listening(clinic.admin, query) as stream:
        other = (await clinic.deliver(new_call(project, new_id()))).json["call_id"]
        call = new_call(project, new_id(), attention={"flag": True, "reason": "Upset"})
        fits = (await clinic.deliver(call)).json["call_id"]
        assert not (await stream.until(other))["matches"]
        assert (await stream.until(fits))["matches"]


async def test_a_stream_ends_with_the_session_of_whoever_listens(world: World) -> None:
    somebody = await world.sign_in(ALICE)
    async with listening(somebody) as stream:
        assert (await somebody.ask("DELETE", f"/v1/sessions/{somebody.session_id}")).status == 204
        started = asyncio.get_running_loop().time()
        with pytest.raises(EOFError):
            await stream.until("its end")
        # One second is promised; the beat, which would end it too, comes after ten.
        assert asyncio.get_running_loop().time() - started < 5


async def test_a_stream_ends_by_itself_and_bad_questions_are_refused(world: World) -> None:
    answer = await world.alice.get("/v1/calls/live?seconds=0")
    assert answer.status == 200
    assert re.fullmatch(rb'retry: 2000\nevent: hello\ndata: \{"quiet_ms":\d+\}\n\n', answer.body)
    assert (await world.alice.get("/v1/calls/live?seconds=601")).code == "unsupported_query_value"
    assert (await world.alice.get("/v1/calls/live?caller=123")).code == "unsupported_query_parameter"
    assert (await world.alice.get(f"/v1/calls/live?project_id={new_id()}")).code == "not_found"


async def test_a_listener_holds_no_connection_of_the_database(world: World) -> None:
    business = await open_business(world, "Australia/Sydney")
    assert world.api.app.services is not None
    connections = world.api.app.services.settings.database_connections
    streams = [listening(business.admin if n % 2 else business.staff) for n in range(20)]
    opened = await asyncio.gather(*(one.__aenter__() for one in streams))
    try:
        assert len(opened) > connections / 2
        answers = await asyncio.gather(
            *(patiently(partial(world.alice.get, "/v1/calls")) for _ in range(connections))
        )
        assert {answer.status for answer in answers} == {200}
    finally:
        for one in streams:
            await one.__aexit__(None, None, None)


async def test_one_person_has_so_many_streams_and_no_more(world: World) -> None:
    somebody = await world.sign_in(ALICE)
    streams = [listening(somebody) for _ in range(12)]
    for one in streams:
        await one.__aenter__()
    try:
        refused = await somebody.get("/v1/calls/live?seconds=0")
        assert (refused.status, refused.code) == (429, "rate_limited")
        assert int(refused.headers["retry-after"]) > 0
    finally:
        for one in streams:
            await one.__aexit__(None, None, None)
    # Whoever leaves is missed at once, not at the next beat.
    async with asyncio.timeout(SOON_S):
        while (await somebody.get("/v1/calls/live?seconds=0")).status != 200:  # noqa: ASYNC110 - asked anew
            await asyncio.sleep(0.05)


def projects(*ids: str) -> list[ProjectReach]:
    return [ProjectReach("harbour-dental", one, "UTC", is_active=True) for one in ids]


def some_news() -> CallNews:
    return CallNews(None, most=3, most_of_one=2)  # type: ignore[arg-type]  # nothing is told


def test_whoever_may_have_missed_something_is_told_to_look() -> None:
    news = some_news()
    with news.watched("alice", projects(FRONT_DESK)) as watcher:
        news.heard(line("harbour-dental", FRONT_DESK, "a", is_new=True))
        news.heard(line("harbour-dental", FRONT_DESK, "a"))
        assert watcher.take() == ({"a": True}, False)
        news.heard(None)
        assert watcher.take() == ({}, True)
        for n in range(MOST_WAITING + 1):
            news.heard(line("harbour-dental", FRONT_DESK, str(n)))
        assert watcher.take() == ({}, True)
    news.heard(line("harbour-dental", FRONT_DESK, "b"))
    assert watcher.take() == ({}, False)


def test_it_is_known_for_how_long_a_project_was_quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1_000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    news = some_news()
    here, there = projects(FRONT_DESK), projects(new_id())
    assert news.quiet_s(here) == 0, "what was before, nobody heard"
    now += 5
    news.heard(line("harbour-dental", FRONT_DESK, "a"))
    now += 2
    assert (news.quiet_s(here), news.quiet_s(there), news.quiet_s(here + there)) == (2, 7, 2)
    news.heard(None)
    now += 1
    assert (news.quiet_s(here), news.quiet_s(there)) == (1, 1), "some of it may have been missed"
    now += 2 * REMEMBERED_S
    news.heard(line("harbour-dental", there[0].project_id, "b"))
    assert (news.quiet_s(here), news.quiet_s(there), len(news._heard)) == (REMEMBERED_S, 0, 1)


def test_streams_are_bounded_by_person_and_by_process() -> None:
    news = some_news()
    with news.watched("alice", []), news.watched("alice", []):
        with pytest.raises(Fault), news.watched("alice", []):
            pass
        with news.watched("ben", []), pytest.raises(Fault), news.watched("chloe", []):
            pass
    with news.watched("alice", []):
        pass


def test_what_is_told_at_once_fits_into_a_notification() -> None:
    longest = line("a" * 63, new_id(), new_id(), is_new=True)
    assert len("\n".join([longest] * LINES)) < 8_000
