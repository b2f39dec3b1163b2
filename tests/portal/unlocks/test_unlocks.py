"""The panel of a review, what is revealed on a page of its own, and the same as JSON."""

from __future__ import annotations

import re
from typing import Any

import pytest

from aidial_contract.ids import new_id
from tests.people import ALICE, BEN, CHLOE, FRONT_DESK, HARBOUR, PRIYA
from tests.support.portal import Browser, Page, Town
from tests.support.unlocks import WHY, new_unlock
from tests.support.world_calls import CONSENT, new_call

NUMBER = "0412 345 678"


async def call_of(town: Town, **changes: Any) -> str:
    """A call in which somebody said their number; its id."""
    turns = [{"speaker": "caller", "text": f"Ring me on {NUMBER} <b>now</b>.", "start_ms": 0}]
    body = new_call(FRONT_DESK, f"unlock-{new_id()}", turns=turns, **{"consent": CONSENT, **changes})
    return await town.deliver(HARBOUR, body)


async def asked(browser: Browser, call_id: str, artefact: str = "transcript") -> dict[str, Any]:
    answer = await browser.change("POST", f"/api/calls/{call_id}/pii-unlocks", new_unlock(artefact))
    assert answer.status == 201, answer.text
    unlock: dict[str, Any] = answer.json["unlock"]
    return unlock


def place(unlock: dict[str, Any], *more: str) -> str:
    return "/".join((f"/calls/{unlock['call_id']}/pii-unlocks/{unlock['unlock_id']}", *more))


async def panel(browser: Browser, call_id: str) -> Page:
    page = await browser.get(f"/calls/{call_id}/pii-unlocks", hx_request="true")
    assert page.status == 200
    assert "<html" not in page.text
    return page


@pytest.fixture
async def two_needed(town: Town) -> Any:
    await town.sql(
        "INSERT INTO client_settings (client_id, section, value, version)"
        """ VALUES ($1, 'data-governance', '{"unlocks_need_approval": true}', 2)"""
        " ON CONFLICT (client_id, section) DO UPDATE SET value = excluded.value",
        HARBOUR,
    )
    yield
    await town.sql("DELETE FROM client_settings WHERE section = 'data-governance'")


async def test_ben_asks_and_reads_what_was_said_on_a_page_that_nobody_keeps(town: Town) -> None:
    ben, call_id = await town.of(BEN), await call_of(town)
    unlock = await asked(ben, call_id)
    assert unlock["state"] == "active"
    answer = await ben.get(f"/api{place(unlock, 'reveal')}")
    assert NUMBER in answer.json["transcript"][0]["text"]
    assert answer.headers["cache-control"] == "no-store"
    page = await ben.get(place(unlock))
    assert page.status == 200
    assert NUMBER in page.text
    assert "&lt;b&gt;now" in page.text
    assert page.headers["cache-control"] == "no-store"
    found = re.fullmatch(rf"(\d+); url=/calls\?expand={call_id}", page.headers["refresh"])
    assert found is not None
    assert 0 < int(found[1]) <= 900
    listed = (await ben.get(f"/api/calls/{call_id}/pii-unlocks")).json["unlocks"]
    assert [one["reveals"] for one in listed] == [2]


async def test_head_is_no_look_through_the_portal_either(town: Town) -> None:
    ben, alice, call_id = await town.of(BEN), await town.of(ALICE), await call_of(town)
    unlock = await asked(ben, call_id)
    json_path, page_path = f"/api{place(unlock, 'reveal')}", place(unlock)
    for path, media_type in ((json_path, "application/json"), (page_path, "text/html")):
        head = await ben.ask("HEAD", path)
        assert (head.status, head.body) == (200, b"")
        assert head.headers["content-type"].startswith(media_type)
        assert head.headers["cache-control"] == "no-store"
        assert "content-length" not in head.headers
        assert (await alice.ask("HEAD", path)).status == 404
    (listed,) = (await ben.get(f"/api/calls/{call_id}/pii-unlocks")).json["unlocks"]
    assert (listed["reveals"], listed["first_revealed_at"]) == (0, None)
    assert (await ben.change("POST", f"/api{place(unlock, 'relock')}", {})).status == 200
    assert (await ben.ask("HEAD", json_path)).status == 409
    gone = await ben.ask("HEAD", page_path)
    assert (gone.status, gone.location) == (302, f"/calls?expand={call_id}")


async def test_a_review_offers_it_to_those_who_may_and_to_nobody_else(town: Town) -> None:
    call_id = await call_of(town)
    for someone, offered in ((ALICE, True), (BEN, True), (CHLOE, False), (PRIYA, False)):
        browser = await town.of(someone)
        page = await browser.get(f"/calls?expand={call_id}")
        assert page.status == 200
        assert ("Unlock personal details" in page.words) is offered
        assert (await browser.get(f"/calls/{call_id}/pii-unlocks")).status == (200 if offered else 404)


async def test_the_panel_has_a_form_and_then_says_who_saw_what(town: Town) -> None:
    ben, alice, call_id = await town.of(BEN), await town.of(ALICE), await call_of(town)
    empty = await panel(ben, call_id)
    assert f'data-json="/api/calls/{call_id}/pii-unlocks"' in empty.text
    assert "Nobody has asked to see personal details of this call." in empty.words
    unlock = await asked(ben, call_id)
    await ben.get(place(unlock))
    own, hers = await panel(ben, call_id), await panel(alice, call_id)
    assert f'href="{place(unlock)}"' in own.text
    assert re.search(r'data-countdown-ms="\d+"', own.text)
    assert f'href="{place(unlock)}"' not in hers.text
    for page in (own, hers):
        assert "Looked once" in page.words
        assert WHY in page.words
        assert NUMBER not in page.text
    whole = await ben.get(f"/calls/{call_id}/pii-unlocks")
    assert "<h1>Unlock personal details</h1>" in whole.text


async def test_every_field_of_the_form_has_its_label(town: Town) -> None:
    text = (await panel(await town.of(BEN), await call_of(town))).text
    ids = re.findall(r'<(?:input|select|textarea)[^>]* id="([^"]+)"', text)
    assert len(ids) == 4
    assert sorted(ids) == sorted(re.findall(r'<label[^>]* for="([^"]+)"', text))


@pytest.mark.usefixtures("two_needed")
async def test_alice_approves_what_ben_asked_for_and_he_sees_it_then(town: Town) -> None:
    ben, alice, call_id = await town.of(BEN), await town.of(ALICE), await call_of(town)
    unlock = await asked(ben, call_id)
    assert unlock["state"] == "pending"
    assert "Another administrator has to approve it" in (await panel(ben, call_id)).words
    early = await ben.get(place(unlock))
    assert (early.status, early.location) == (302, f"/calls?expand={call_id}")
    refused = await ben.get(f"/api{place(unlock, 'reveal')}")
    assert (refused.status, refused.json["error"]) == (409, "state_conflict")
    assert "Approve for 15 minutes" in (await panel(alice, call_id)).words
    assert (await ben.change("POST", f"/api{place(unlock, 'approve')}")).status == 404
    approved = await alice.change("POST", f"/api{place(unlock, 'approve')}")
    assert approved.json["unlock"]["state"] == "active"
    again = await alice.change("POST", f"/api{place(unlock, 'approve')}")
    assert (again.status, again.json["error"]["code"]) == (409, "state_conflict")
    assert NUMBER in (await ben.get(place(unlock))).text
    ended = await alice.change("POST", f"/api{place(unlock, 'relock')}", {})
    assert ended.json["unlock"]["state"] == "relocked"
    assert (await ben.get(place(unlock))).status == 302


async def test_without_consent_the_panel_says_so_instead_of_a_form(town: Town) -> None:
    ben, call_id = await town.of(BEN), await call_of(town, consent={"state": "unavailable"})
    page = await panel(ben, call_id)
    assert "Nothing can be unlocked." in page.words
    assert "<form" not in page.text
    answer = await ben.change("POST", f"/api/calls/{call_id}/pii-unlocks", new_unlock())
    assert (answer.status, answer.json["error"]["code"]) == (409, "consent_required")


async def test_what_is_wrong_with_a_request_is_said_field_by_field(town: Town) -> None:
    ben, call_id = await town.of(BEN), await call_of(town)
    body = {"artefact": "everything", "reason_code": "other", "justification": "Because."}
    answer = await ben.change("POST", f"/api/calls/{call_id}/pii-unlocks", body)
    assert answer.status == 422
    failed = {one["field"]: one["code"] for one in answer.json["error"]["details"]["field_errors"]}
    assert failed == {
        "/artefact": "not_allowed",
        "/justification": "too_short",
        "/other_reason": "required",
    }


async def test_each_artefact_has_its_place_on_the_page(town: Town) -> None:
    ben, call_id = await town.of(BEN), await call_of(town)
    shown = {}
    for artefact in ("caller_number", "entities", "all"):
        shown[artefact] = (await ben.get(place(await asked(ben, call_id, artefact)))).words
    assert "+61 2 9123 4567" in shown["caller_number"]
    assert NUMBER not in shown["caller_number"]
    assert NUMBER in shown["entities"]
    assert "Ring me" not in shown["entities"]
    assert all(words in shown["all"] for words in ("+61 2 9123 4567", NUMBER, "Ring me on"))
