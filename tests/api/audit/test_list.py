"""The pages of the log: without gap or repeat, filtered as said, days in the tenant's zone."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest

from aidial_api.surfaces.audit import store
from tests.api.audit.logs import PATH, Log, ids, open_log, read, walk
from tests.support.api import World

OLD = {"to": "2026-03-31"}
"""Only what a test wrote itself: before anybody signed in."""


@pytest.fixture(scope="module")
async def log(world: World) -> tuple[Log, list[str]]:
    """Sixty events, three at each moment, newest first."""
    opened = await open_log(world)
    actions = (
        "calls.call.delivered",
        "sessions.session.created",
        "settings.profile.updated",
        "calls.exported",
    )
    written = []
    for number in range(60):
        kind = ("user", "key", "system")[number % 3]
        written.append(
            await opened.write(
                actions[number % 4],
                at=number // 3,
                kind=kind,
                actor_id=f"{kind}-{number % 2}",
                label=f"{kind} {number % 2}",
                project_id=opened.business.lines[number % 2] if number % 5 == 0 else None,
                outcome=("done", "refused", "failed")[number % 7 % 3],
            )
        )
    return opened, written[::-1]


@pytest.mark.parametrize("limit", [1, 7, 30, 60, 100])
async def test_pages_hold_every_event_once_newest_first(log: tuple[Log, list[str]], limit: int) -> None:
    opened, written = log
    pages = await walk(opened.admin, **OLD, limit=str(limit))
    found = [event for page in pages for event in page]
    assert sorted(ids(found)) == sorted(written)
    assert len(found) == len(written)
    order = [(event["at"], event["event_id"]) for event in found]
    assert order == sorted(order, reverse=True)
    assert all(len(page) == limit for page in pages[:-1])


async def test_fifty_a_page_unless_said_and_never_more_than_a_hundred(log: tuple[Log, list[str]]) -> None:
    opened, _ = log
    assert len(await read(opened.admin, **OLD)) == 50
    refused = await opened.admin.get(f"{PATH}?limit=101")
    assert (refused.status, refused.code) == (400, "unsupported_query_value")


async def test_events_that_come_in_meanwhile_move_nothing(world: World) -> None:
    opened = await open_log(world)
    first = [await opened.write("calls.call.delivered", at=number) for number in range(7)]
    query = {**OLD, "limit": "2"}
    seen: list[str] = []
    while True:
        page = (await opened.admin.get(f"{PATH}?{urlencode(query)}")).json
        seen += ids(page["events"])
        await opened.write("calls.call.delivered", at=1_000)
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    assert seen == first[::-1]


FILTERS = [
    ({"action": "calls.exported"}, lambda e: e["action"] == "calls.exported"),
    (
        {"action": "calls.exported,sessions.session.created"},
        lambda e: e["action"] in {"calls.exported", "sessions.session.created"},
    ),
    ({"action": "calls"}, lambda _: False),
    ({"preset": "calls"}, lambda e: e["action"].startswith("calls.")),
    ({"preset": "privacy"}, lambda e: e["action"] == "calls.exported"),
    ({"preset": "security"}, lambda e: e["action"].startswith("sessions.")),
    ({"preset": "settings"}, lambda e: e["action"].startswith("settings.")),
    ({"preset": "billing"}, lambda _: False),
    ({"actor": "user-0"}, lambda e: e["actor"]["id"] == "user-0"),
    ({"actor": "system"}, lambda e: e["actor"]["kind"] == "system"),
    ({"outcome": "refused"}, lambda e: e["outcome"] == "refused"),
    ({"outcome": "refused,failed"}, lambda e: e["outcome"] in {"refused", "failed"}),
    ({"from": "2026-03-02T22:10:00Z"}, lambda e: e["at"] >= "2026-03-02T22:10:00Z"),
    ({"to": "2026-03-02T22:10:00Z"}, lambda e: e["at"] <= "2026-03-02T22:10:00Z"),
    (
        {"preset": "calls", "outcome": "done", "actor": "key-1"},
        lambda e: e["action"].startswith("calls.") and e["outcome"] == "done" and e["actor"]["id"] == "key-1",
    ),
]


@pytest.mark.parametrize(("query", "holds"), FILTERS, ids=[urlencode(query) for query, _ in FILTERS])
async def test_a_filter_agrees_with_a_recount(
    log: tuple[Log, list[str]], query: dict[str, str], holds: Any
) -> None:
    opened, _ = log
    everything = await read(opened.admin, **OLD, limit="100")
    pages = await walk(opened.admin, **{**OLD, **query}, limit="4")
    assert [event for page in pages for event in page] == [event for event in everything if holds(event)]


async def test_a_day_is_the_tenants_own_day(world: World) -> None:
    opened = await open_log(world)  # begins on 3 March, 9 am in Sydney
    last, first = await opened.write("a.b", at=14 * 60 + 59), await opened.write("a.b", at=15 * 60)
    assert ids(await read(opened.admin, **{"from": "2026-03-03", "to": "2026-03-03"})) == [last]
    assert ids(await read(opened.admin, **{"from": "2026-03-04", "to": "2026-03-04"})) == [first]


async def test_a_period_that_ends_before_it_begins_is_refused(world: World) -> None:
    answer = await world.alice.get(f"{PATH}?from=2026-03-02&to=2026-03-01")
    assert (answer.status, answer.code) == (422, "validation_failed")
    assert [error["field"] for error in answer.json["field_errors"]] == ["query.to"]


async def test_a_cursor_is_of_one_list_and_one_reader(log: tuple[Log, list[str]], world: World) -> None:
    opened, _ = log
    cursor = (await opened.admin.get(f"{PATH}?limit=1&{urlencode(OLD)}")).json["next_cursor"]
    for asker, query in (
        (opened.admin, {"cursor": cursor}),
        (opened.admin, {**OLD, "cursor": cursor, "outcome": "done"}),
        (opened.manager, {**OLD, "cursor": cursor}),
        (world.alice, {**OLD, "cursor": cursor}),
        (opened.admin, {**OLD, "cursor": "x" + cursor}),
    ):
        answer = await asker.get(f"{PATH}?{urlencode(query)}")
        assert (answer.status, answer.code) == (400, "invalid_cursor")


async def test_a_search_for_something_rare_goes_on_where_it_stopped(
    log: tuple[Log, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page looks at ten entries here: it may be empty and still not be the last."""
    opened, _ = log
    everything = await read(opened.admin, **OLD, limit="100")
    monkeypatch.setattr(store, "WINDOW_EVENTS", 10)
    pages = await walk(opened.admin, **OLD, actor="user-0", action="settings.profile.updated")
    found = [event for page in pages for event in page]
    wanted = ("user-0", "settings.profile.updated")
    assert found == [one for one in everything if (one["actor"]["id"], one["action"]) == wanted]
    assert len(pages) == 60 / 10 + 1  # the last one finds the end
    assert [] in pages


async def test_the_actors_are_the_tenants_people_and_whoever_acted(log: tuple[Log, list[str]]) -> None:
    opened, _ = log
    actors = (await opened.admin.get(f"{PATH}/actors")).json["actors"]
    named = {one["id"]: (one["kind"], one["label"]) for one in actors}
    for person in (opened.admin, opened.manager, opened.business.staff):
        assert named[person.user_id] == ("user", person.someone.email)
    assert named["key-1"] == ("key", "key 1")
    assert named["system"] == ("system", "AiDial")
    assert len(named) == len(actors)
    kinds = [one["kind"] for one in actors]
    assert kinds == sorted(kinds, key=["user", "key", "system"].index)
