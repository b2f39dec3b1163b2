"""Data deletion on the portal: Alice asks and takes back, Priya decides, and nobody else has the section."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.people import ADA, ALICE, BEN, CHLOE, FRONT_DESK, HARBOUR, MALLORY, OMAR, PRIYA, TOM
from tests.support.deletions import new_deletion
from tests.support.portal import Town
from tests.together.newcomers import newcomer

PAGE = "/settings?section=data-deletion"
PATH = "/api/data-deletions"


@pytest.fixture(autouse=True)
async def nothing_asked(town: Town) -> None:
    await town.sql("DELETE FROM data_deletions")


async def ask(town: Town) -> str:
    """Alice's request; its id."""
    alice = await town.of(ALICE)
    made = await alice.change("POST", PATH, new_deletion())
    assert made.status == 201
    request = made.json["request"]
    assert (request["state"], [one["state"] for one in request["history"]]) == ("submitted", ["submitted"])
    return str(request["request_id"])


async def test_alice_asks_and_takes_it_back(town: Town) -> None:
    alice = await town.of(ALICE)
    assert "Ask for this deletion" in (await alice.get(PAGE)).words
    request_id = await ask(town)
    assert f"{PATH}/{request_id}/cancel" in (await alice.get(PAGE)).text
    cancelled = await alice.change("POST", f"{PATH}/{request_id}/cancel")
    assert (cancelled.status, cancelled.json["request"]["state"]) == (200, "cancelled")
    again = await alice.change("POST", f"{PATH}/{request_id}/cancel")
    assert (again.status, again.json["error"]["code"]) == (409, "state_conflict")
    assert (await alice.get(PATH)).json["requests"][0]["request_id"] == request_id
    assert (await alice.get(f"{PATH}/{request_id}")).json["request"]["state"] == "cancelled"
    wrong = await alice.change("POST", PATH, new_deletion(scope="tenant"))
    assert (wrong.status, wrong.json["error"]["details"]["field_errors"][0]["field"]) == (
        422,
        "/confirmation",
    )


async def test_priya_finds_it_and_decides(town: Town) -> None:
    priya = await town.of(PRIYA)
    assert "you decide about it here" in (await priya.get(PAGE)).words
    request_id = await ask(town)
    page = await priya.get(PAGE)
    assert "Harbour Dental: asked for by Alice" in page.words
    assert f"{PATH}/{request_id}/review?client_id={HARBOUR}" in page.text.replace("&amp;", "&")
    where = f"{PATH}/{request_id}/review?client_id={HARBOUR}"
    unsaid = await priya.change("POST", where, {"decision": "approve"})
    assert (unsaid.status, unsaid.json["error"]["details"]["field_errors"][0]["field"]) == (422, "/reason")
    said = {"decision": "reject", "reason": "Matter 12/2026 is open."}
    rejected = await priya.change("POST", where, said)
    assert rejected.json["request"]["state"] == "rejected"
    assert "Matter 12/2026 is open." in (await (await town.of(ALICE)).get(PAGE)).words
    listed = (await priya.get(f"{PATH}/reviews?state=rejected")).json["requests"]
    assert [one["request_id"] for one in listed] == [request_id]


async def test_ada_names_the_client_and_others_have_no_such_section(town: Town) -> None:
    request_id = await ask(town)
    ada = await town.of(ADA)
    assert "Data deletion: whose?" in (await ada.get(PAGE)).words
    assert "Send this decision" in (await ada.get(f"{PAGE}&client_id={HARBOUR}")).words
    nameless = await ada.get(f"{PATH}/reviews")
    assert (nameless.status, nameless.json["error"]["code"]) == (400, "malformed_request")
    for someone in (BEN, CHLOE, TOM, OMAR):
        browser = await town.of(someone)
        assert (await browser.get(PAGE)).status == 404
        assert (await browser.get(PATH)).status == 404
        assert (await browser.get(f"{PATH}/reviews")).status == 404
    mallory = await town.of(MALLORY)
    assert (await mallory.get(f"{PATH}/{request_id}")).status == 404
    assert (await mallory.change("POST", f"{PATH}/{request_id}/cancel")).status == 404


async def test_an_administrator_of_one_line_is_told_who_can_ask(town: Town) -> None:
    request_id = await ask(town)
    of_one = await newcomer(town, replace(ALICE, projects=((HARBOUR, FRONT_DESK),)))
    async with town.visitor(of_one) as browser:
        page = await browser.get(PAGE)
        assert page.status == 200
        assert "you are assigned to some of them" in page.words
        assert "Ask for this deletion" not in page.words
        assert (await browser.get(PATH)).status == 404
        assert (await browser.change("POST", PATH, new_deletion())).status == 404
        assert (await browser.change("POST", f"{PATH}/{request_id}/cancel")).status == 404
