"""Saved views: a person's own, of one client, one document with a version, and nothing private in it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.calls.lines import Business, open_business
from tests.people import BAYSIDE, FRONT_DESK, HARBOUR, NORTHSIDE
from tests.support.api import World

PATH = "/v1/call-views"
MISSED = {"name": "Missed this week", "query": {"range": "7d", "status": "missed"}}
UPSET = {"name": "Upset callers", "query": {"sentiment": "upset", "sort": "-duration", "q": "refund"}}


def change(version: int, *views: dict[str, Any]) -> dict[str, Any]:
    return {"expected_version": version, "views": list(views)}


@pytest.fixture(scope="module")
async def shop(world: World) -> Business:
    return await open_business(world, "Australia/Sydney")


async def test_somebody_saves_renames_and_deletes_views_that_nobody_else_sees(world: World) -> None:
    shop = await open_business(world, "Australia/Sydney")
    assert (await shop.admin.get(PATH)).json == {"version": 1, "views": []}
    saved = await shop.admin.put(PATH, change(1, MISSED, UPSET))
    assert (saved.status, saved.json) == (200, {"version": 2, "views": [MISSED, UPSET]})
    assert (await shop.admin.get(PATH)).json == saved.json
    assert (await shop.staff.get(PATH)).json == {"version": 1, "views": []}
    renamed = {**MISSED, "name": "To call back"}
    assert (await shop.admin.put(PATH, change(2, renamed))).json == {"version": 3, "views": [renamed]}
    events = await world.events(shop.admin.user_id)
    assert [event["action"] for event in events if event["action"].startswith("calls.")] == [
        "calls.views.updated",
        "calls.views.updated",
    ]


async def test_of_two_changes_of_one_version_one_is_kept(shop: Business) -> None:
    now = (await shop.staff.get(PATH)).json["version"]
    assert (await shop.staff.put(PATH, change(now, MISSED))).status == 200
    stale = await shop.staff.put(PATH, change(now, UPSET))
    assert (stale.status, stale.code) == (409, "version_conflict")
    assert stale.json["details"]["current_version"] == now + 1
    assert (await shop.staff.put(PATH, {"views": []})).code == "precondition_required"
    assert (await shop.staff.get(PATH)).json["views"] == [MISSED]


async def test_a_partner_has_views_of_each_client(world: World) -> None:
    path = f"{PATH}?client_id={HARBOUR}"
    now = (await world.priya.get(path)).json["version"]
    assert (await world.priya.put(path, change(now, MISSED))).status == 200
    assert (await world.priya.get(f"{PATH}?client_id={BAYSIDE}")).json["views"] == []
    assert (await world.priya.get(PATH)).code == "malformed_request"
    for asker in (world.priya, world.alice):
        assert (await asker.get(f"{PATH}?client_id={NORTHSIDE}")).status == 404
    assert (await world.omar.get(path)).status == 404
    assert (await world.harbour_read.get(PATH)).code == "auth_mode_not_allowed"


BAD = {
    "a name twice": ([MISSED, {**UPSET, "name": "MISSED this week"}], "/views/1/name", "repeated"),
    "no name": ([{**MISSED, "name": ""}], "/views/0/name", "too_short"),
    "a long name": ([{**MISSED, "name": "x" * 61}], "/views/0/name", "too_long"),
    "a private name": ([{**MISSED, "name": "Jane 0412 345 678"}], "/views/0/name", "sensitive"),
    "a private search": ([{**MISSED, "query": {"q": "jane@example.com"}}], "/views/0/query/q", "sensitive"),
    "a private outcome": (
        [{**MISSED, "query": {"outcome": "jane@example.com"}}],
        "/views/0/query/outcome",
        "sensitive",
    ),
    "a caller": ([{**MISSED, "query": {"caller": "567"}}], "/views/0/query/caller", "unknown"),
    "a cursor": ([{**MISSED, "query": {"cursor": "x"}}], "/views/0/query/cursor", "unknown"),
    "no status": ([{**MISSED, "query": {"status": "gone"}}], "/views/0/query/status", "not_allowed"),
    "no text": ([{**MISSED, "query": {"status": 1}}], "/views/0/query", "wrong_type"),
    "too many": ([{**MISSED, "name": str(n)} for n in range(51)], "/views", "too_long"),
}


@pytest.mark.parametrize("name", BAD)
async def test_what_is_no_view_is_refused_and_nothing_is_saved(shop: Business, name: str) -> None:
    views, field, code = BAD[name]
    before = (await shop.admin.get(PATH)).json
    answer = await shop.admin.put(PATH, change(before["version"], *views))
    assert (answer.status, answer.code) == (422, "validation_failed")
    assert {"field": field, "code": code}.items() <= answer.json["field_errors"][0].items()
    assert (await shop.admin.get(PATH)).json == before


async def test_fifty_views_with_every_filter_fit(shop: Business) -> None:
    every = {
        "project_id": FRONT_DESK, "from": "2026-01-01", "to": "2026-02-01", "status": "missed,failed",
        "outcome": "booked", "sentiment": "upset", "resolution": "resolved", "type": "other", "agent": "a",
        "channel": "voice", "direction": "inbound", "sms_status": "sent", "email_status": "sent",
        "attention": "yes", "booking": "no", "transfer": "yes", "follow_up": "no", "min_duration": "5",
        "max_duration": "60", "q": "roof leak", "sort": "duration",
    }  # fmt: skip
    before = (await shop.admin.get(PATH)).json["version"]
    views = [{"name": f"View {n}", "query": every} for n in range(50)]
    assert (await shop.admin.put(PATH, change(before, *views))).json["views"] == views
