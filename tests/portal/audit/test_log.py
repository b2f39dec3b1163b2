"""The activity log as people read it."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from urllib.parse import quote
from zoneinfo import ZoneInfo

import pytest

from aidial_contract.audit_actions import SENSITIVE_READS
from aidial_contract.ids import new_id
from tests.people import (
    ADA,
    AFTER_HOURS,
    ALICE,
    BEN,
    CHLOE,
    FRONT_DESK,
    HARBOUR,
    MALLORY,
    NORTHSIDE_LINE,
    PRIYA,
    TOM,
)
from tests.portal.audit.reading import JSON, event_about, events_of, next_page, openings, row_of, shown, write
from tests.support.portal import Town
from tests.support.world_calls import new_call


async def test_alice_reads_who_delivered_a_call_and_opens_it_from_there(town: Town) -> None:
    call_id = await town.deliver(HARBOUR, new_call(AFTER_HOURS, new_id()))
    alice = await town.of(ALICE)
    event_id = await event_about(alice, call_id)
    page = await alice.get("/audit-log")
    assert page.status == 200
    row = row_of(page, event_id)
    assert f"Key ending {town.keys[HARBOUR][-4:]} Delivered a call" in row
    assert "After hours" in row
    assert "Done" in row
    assert "calls.call.delivered" in row
    assert "127.0.0.1" in row
    assert '"turns"' in row
    (link,) = set(re.findall(rf'href="(/calls\?expand={call_id})"', page.text))
    assert (await alice.get(link)).status == 200


async def test_alice_reads_who_signed_in_and_out(town: Town) -> None:
    async with town.visitor(CHLOE) as chloe:
        session_id = (await chloe.get("/api/sessions")).json["sessions"][0]["session_id"]
    page = await (await town.of(ALICE)).get("/audit-log")
    said = [row for row in (row_of(page, one) for one in shown(page)) if session_id in row]
    assert f"{CHLOE.email} Signed out" in said[0]
    assert f"{CHLOE.email} Signed in" in said[1]


async def test_ben_reads_the_same_and_is_told_what_is_kept_from_him(town: Town) -> None:
    call_id = await town.deliver(HARBOUR, new_call(FRONT_DESK, new_id()))
    ben = await town.of(BEN)
    row = row_of(await ben.get("/audit-log"), await event_about(ben, call_id))
    assert "Source address Restricted to administrators" in row
    assert "Metadata Restricted to administrators" in row
    assert "127.0.0.1" not in row
    assert '"turns"' not in row


@pytest.mark.parametrize("path", ["/audit-log", JSON, f"{JSON}/actors"])
async def test_nobody_else_can_tell_that_there_is_a_log(town: Town, path: str) -> None:
    bodies = set()
    for someone in (CHLOE, PRIYA, TOM, ADA):
        browser = await town.of(someone)
        page = await browser.get(path)
        assert page.status == 404
        bodies.add(page.text.replace(page.headers["x-request-id"], "the-id"))
        assert "/audit-log" not in (await browser.get("/account")).text
    assert len(bodies) == 1
    async with town.stranger() as stranger:
        assert (await stranger.get(path)).status == (302 if path == "/audit-log" else 401)


async def test_the_way_there_is_in_the_menu_of_those_who_may(town: Town) -> None:
    for someone in (ALICE, BEN):
        page = await (await town.of(someone)).get("/audit-log")
        assert re.search(r'<a class="nav-link" href="/audit-log" aria-current="page">', page.text)
        assert "<h1>Activity log</h1>" in page.text


async def test_the_compliance_family_says_what_was_refused(town: Town) -> None:
    mallory = await town.of(MALLORY)
    missing = await (await town.of(CHLOE)).get(JSON)
    assert missing.json["error"]["code"] == "not_found"
    refused = await mallory.get(f"{JSON}?nonsense=1")
    assert (refused.status, refused.json["error"]["code"]) == (400, "unsupported_query_parameter")
    assert set(refused.json) == {"error", "request_id", "field_errors"}


async def test_mallory_sees_nothing_of_harbours(town: Town) -> None:
    event_id = await write(town, "of-harbour", label="harbours-secret")
    mallory = await town.of(MALLORY)
    page = await mallory.get("/audit-log?actor=of-harbour")
    assert page.status == 200
    assert shown(page) == []
    assert "No events match these filters" in page.words
    assert "harbours-secret" not in page.text
    everything = await mallory.get("/audit-log")
    assert event_id not in everything.text
    assert "harbour-dental" not in everything.text
    people = (await mallory.get(f"{JSON}/actors")).json["actors"]
    assert "harbours-secret" not in {one["label"] for one in people}
    assert MALLORY.email in {one["label"] for one in people}


async def test_presets_filters_and_chips_narrow_the_log_and_can_be_removed(town: Town) -> None:
    actor = new_id()
    event_id = await write(town, actor, label="narrowing@example.com")
    await write(town, actor, action="billing.recipients.updated", label="narrowing@example.com")
    alice = await town.of(ALICE)
    page = await alice.get(f"/audit-log?preset=settings&actor={actor}&outcome=refused&to=2026-03-31")
    assert shown(page) == [event_id]
    said = re.findall(r'aria-label="Remove the filter (\w+):? ([^"]+)"', page.text)
    assert said == [("Who", "narrowing@example.com"), ("Result", "Refused"), ("To", "2026-03-31")]
    assert re.search(r'<a class="segment" href="[^"]*" aria-current="true">Settings changes</a>', page.text)
    assert '<input type="hidden" name="preset" value="settings">' in page.text
    assert "Changed how calls are handled" in row_of(page, event_id)
    assert len(shown(await alice.get(f"/audit-log?actor={actor}"))) == 2
    assert shown(await alice.get(f"/audit-log?actor={actor}&preset=support")) == []


async def test_a_form_with_empty_fields_is_the_whole_log(town: Town) -> None:
    page = await (await town.of(ALICE)).get(
        "/audit-log?preset=&actor=&action=&outcome=&project_id=&from=&to=&utm_source=mail"
    )
    assert page.status == 200
    assert shown(page)
    assert "Remove the filter" not in page.text


async def test_a_filter_that_cannot_be_read_is_explained_and_the_page_stands(town: Town) -> None:
    alice = await town.of(ALICE)
    page = await alice.get("/audit-log?outcome=sideways&from=yesterday")
    assert page.status == 400
    assert "These filters need a change" in page.words
    for field in ("outcome", "from"):
        assert f'href="#filter-{field}"' in page.text
        assert f'id="filter-{field}"' in page.text
    reversed_days = await alice.get("/audit-log?from=2026-03-02&to=2026-03-01")
    assert reversed_days.status == 422
    assert "not before the first" in reversed_days.words


@pytest.mark.parametrize("as_fragments", [True, False])
async def test_load_more_walks_every_event_once_and_keeps_the_filters(
    town: Town, *, as_fragments: bool
) -> None:
    actor = new_id()
    written = [await write(town, actor) for _ in range(105)]
    alice = await town.of(ALICE)
    pages: list[list[str]] = []
    address: str | None = f"/audit-log?actor={actor}"
    while address is not None:
        more = as_fragments and bool(pages)
        page = await (alice.get(address, hx_request="true") if more else alice.get(address))
        assert page.status == 200
        assert page.text.lstrip().startswith("<tr") == more
        pages.append(shown(page))
        address = next_page(page)
        assert address is None or f"actor={actor}" in address
    assert [len(page) for page in pages] == [50, 50, 5]
    assert [one for page in pages for one in page] == written[::-1]


async def test_looking_at_the_log_is_in_the_log_once_a_look(town: Town) -> None:
    """A page asks for its events once; more of them, and the names to filter by, are the same look."""
    async with town.visitor(BEN) as ben:
        before = await openings(town, BEN.email)
        page = await ben.get("/audit-log?limit=1")
        more = next_page(page)
        assert more is not None
        assert (await ben.get(more, hx_request="true")).status == 200
        assert await openings(town, BEN.email) == before + 1
        for path in (f"/audit-log?project_id={NORTHSIDE_LINE}", f"{JSON}?nonsense=1"):
            assert (await ben.get(path)).status in {400, 404}
        assert await openings(town, BEN.email) == before + 1
        seen = await ben.get("/audit-log?action=audit.viewed")
        assert f"{BEN.email} Opened the activity log" in row_of(seen, shown(seen)[0])


async def test_html_in_a_log_is_shown_as_text(town: Town) -> None:
    evil = '</td><script>alert(1)</script><img src=x onerror="alert(1)">'
    actor = new_id()
    technical = '{"<img src=y>": "</code><script>alert(2)</script>"}'
    await write(town, actor, label=evil, why=evil, technical=technical)
    alice = await town.of(ALICE)
    for path in (f"/audit-log?actor={actor}", f"/audit-log?actor={quote(evil)}", "/audit-log"):
        page = await alice.get(path)
        assert page.status == 200
        assert "<img" not in page.text
        assert "<script>" not in page.text
    page = await alice.get(f"/audit-log?actor={actor}")
    assert "&lt;img src=x" in page.text
    assert "&lt;script&gt;alert(2)" in page.text


async def test_times_are_the_tenants_relative_and_exact(town: Town) -> None:
    actor = new_id()
    event_id = await write(town, actor)
    page = await (await town.of(ALICE)).get(f"/audit-log?actor={actor}&from=2026-03-03&to=2026-03-03")
    assert shown(page) == [event_id]
    assert "3 Mar 2026, 9:00 am AEDT" in row_of(page, event_id)
    assert '<time class="moment" datetime="2026-03-02T22:00:00Z" tabindex="0">' in page.text
    assert "Times are in Sydney time" in page.words


async def test_a_project_out_of_reach_is_the_404_of_none(town: Town) -> None:
    alice = await town.of(ALICE)
    answers = [await alice.get(f"/audit-log?project_id={one}") for one in (NORTHSIDE_LINE, new_id())]
    assert {answer.status for answer in answers} == {404}
    assert len({one.text.replace(one.headers["x-request-id"], "") for one in answers}) == 1


async def test_the_log_as_json_is_the_apis_with_the_readers_level(town: Town) -> None:
    actor = new_id()
    event_id = await write(town, actor, why="asked_for", technical='{"fields": ["name"]}')
    for someone, metadata in ((ALICE, {"fields": ["name"]}), (BEN, None)):
        (event,) = await events_of(await town.of(someone), f"&actor={actor}")
        assert event == {
            "event_id": event_id,
            "at": "2026-03-02T22:00:00Z",
            "actor": {"kind": "user", "id": actor, "label": "somebody"},
            "action": "settings.call_limits.updated",
            "target": {"kind": "thing", "id": "somebody"},
            "outcome": "refused",
            "project_id": None,
            "why": "asked_for",
            "technical": {
                "request_id": None,
                "policy": None,
                "source_ip": None,
                "metadata": metadata,
                "restricted": [] if someone is ALICE else ["source_ip", "metadata"],
            },
        }


async def test_today_and_the_last_days_are_one_link_away_and_keep_the_other_filters(town: Town) -> None:
    alice = await town.of(ALICE)
    today = datetime.now(ZoneInfo("Australia/Sydney")).date()
    page = await alice.get("/audit-log?preset=calls")
    if f"from={today}" not in page.text:  # midnight came in between
        today += timedelta(days=1)
    for words, days in (("Today", 0), ("7 days", 6), ("30 days", 29)):
        begin = (today - timedelta(days=days)).isoformat()
        link = f'<a class="segment" href="/audit-log?preset=calls&amp;from={begin}"'
        assert f"{link}>{words}</a>" in page.text
        narrowed = await alice.get(f"/audit-log?preset=calls&from={begin}")
        assert f'{link} aria-current="true">{words}</a>' in narrowed.text
    assert '<a class="segment" href="/audit-log?preset=calls" aria-current="true">Any time</a>' in page.text


async def test_sensitive_reads_are_an_area_of_their_own(town: Town) -> None:
    alice = await town.of(ALICE)
    await alice.get("/audit-log")
    events = await events_of(alice, "&preset=sensitive_reads")
    assert events
    assert {event["action"] for event in events} <= set(SENSITIVE_READS)
