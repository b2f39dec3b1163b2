"""The list: newest first, twenty a page, narrowed as asked, and nothing of others."""

from __future__ import annotations

import pytest

from tests.api.support.tickets import changed, opened
from tests.people import AFTER_HOURS, BAYSIDE, FRONT_DESK, HARBOUR, PHYSIO_LINE
from tests.support.api import World


async def test_pages_are_newest_first_and_miss_nothing(world: World) -> None:
    made = [(await opened(world.bella, project_id=PHYSIO_LINE))["ticket_id"] for _ in range(23)]
    first = (await world.bella.get("/v1/tickets")).json
    assert len(first["tickets"]) == 20
    second = (await world.bella.get(f"/v1/tickets?cursor={first['next_cursor']}")).json
    ids = [one["ticket_id"] for one in first["tickets"] + second["tickets"]]
    assert ids[:23] == made[::-1]
    assert len(set(ids)) == len(ids)
    assert "body" not in first["tickets"][0]


async def test_a_cursor_is_good_for_its_own_list_only(world: World) -> None:
    for _ in range(2):
        await opened(world.alice)
    cursor = (await world.alice.get("/v1/tickets?limit=1")).json["next_cursor"]
    assert (await world.alice.get(f"/v1/tickets?limit=1&cursor={cursor}")).status == 200
    for asker, more in (
        (world.alice, "status=open"),
        (world.alice, f"project_id={AFTER_HOURS}"),
        (world.chloe, "limit=1"),
        (world.mallory, "limit=1"),
    ):
        answer = await asker.get(f"/v1/tickets?cursor={cursor}&{more}")
        assert (answer.status, answer.code) == (400, "invalid_cursor")
    answer = await world.alice.get(f"/v1/tickets?limit=1&cursor={cursor[:-3]}abc")
    assert (answer.status, answer.code) == (400, "invalid_cursor")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("status=closed", False),
        ("status=open,closed", True),
        ("priority=high", True),
        ("priority=low,normal", False),
        ("category=billing", True),
        ("category=account", False),
        ("q=UMLAUT", True),
        ("q=%25", False),
        ("q=_", False),
        (f"project_id={FRONT_DESK}", True),
        (f"project_id={AFTER_HOURS}", False),
        (f"client_id={HARBOUR}", True),
        (f"client_id={HARBOUR}&q=ümlaut&status=open&priority=high&category=billing", True),
    ],
)
async def test_a_filter_narrows_the_list(world: World, query: str, *, found: bool) -> None:
    ticket = await opened(world.alice, subject="An Ümlaut umlaut", priority="high", category="billing")
    await changed(world.alice, await opened(world.alice), 1, status="closed")
    listed = (await world.alice.get(f"/v1/tickets?limit=100&{query.replace('ü', '%C3%BC')}")).json["tickets"]
    assert (ticket["ticket_id"] in [one["ticket_id"] for one in listed]) == found


async def test_a_bad_filter_is_named(world: World) -> None:
    answer = await world.alice.get("/v1/tickets?status=gone&priority=&limit=101&q=")
    assert (answer.status, answer.code) == (400, "unsupported_query_value")
    assert {one["field"] for one in answer.json["field_errors"]} == {
        "query.status",
        "query.priority",
        "query.limit",
        "query.q",
    }


async def test_priyas_list_holds_both_her_clients_in_one_order(world: World) -> None:
    mine = [
        await opened(world.alice),
        await opened(world.bella, project_id=PHYSIO_LINE),
        await opened(world.alice, project_id=AFTER_HOURS),
    ]
    listed = (await world.priya.get("/v1/tickets")).json["tickets"]
    assert [one["ticket_id"] for one in listed[:3]] == [one["ticket_id"] for one in reversed(mine)]
    only = (await world.priya.get(f"/v1/tickets?client_id={BAYSIDE}&limit=100")).json["tickets"]
    assert {one["client_id"] for one in only} == {BAYSIDE}


async def test_a_search_finds_no_canary_of_a_rival(world: World) -> None:
    await opened(world.alice, subject="Canary of Harbour")
    for asker, query in ((world.mallory, ""), (world.bella, ""), (world.carla, "")):
        assert b"Canary" not in (await asker.get(f"/v1/tickets?q=canary{query}")).body
