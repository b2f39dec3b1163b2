"""What a plan includes on the portal: whose, read by the client, saved over its version, and its history."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

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
    PRIYA,
    TOM,
)
from tests.support.portal import Town
from tests.together.newcomers import newcomer

OWN = "/settings/entitlements"
PAGE = f"{OWN}?client_id={BAYSIDE}"
HISTORY = f"{OWN}/history?client_id={BAYSIDE}"
JSON = f"/api/settings/entitlements?client_id={BAYSIDE}"
NO_DOWNLOADS = {"recording_download": False, "api_key_management": True}


@pytest.fixture(autouse=True)
async def nothing_saved(town: Town) -> AsyncIterator[None]:
    yield
    for table in ("client_settings", "client_settings_history"):
        await town.sql(f"DELETE FROM {table} WHERE section = 'entitlements' AND client_id = $1", BAYSIDE)


async def test_priya_chooses_a_client_and_finds_what_its_plan_includes(town: Town) -> None:
    priya = await town.of(PRIYA)
    assert (await priya.get("/settings")).links(OWN) == [OWN]
    chooser = await priya.get(OWN)
    assert "Plan and entitlements: whose?" in chooser.words
    assert PAGE in chooser.links(OWN)
    page = await priya.get(PAGE)
    assert "Not changed yet: everything is included" in page.words
    assert "Save the plan" in page.words
    assert (await priya.get(f"{OWN}?client_id={NORTHSIDE}")).status == 404


async def test_who_looks_after_one_line_reads_the_plan_and_is_told_who_changes_it(town: Town) -> None:
    of_one = await newcomer(town, replace(PRIYA, projects=((HARBOUR, FRONT_DESK),)))
    async with town.visitor(of_one) as browser:
        page = await browser.get(PAGE.replace(BAYSIDE, HARBOUR))
        assert "What Harbour Dental" in page.words
        assert "you look after some of them" in page.words
        assert "Save the plan" not in page.words
        body = {"value": NO_DOWNLOADS, "expected_version": 1}
        assert (await browser.change("PUT", JSON.replace(BAYSIDE, HARBOUR), body)).status == 404


async def test_the_list_of_sections_leads_there_too(town: Town) -> None:
    priya = await town.of(PRIYA)
    moved = await priya.get(f"/settings?section=entitlements&client_id={BAYSIDE}")
    assert (moved.status, moved.headers["location"]) == (302, PAGE)


async def test_ada_names_the_client_she_means(town: Town) -> None:
    ada = await town.of(ADA)
    assert 'name="client_id"' in (await ada.get(OWN)).text
    assert "Save the plan" in (await ada.get(PAGE)).words
    for unknown in ("nobody-s", "No Id"):
        assert (await ada.get(f"{OWN}?client_id={unknown}")).status == 404
    nameless = await ada.get("/api/settings/entitlements")
    assert (nameless.status, nameless.json["error"]["code"]) == (400, "malformed_request")


async def test_alice_reads_all_of_her_own_and_ben_a_summary(town: Town) -> None:
    alice, ben = await town.of(ALICE), await town.of(BEN)
    for reader in (alice, ben):
        assert OWN in (await reader.get("/settings")).links(OWN)
        page = await reader.get(OWN)
        assert "What your plan includes" in page.words
        assert "Download of recordings Included" in page.words
        assert "Save the plan" not in page.words
        assert (await reader.get(PAGE)).status == 404
    assert "Management of API keys Included" in (await alice.get(OWN)).words
    assert "Management of API keys Restricted to administrators" in (await ben.get(OWN)).words
    document = (await ben.get("/api/settings/entitlements")).json
    assert (document["mode"], document["projects"]) == ("summary", [])
    body = {"value": NO_DOWNLOADS, "expected_version": 1}
    assert (await alice.change("PUT", "/api/settings/entitlements", body)).status == 404


async def test_those_who_may_not_have_no_such_page(town: Town) -> None:
    for someone in (CHLOE, TOM, OMAR):
        browser = await town.of(someone)
        for path in (OWN, PAGE, HISTORY, JSON, "/settings?section=entitlements"):
            assert (await browser.get(path)).status == 404
        assert "Plan and entitlements" not in (await browser.get("/settings?section=profile")).words


async def test_a_plan_is_saved_over_its_version(town: Town) -> None:
    priya = await town.of(PRIYA)
    body = {"value": NO_DOWNLOADS, "expected_version": 1}
    saved = await priya.change("PUT", JSON, body)
    assert (saved.status, saved.json["version"], saved.json["mode"]) == (200, 2, "edit")
    stale = await priya.change("PUT", JSON, body)
    assert (stale.status, stale.json["error"]["code"]) == (409, "version_conflict")
    missing = await priya.change("PUT", JSON, {"value": NO_DOWNLOADS})
    assert (missing.status, missing.json["error"]["code"]) == (428, "precondition_required")
    page = await priya.get(PAGE)
    assert "Last saved" in page.words


async def test_a_key_the_plan_does_not_include_is_refused_in_words(town: Town) -> None:
    priya = await town.of(PRIYA)
    value = {"recording_download": True, "api_key_management": False}
    await priya.change("PUT", JSON, {"value": value, "expected_version": 1})
    new = {"client_id": BAYSIDE, "scope": "read", "description": "the booking system"}
    refused = await priya.change("POST", "/api/partner/api-keys", new)
    assert (refused.status, refused.json["error"]["code"]) == (403, "entitlement_required")
    assert refused.json["error"]["message"] == "Your plan does not include this."


async def test_who_changed_a_plan_and_what_is_a_link_away(town: Town) -> None:
    priya = await town.of(PRIYA)
    await priya.change("PUT", JSON, {"value": NO_DOWNLOADS, "expected_version": 1})
    (link,) = (await priya.get(PAGE)).links(f"{OWN}/history")
    page = await priya.get(link)
    assert "History: Plan and entitlements" in page.words
    assert "Download of recordings Yes No" in page.words
    assert PRIYA.email in page.words
    assert (await priya.get(f"{OWN}/history")).status == 404
    assert "Nothing was changed yet" in (await (await town.of(ALICE)).get(f"{OWN}/history")).words
