"""Searching summaries: words in any form, right by every way they are found, and nothing private."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import combinations
from typing import Any
from urllib.parse import urlencode

import pytest

from aidial_api.kernel.db import Database
from aidial_api.kernel.reach import Reach
from aidial_api.surfaces.calls import listing, searching
from aidial_api.surfaces.calls.sensitive import sensitive_kind
from tests.api.calls.lines import Business, open_business
from tests.api.calls.reading_csv import rows_of
from tests.people import FRONT_DESK, NORTHSIDE_LINE
from tests.support.api import World
from tests.support.askers import Asker
from tests.support.world_calls import new_call

COUNT = 36
STARTED = datetime(2026, 3, 2, 22, 0, tzinfo=UTC)
SUMMARIES: tuple[tuple[str, Callable[[int], bool]], ...] = (
    ("The caller booked a visit.", lambda n: n % 3 == 0),
    ("A roof is leaking.", lambda n: n in {7, 30}),
    ("Asked for a physiotherapist after hours.", lambda n: n % 10 == 1),
    ("Cancelled and rescheduled: follow-up on Tuesday.", lambda n: n % 4 == 2),
)


def _call(line: str, number: int) -> dict[str, Any]:
    started = STARTED + timedelta(hours=number // 2)
    said = " ".join(text for text, holds in SUMMARIES if holds(number))
    return new_call(
        line,
        f"search-{number}",
        started_at=started.isoformat(),
        ended_at=(started + timedelta(seconds=30 * (number % 7))).isoformat(),
        status=("completed", "failed")[number % 2],
        summary=said or None,
        turns=[],
    )


@pytest.fixture(scope="module")
async def shop(world: World) -> Business:
    """Thirty-six calls on the first line; the second line's only call holds every word."""
    business = await open_business(world, "Australia/Sydney", "Australia/Brisbane")
    for number in range(COUNT):
        await business.deliver(_call(business.lines[0], number))
    everything = " ".join(text for text, _ in SUMMARIES)
    await business.deliver(new_call(business.lines[1], "elsewhere", summary=everything))
    return business


async def search(asker: Asker, line: str, words: str, **query: str) -> list[str]:
    """The external ids of every call found, page by page."""
    found: list[str] = []
    asked = {"project_id": line, "q": words, **query}
    while True:
        answer = await asker.get("/v1/calls?" + urlencode(asked))
        assert answer.status == 200, answer
        found += [call["external_id"] for call in answer.json["calls"]]
        if answer.json["next_cursor"] is None:
            assert answer.json["matching"] == {"count": len(found), "capped": False}
            return found
        asked["cursor"] = answer.json["next_cursor"]


def having(*parts: int) -> list[str]:
    """The external ids, newest first, of the calls whose summary has all of these parts."""
    tests = [SUMMARIES[part][1] for part in parts]
    wanted = [n for n in range(COUNT) if all(holds(n) for holds in tests)]
    return [f"search-{n}" for n in wanted]


FORMS = {
    "booked": (0,),
    "booking": (0,),
    "BOOK": (0,),
    "visits": (0,),
    "roof leak": (1,),
    "leaks, roof": (1,),
    "physio": (2,),
    "physiotherapists": (2,),
    "cancel": (3,),
    "cancelling": (3,),
    "reschedule": (3,),
    "follow up": (3,),
    "follow-up": (3,),
    "booked reschedule": (0, 3),
    "tuesday the visit": (0, 3),
}


@pytest.mark.parametrize("words", FORMS)
async def test_words_are_found_in_any_form(shop: Business, words: str) -> None:
    found = await search(shop.admin, shop.lines[0], words, limit="100")
    assert sorted(found) == sorted(having(*FORMS[words]))
    assert found


@pytest.mark.parametrize(
    ("kept", "wanted"),
    [
        ("They organised a specialist.", "organize"),
        ("The colour is wrong.", "color"),
        ("An inquiry about a license.", "enquiries licence"),
        ("Sütő's café, on the O'Brien side", "café obrien"),
        ("It's the patient's mouthguard", "patients mouthguards"),
    ],
)
async def test_australian_words_are_found_however_they_are_spelled(
    world: World, kept: str, wanted: str
) -> None:
    found = await world.sql(
        "SELECT call_words($1, $2) @@ call_query($1, $3) AS found", FRONT_DESK, kept, wanted
    )
    assert found[0]["found"] is (wanted != "café obrien")


@pytest.mark.parametrize("words", ["the", "unheard", "'", "\\", "!*:&|()", "book:*", "zebra7", "ro", "lea"])
async def test_what_is_not_there_is_not_found_and_breaks_nothing(shop: Business, words: str) -> None:
    found = await search(shop.admin, shop.lines[0], words, limit="100")
    assert bool(found) is (words == "book:*")


WAYS = {"by walking": (5_000, 5_000), "by the index": (3, 5_000), "by walking on": (3, 0)}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("sort", ["-started_at", "started_at", "-duration", "duration"])
async def test_every_way_of_finding_gives_every_call_once_in_order(
    shop: Business, monkeypatch: pytest.MonkeyPatch, way: str, sort: str
) -> None:
    newest, few = WAYS[way]
    monkeypatch.setattr(searching, "NEWEST", newest)
    monkeypatch.setattr(searching, "FEW", few)
    monkeypatch.setattr(listing, "SEARCH_COUNT_MS", 5_000)
    line = shop.lines[0]
    in_order = [
        call["external_id"]
        for call in (await shop.admin.get(f"/v1/calls?project_id={line}&limit=100&sort={sort}")).json["calls"]
    ]
    for words, parts in (("visit", (0,)), ("roof", (1,)), ("visit tuesday", (0, 3))):
        wanted = [one for one in in_order if one in having(*parts)]
        for limit in ("1", "5", "100"):
            assert await search(shop.admin, line, words, limit=limit, sort=sort) == wanted
    failed = [one for one in in_order if one in having(0) and int(one.rpartition("-")[2]) % 2]
    narrowed = {"status": "failed", "sort": sort, "limit": "2"}
    assert await search(shop.admin, line, "visit", **narrowed) == failed
    since = (STARTED + timedelta(hours=6)).isoformat().replace("+00:00", "Z")
    late = [one for one in in_order if one in having(0) and int(one.rpartition("-")[2]) >= 12]
    assert await search(shop.admin, line, "visit", sort=sort, limit="2", **{"from": since}) == late


async def test_calls_of_one_moment_are_found_each_once(
    shop: Business, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, "NEWEST", 3)
    line, at = shop.lines[0], STARTED.isoformat()
    for number in range(15):
        told: dict[str, Any] = {"summary": "A numbat.", "started_at": at, "ended_at": at}
        await shop.deliver(
            new_call(line, f"numbat-{number}", **told, status="failed" if number % 5 else "missed")
        )
    listed = (await shop.admin.get(f"/v1/calls?project_id={line}&limit=100")).json["calls"]
    wanted = [call["external_id"] for call in listed if call["external_id"].startswith("numbat-")]
    for limit in ("1", "2", "7"):
        assert await search(shop.admin, line, "numbats", limit=limit) == wanted
    missed = [one for one in wanted if int(one.rpartition("-")[2]) % 5 == 0]
    assert await search(shop.admin, line, "numbats", limit="1", status="missed") == missed


AGES_DAYS = (0, 1, 6, 7, 8, 13, 20, 27, 48, 90, 180, 400, 1_500)


async def test_the_index_of_words_knows_every_week(world: World, shop: Business) -> None:
    line = shop.lines[1]
    starts = [STARTED - timedelta(days=days) for days in AGES_DAYS]
    for started in starts:
        at = started.isoformat()
        await shop.deliver(new_call(line, f"wombat-{at}", summary="A wombat.", started_at=at, ended_at=at))
    db = await Database.connect(world.urls.app_url, min_size=1, max_size=1)
    found = "SELECT count(*) FROM search_calls($1, 'wombats', $2, $3, $4)"
    async with db.transaction(Reach((shop.client_id,))) as tx:
        for since, until in combinations(sorted([*starts, STARTED + timedelta(days=1)]), 2):
            there = sum(since <= started < until for started in starts)
            for most in (there + 1, there, there - 1):
                assert await tx.fetchval(found, line, since, until, most) == min(there, most), (since, until)
        newest = "SELECT found FROM search_calls($1, 'wombats', '-infinity', 'infinity', $2) AS found"
        listed = (
            "SELECT call_id FROM calls WHERE project_id = $1 AND summary = 'A wombat.'"
            " ORDER BY started_at DESC, call_id DESC"
        )
        in_order = [row["call_id"] for row in await tx.fetch(listed, line)]
        for most in range(1, len(starts) + 1):
            assert [row["found"] for row in await tx.fetch(newest, line, most)] == in_order[:most]
    await db.close()


async def test_an_export_holds_what_the_search_found(shop: Business) -> None:
    answer = await shop.admin.get(f"/v1/calls/export?project_id={shop.lines[0]}&q=visit&sort=duration")
    wanted = await search(shop.admin, shop.lines[0], "visit", limit="100", sort="duration")
    assert [row["external_id"] for row in rows_of(answer)] == wanted


async def test_a_search_is_of_one_project(world: World, shop: Business) -> None:
    for path in ("/v1/calls?q=visit", "/v1/calls/export?q=visit"):
        answer = await shop.admin.get(path)
        assert (answer.status, answer.code) == (422, "validation_failed")
        assert [one["field"] for one in answer.json["field_errors"]] == ["query.project_id"]
    assert await search(shop.staff, shop.lines[0], "roof") == await search(shop.admin, shop.lines[0], "roof")
    assert (await shop.staff.get(f"/v1/calls?q=visit&project_id={shop.lines[1]}")).status == 404
    for asker in (world.alice, world.chloe, world.priya, world.tom, world.harbour_read):
        assert (await asker.get(f"/v1/calls?q=visit&project_id={FRONT_DESK}")).status == 200
        assert (await asker.get(f"/v1/calls?q=visit&project_id={NORTHSIDE_LINE}")).status == 404


async def test_the_index_of_words_gives_no_other_tenants_calls(world: World, shop: Business) -> None:
    """Asked past the page by the application's own role: another tenant's words are not there."""
    connection = await world.sql(
        "SELECT set_config('app.client_ids', 'harbour-dental', false), (SELECT count(*) FROM"
        " search_calls($1, 'visit', '-infinity', 'infinity', 100)) AS found",
        shop.lines[0],
    )
    assert connection[0]["found"] == 0


async def test_a_cursor_belongs_to_its_words(shop: Business) -> None:
    path = f"/v1/calls?project_id={shop.lines[0]}&limit=2"
    cursor = (await shop.admin.get(f"{path}&q=visit")).json["next_cursor"]
    assert (await shop.admin.get(f"{path}&q=visit&cursor={cursor}")).status == 200
    for other in ("&q=tuesday", ""):
        assert (await shop.admin.get(f"{path}{other}&cursor={cursor}")).code == "invalid_cursor"


async def test_a_changed_summary_is_found_by_its_new_words(shop: Business) -> None:
    made = (await shop.deliver(new_call(shop.lines[0], "to-change", summary="Nothing much."))).json
    path = f"/v1/calls/{made['call_id']}"
    await shop.key.patch(path, {"summary": "An avalanche of questions."}, if_match="*")
    assert await search(shop.admin, shop.lines[0], "avalanches") == ["to-change"]
    assert await search(shop.admin, shop.lines[0], "much") == []


PRIVATE = {
    "caller": (
        "0412 345 678", "0412345678", "(02) 9103-4567", "9103 4567", "+61 412", "+1 415 555 0123",
        "1300 123 456", "oh four one two triple five six seven eight", "zero four one two three four five",
        "roof 0412 345 678", "jane@example.com", "jane@", "jane at example dot com",
        "2123 45670 1", "2123456701", "2123 45670", "two one two three four five six seven oh one",
        "jane smith gmail.com", "jane.smith Gmail com", "licence AB1234", "5 Gumtree Gully",
    ),
    "from": (
        "14/03/1985", "14.3.85", "1985-03-14", "14 March 1985", "March 14, 1985", "born 14 March", "14/03/1",
        "fourteenth of march nineteen eighty five", "dob 14/3", "Birthday 14/3",
    ),
}  # fmt: skip
ORDINARY = (
    "booking", "13 March", "3 rooms", "450 dollars", "10 am monday", "24 hour", "covid-19", "at 2:30", "2026",
    "100,000 km service", "invoice 10234", "dr smith on 3 december", "medicare", "date of birth", "1 2 3",
    "ten past four", "ring me at home", "second opinion", "may", "6.6 kw solar", "unit 4", "born",
    "gmail", "gmail.com", "set up gmail", "outlook calendar", "birthday", "birthday party 14/3", "14/3",
)  # fmt: skip


async def test_what_looks_private_is_refused_and_not_said_again(shop: Business) -> None:
    for use, terms in PRIVATE.items():
        for term in terms:
            for path in ("/v1/calls", "/v1/calls/export"):
                query = urlencode({"project_id": shop.lines[0], "q": term})
                answer = await shop.admin.get(f"{path}?{query}")
                assert (answer.status, answer.code) == (422, "sensitive_search_term"), term
                assert answer.json["details"] == {"use": use}, term
                assert [one["field"] for one in answer.json["field_errors"]] == ["query.q"]
                assert term not in answer.body.decode()


async def test_staff_are_not_sent_to_a_search_they_may_not_use(shop: Business) -> None:
    answer = await shop.staff.get(f"/v1/calls?project_id={shop.lines[0]}&q=0412345678")
    assert (answer.status, answer.json["details"]) == (422, {"use": "from"})


@pytest.mark.parametrize("words", ORDINARY)
def test_ordinary_words_are_not_private(words: str) -> None:
    assert sensitive_kind(words) is None
