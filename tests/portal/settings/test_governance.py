"""Data governance on the portal: whose, what a policy would delete, saved over its version; and holds."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from html import escape, unescape

import pytest

from aidial_contract.ids import new_id
from tests.people import (
    ADA,
    ALICE,
    BAYSIDE,
    BEN,
    CHLOE,
    FRONT_DESK,
    HARBOUR,
    NORTHSIDE,
    OMAR,
    PHYSIO_LINE,
    PRIYA,
    TOM,
)
from tests.support.holds import new_hold
from tests.support.portal import Page, Town
from tests.support.world_calls import new_call
from tests.together.newcomers import newcomer

PAGE = f"/settings?section=data-governance&client_id={BAYSIDE}"
HISTORY = f"/settings/data-governance/history?client_id={BAYSIDE}"
POLICY = f"/api/settings/data-governance?client_id={BAYSIDE}"


@pytest.fixture(autouse=True)
async def nothing_saved(town: Town) -> AsyncIterator[None]:
    yield
    for table in (
        "client_settings WHERE section = 'data-governance' AND",
        "client_settings_history WHERE section = 'data-governance' AND",
        "legal_holds WHERE",
        "retention_receipts WHERE",
    ):
        await town.sql(f"DELETE FROM {table} client_id = $1", BAYSIDE)
    await town.sql("DELETE FROM jobs.procrastinate_jobs WHERE task_name = 'governance.retention'")


async def test_priya_chooses_a_client_and_finds_its_policy(town: Town) -> None:
    priya = await town.of(PRIYA)
    chooser = await priya.get("/settings?section=data-governance")
    assert chooser.status == 200
    assert PAGE in chooser.text.replace("&amp;", "&")
    assert (await priya.get("/settings")).text.count("Data governance: whose?") == 1
    page = await priya.get(PAGE)
    assert "No policy yet: everything is kept" in page.words
    assert "Save, and delete" not in page.words
    assert (await priya.get(f"/settings?section=data-governance&client_id={NORTHSIDE}")).status == 404


async def test_clients_and_those_who_only_look_have_no_such_section(town: Town) -> None:
    for someone in (ALICE, BEN, CHLOE, TOM, OMAR):
        browser = await town.of(someone)
        assert (await browser.get(PAGE)).status == 404
        assert (await browser.get(POLICY)).status == 404
        assert "Data governance" not in (await browser.get("/settings?section=profile")).words


async def test_who_looks_after_one_line_is_told_why_only_holds_of_its_calls_are_here(town: Town) -> None:
    ada = await town.of(ADA)
    placed = (await ada.change("POST", "/api/legal-holds", new_hold())).json["hold"]
    of_one = await newcomer(town, replace(PRIYA, projects=((HARBOUR, FRONT_DESK),)))
    async with town.visitor(of_one) as browser:
        page = await browser.get(PAGE.replace(BAYSIDE, HARBOUR))
        assert page.status == 200
        assert "you look after some of them" in page.words
        assert "Count what this would delete" not in page.words
        assert placed["hold_id"] not in page.text
        assert "Everything of this client" not in page.words
        for path in (POLICY, HISTORY):
            assert (await browser.get(path.replace(BAYSIDE, HARBOUR))).status == 404
        assert (await browser.get(PAGE.replace(BAYSIDE, NORTHSIDE))).status == 404
    await town.sql("DELETE FROM legal_holds WHERE client_id = $1", HARBOUR)


async def test_ada_names_the_client_she_means(town: Town) -> None:
    ada = await town.of(ADA)
    assert 'name="client_id"' in (await ada.get("/settings?section=data-governance")).text
    assert (await ada.get(PAGE)).status == 200
    assert (await ada.get("/settings?section=data-governance&client_id=nobody-s")).status == 404
    nameless = await ada.get("/api/settings/data-governance")
    assert (nameless.status, nameless.json["error"]["code"]) == (400, "malformed_request")


async def test_what_a_policy_would_delete_is_counted_without_a_script_before_it_can_be_saved(
    town: Town,
) -> None:
    call = new_call(PHYSIO_LINE, f"old-{new_id()}", age=timedelta(days=80))
    await town.deliver(BAYSIDE, call)
    priya = await town.of(PRIYA)
    page = await priya.get(f"{PAGE}&try=1&transcripts_days=60")
    assert re.search(r"1 call from before .* lose their transcript", page.words)
    assert "Save, and delete what is counted here" in page.words
    assert "Type DELETE to confirm" in page.words
    assert re.search(r'name="value/transcripts_days" data-type="whole" value="60"', page.text)
    kept = await priya.get(f"{PAGE}&try=1")
    assert "nothing is old enough to delete" in kept.words
    wrong = await priya.get(f"{PAGE}&try=1&transcripts_days=3&analytics_days=4000")
    assert wrong.status == 400
    assert wrong.text.count('class="field-error"') == 2
    assert 'value="4000"' in wrong.text
    await town.sql("DELETE FROM calls WHERE external_id = $1", call["external_id"])


async def test_a_policy_is_saved_over_its_version(town: Town) -> None:
    priya = await town.of(PRIYA)
    now = (await priya.get(POLICY)).json
    assert (now["projects"], now["version"], now["mode"]) == ([], 1, "edit")
    body = {"value": {"transcripts_days": 90, "unlocks_need_approval": True}, "expected_version": 1}
    saved = await priya.change("PUT", POLICY, body)
    assert (saved.status, saved.json["version"]) == (200, 2)
    stale = await priya.change("PUT", POLICY, body)
    assert (stale.status, stale.json["error"]["code"]) == (409, "version_conflict")
    assert stale.json["error"]["details"]["current_version"] == 2
    wrong = await priya.change("PUT", POLICY, {"value": {"transcripts_days": 1}, "expected_version": 2})
    assert wrong.json["error"]["details"]["field_errors"][0]["field"] == "/value/transcripts_days"
    page = await priya.get(PAGE)
    assert "Last saved" in page.words
    assert re.search(r'id="transcripts_days"[^>]* value="90"', page.text)
    counts = (await priya.get(POLICY.replace("?", "/dry-run?") + "&transcripts_days=3650")).json["counts"]
    assert [one["category"] for one in counts] == ["recordings", "transcripts", "analytics"]


async def test_who_changed_a_policy_and_what_is_a_link_away(town: Town) -> None:
    priya, ada = await town.of(PRIYA), await town.of(ADA)
    assert "Nothing was changed yet" in (await priya.get(HISTORY)).words
    for who, value in ((priya, {"transcripts_days": 90}), (ada, {"unlocks_need_approval": True})):
        version = (await who.get(POLICY)).json["version"]
        await who.change("PUT", POLICY, {"value": value, "expected_version": version})
    (link,) = (await priya.get(PAGE)).links("/settings/data-governance/history")
    page = await priya.get(link)
    for said in ("History: Data governance", "Transcripts, days Kept 90", "Transcripts, days 90 Kept"):
        assert said in page.words
    assert "A second administrator approves each unlock No Yes" in page.words
    assert page.words.index(ADA.email) < page.words.index(PRIYA.email)
    assert PAGE in page.text.replace("&amp;", "&")
    newest = await priya.get(f"{HISTORY}&limit=1")
    assert PRIYA.email not in newest.text.partition('class="changes"')[2]
    (older,) = (one for one in newest.links("/settings/data-governance/history") if "cursor=" in one)
    assert "Transcripts, days Kept 90" in (await priya.get(older)).words


async def test_whose_history_it_is_must_be_said_and_be_in_reach(town: Town) -> None:
    priya = await town.of(PRIYA)
    for path in ("/settings/data-governance/history", HISTORY.replace(BAYSIDE, NORTHSIDE)):
        assert (await priya.get(path)).status == 404
    for someone in (ALICE, CHLOE, TOM, OMAR):
        assert (await (await town.of(someone)).get(HISTORY)).status == 404


async def test_a_hold_is_placed_shown_and_released(town: Town) -> None:
    priya = await town.of(PRIYA)
    body = {"client_id": BAYSIDE, "kind": "tenant", "reason": "Matter 7, ring 0412 345 678"}
    placed = await priya.change("POST", "/api/legal-holds", body)
    assert (placed.status, placed.json["hold"]["state"]) == (201, "active")
    page = await priya.get(PAGE)
    assert "Matter 7, ring [PHONE]" in page.words
    path = f"/api/legal-holds/{placed.json['hold']['hold_id']}/release?client_id={BAYSIDE}"
    assert (await priya.change("POST", path, {})).json["hold"]["state"] == "released"
    assert (await priya.change("POST", path, {})).json["error"]["code"] == "state_conflict"
    listed = (await priya.get(f"/api/legal-holds?client_id={BAYSIDE}")).json["holds"]
    assert [one["state"] for one in listed] == ["released"]
    assert (await priya.get(f"/api/retention-receipts?client_id={BAYSIDE}")).json["receipts"] == []


def region(page: Page, heading: str) -> str:
    """What stands under one heading of the page."""
    return page.text.partition(f'id="{heading}-title"')[2].partition("</section>")[0]


def walk(page: Page, words: str) -> str:
    """Where this link of theirs leads."""
    (address,) = re.findall(rf'<a class="button[^"]*" href="([^"]+)">{words}</a>', page.text)
    return unescape(address)


async def test_every_hold_can_be_come_to_and_released(town: Town) -> None:
    priya = await town.of(PRIYA)
    for number in range(21):
        body = {"client_id": BAYSIDE, "kind": "tenant", "reason": f"Matter no {number:02}"}
        assert (await priya.change("POST", "/api/legal-holds", body)).status == 201
    first = await priya.get(f"{PAGE}&try=1&transcripts_days=60")
    assert "Matter no 20" in first.words
    assert "Matter no 00" not in first.words
    assert "Newest holds" not in first.words
    older = await priya.get(walk(first, "Older holds"))
    assert "Matter no 00" in older.words
    assert "Matter no 01" not in older.words
    assert "Older holds" not in older.words
    # The rest of the page stays as it was, and a new hold is shown where the newest are.
    assert re.search(r'id="transcripts_days"[^>]* value="60"', older.text)
    assert f'data-then="{escape(walk(older, "Newest holds"))}"' in region(older, "holds")
    assert "data-then" not in region(first, "holds")
    (release,) = re.findall(r'data-json="(/api/legal-holds/[^"]+/release[^"]*)"', region(older, "holds"))
    assert (await priya.change("POST", release, {})).json["hold"]["reason"] == "Matter no 00"
    assert "Matter no 20" in (await priya.get(walk(older, "Newest holds"))).words


async def test_every_receipt_can_be_come_to(town: Town) -> None:
    await town.sql(
        "INSERT INTO retention_receipts (client_id, receipt_id, run_id, category, policy_version, days,"
        " before, calls, manifest, started_at)"
        " SELECT $1, gen_random_uuid(), gen_random_uuid(), 'transcripts', 1, 1000 + n, now(), 1,"
        " decode(repeat('00', 32), 'hex'), now() - n * interval '1 day' FROM generate_series(1, 21) AS n",
        BAYSIDE,
    )
    priya = await town.of(PRIYA)
    first = await priya.get(PAGE)
    assert region(first, "receipts").count("<tr>") == 21
    assert "1,021 days" not in first.words
    older = await priya.get(walk(first, "Older receipts"))
    assert region(older, "receipts").count("<tr>") == 2
    assert "1,021 days" in older.words
    assert "1,020 days" in (await priya.get(walk(older, "Newest receipts"))).words


async def test_a_cursor_is_of_its_own_list(town: Town) -> None:
    priya = await town.of(PRIYA)
    assert (await priya.get(f"{PAGE}&holds_cursor=&receipts_cursor=")).status == 200
    assert (await priya.get(f"{PAGE}&holds_cursor=nonsense")).status == 400
