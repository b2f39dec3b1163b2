"""The review of one call, under its row."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest

from aidial_contract.ids import new_id
from tests.people import ALICE, CHLOE, FRONT_DESK, HARBOUR, Someone
from tests.portal.calls.test_list import shown
from tests.support.portal import Page, Town
from tests.support.world_calls import new_call


async def test_alice_opens_a_call_and_reads_the_conversation(town: Town) -> None:
    call = new_call(FRONT_DESK, "review-1", summary="The caller wants to come in next week.")
    call["turns"].append({"speaker": "caller", "text": "My number is 0412 345 678.", "start_ms": 9_000})
    call["attention"] = {"flag": True, "reason": "The caller was upset."}
    call_id = await town.deliver(HARBOUR, call)
    page = await (await town.of(ALICE)).get(f"/calls?expand={call_id}")
    assert page.status == 200
    assert call_id in shown(page)
    assert "Good morning, how can I help?" in page.words
    assert "The caller wants to come in next week." in page.words
    assert "The caller was upset." in page.words
    assert "phone number" in page.words
    assert "0412 345 678." not in page.words


async def test_a_review_says_what_kinds_of_details_were_removed_and_how_often(town: Town) -> None:
    call = new_call(FRONT_DESK, "review-removed")
    for place, text in enumerate(("0412 345 678, or 0498 765 432.", "Or write to alice@harbour.example.")):
        call["turns"].append({"speaker": "caller", "text": text, "start_ms": 9_000 + place})
    call_id = await town.deliver(HARBOUR, call)
    for person in (ALICE, CHLOE):
        page = await (await town.of(person)).get(f"/calls?expand={call_id}")
        assert "Details removed phone number \N{MULTIPLICATION SIGN} 2 e-mail address" in page.words
    plain = await (await town.of(ALICE)).get(f"/calls?expand={town.calls['front-1']}")
    assert "Details removed" not in plain.words


async def test_chloe_reviews_with_the_caller_masked(town: Town) -> None:
    page = await (await town.of(CHLOE)).get(f"/calls?expand={town.calls['front-1']}")
    assert "I would like to see somebody next week." in page.words
    assert "9123 4567" not in page.text
    assert "+61 ... 567" in page.words


async def test_the_old_address_of_a_call_leads_to_the_list_and_keeps_the_project(town: Town) -> None:
    alice = await town.of(ALICE)
    call_id = town.calls["front-1"]
    page = await alice.get(f"/calls/{call_id}?project_id={FRONT_DESK}")
    assert (page.status, page.location) == (302, f"/calls?project_id={FRONT_DESK}&expand={call_id}")
    assert (await alice.get(f"/calls/{call_id}")).location == f"/calls?expand={call_id}"


async def test_a_script_gets_the_review_alone(town: Town) -> None:
    page = await (await town.of(ALICE)).get(f"/calls?expand={town.calls['front-1']}", hx_request="true")
    assert 'class="review"' in page.text
    assert "<html" not in page.text


async def test_a_call_that_is_not_on_this_page_is_shown_above_the_list(town: Town) -> None:
    page = await (await town.of(ALICE)).get(f"/calls?status=missed&expand={town.calls['front-1']}")
    assert town.calls["front-1"] not in shown(page)
    assert "I would like to see somebody next week." in page.words


async def test_the_preview_as_json_has_the_call_and_its_transcript(town: Town) -> None:
    answer = await (await town.of(ALICE)).get(f"/api/calls/{town.calls['front-1']}/preview")
    assert set(answer.json) == {"call", "transcript"}
    assert answer.json["call"]["call_id"] == answer.json["transcript"]["call_id"] == town.calls["front-1"]
    assert [turn["speaker"] for turn in answer.json["transcript"]["turns"]] == ["agent", "caller"]


async def test_a_missing_preview_answers_in_the_calls_envelope(town: Town) -> None:
    answer = await (await town.of(ALICE)).get(f"/api/calls/{new_id()}/preview")
    assert answer.status == 404
    assert set(answer.json) == {"error", "message", "retryable", "request_id"}


async def test_a_live_call_says_that_it_is_going_on(town: Town) -> None:
    call = new_call(FRONT_DESK, "live-1", status="live", ended_at=None, end_reason=None)
    call_id = await town.deliver(HARBOUR, call)
    page = await (await town.of(ALICE)).get(f"/calls?expand={call_id}")
    assert "This call is still going" in page.words


async def test_a_projects_own_words_are_read_in_list_review_and_chips(town: Town) -> None:
    term = "INSERT INTO project_terms (client_id, project_id, kind, code, label, place)"
    await town.sql(f"{term} VALUES ($1, $2, 'outcome', 'booked', 'Seat reserved', 0)", HARBOUR, FRONT_DESK)
    try:
        alice = await town.of(ALICE)
        page = await alice.get(f"/calls?expand={town.calls['front-1']}&outcome=booked")
        assert page.words.count("Seat reserved") >= 3
        fragment = await alice.get(f"/calls?expand={town.calls['front-1']}", hx_request="true")
        assert "Seat reserved" in fragment.words
    finally:
        await town.sql("DELETE FROM project_terms WHERE project_id = $1", FRONT_DESK)


def long_call(turns: int, **changes: Any) -> dict[str, Any]:
    said = [{"speaker": "caller", "text": f"Line {number}."} for number in range(1, turns + 1)]
    return new_call(FRONT_DESK, new_id(), turns=said, **changes)


def lines(page: Page) -> list[int]:
    return [int(number) for number in re.findall(r">Line (\d+)\.</p>", page.text)]


def read_on(page: Page, words: str) -> str:
    """Where this button of theirs leads."""
    (address,) = re.findall(rf'<a [^>]*href="([^"]+)"[^>]*data-more-turns>{words}</a>', page.text)
    return unescape(address)


@pytest.mark.parametrize("who", [ALICE, CHLOE])
async def test_whoever_reads_a_long_call_reads_on_to_its_end(town: Town, who: Someone) -> None:
    call_id = await town.deliver(HARBOUR, long_call(1_234))
    browser = await town.of(who)
    first = await browser.get(f"/calls?status=completed&expand={call_id}")
    assert lines(first) == [*range(1, 501)]
    assert "500 of 1,234 turns are shown" in first.words
    onwards = read_on(first, "Show the next 500 turns")
    assert onwards == f"/calls?status=completed&expand={call_id}&turns=1000#turn-501"
    second = await browser.get(onwards.partition("#")[0])
    assert lines(second) == [*range(1, 1_001)]
    assert re.search(r'<li [^>]*id="turn-501" tabindex="-1"', second.text)
    assert "1,000 of 1,234 turns are shown" in second.words
    assert "Show all" not in second.words
    last = await browser.get(read_on(second, "Show the next 234 turns").partition("#")[0])
    assert lines(last) == [*range(1, 1_235)]
    assert "data-more-turns" not in last.text
    assert "turns are shown" not in last.words


async def test_all_of_a_long_call_is_one_step_away(town: Town) -> None:
    call_id = await town.deliver(HARBOUR, long_call(1_001))
    chloe = await town.of(CHLOE)
    page = await chloe.get(f"/calls?expand={call_id}")
    whole = read_on(page, "Show all 1,001 turns").partition("#")[0]
    assert lines(await chloe.get(whole, hx_request="true")) == [*range(1, 1_002)]
    nearly = await chloe.get(f"/calls?expand={call_id}&turns=1000")
    assert read_on(nearly, "Show the next turn")


async def test_a_call_of_five_hundred_turns_is_all_there(town: Town) -> None:
    call_id = await town.deliver(HARBOUR, long_call(500))
    page = await (await town.of(CHLOE)).get(f"/calls?expand={call_id}")
    assert lines(page) == [*range(1, 501)]
    assert "data-more-turns" not in page.text


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("live", "This call is still going"),
        ("truncated", "The transcript is cut short"),
        ("incomplete", "Part of the call is missing"),
    ],
)
async def test_a_long_call_still_says_what_its_transcript_lacks(town: Town, state: str, words: str) -> None:
    call_id = await town.deliver(HARBOUR, long_call(501))
    await town.sql("UPDATE calls SET transcript_state = $2 WHERE call_id = $1", call_id, state)
    chloe = await town.of(CHLOE)
    for turns, shown_turns in (("", 500), ("&turns=1000", 501)):
        page = await chloe.get(f"/calls?expand={call_id}{turns}")
        assert len(lines(page)) == shown_turns
        assert words in page.words
        assert f'data-state="{state}"' in page.text


async def test_whoever_reads_the_end_of_a_live_call_hears_of_every_turn(town: Town) -> None:
    call = long_call(501, status="live", ended_at=None, end_reason=None)
    call_id = await town.deliver(HARBOUR, call)
    chloe = await town.of(CHLOE)
    whole = f'data-whole="/calls?expand={call_id}&amp;turns=5000"'
    beginning = await chloe.get(f"/calls?expand={call_id}")
    assert whole not in beginning.text
    assert 'role="log"' not in beginning.text
    assert "Turns appear here as they are said" not in beginning.words
    end = await chloe.get(f"/calls?expand={call_id}&turns=1000")
    assert whole in end.text
    assert 'role="log"' in end.text
    assert "Turns appear here as they are said" in end.words


async def test_what_was_read_of_one_call_is_forgotten_with_it(town: Town) -> None:
    call_id = await town.deliver(HARBOUR, long_call(501))
    page = await (await town.of(ALICE)).get(f"/calls?expand={call_id}&turns=1000")
    addresses = {unescape(address) for address in re.findall(r'href="(/calls[^"]*)"', page.text)}
    assert {address for address in addresses if "turns=" in address} <= {
        f"/calls?expand={call_id}&turns=1000",
        f"/calls?expand={call_id}&turns=5000",
    }
    assert 'name="turns"' not in page.text


@pytest.mark.parametrize("turns", ["0", "5001", "-1", "many"])
async def test_a_number_of_turns_that_cannot_be_is_refused(town: Town, turns: str) -> None:
    alice = await town.of(ALICE)
    assert (await alice.get(f"/calls?expand={town.calls['front-1']}&turns={turns}")).status == 400


async def test_an_open_call_and_list_say_where_their_news_come_from(town: Town) -> None:
    chloe = await town.of(CHLOE)
    page = await chloe.get(f"/calls?project_id={FRONT_DESK}&status=live")
    assert f'data-live="/api/calls/live?project_id={FRONT_DESK}"' in page.text
    fragment = await chloe.get(f"/calls?expand={town.calls['front-1']}", hx_request="true")
    parts = ("head", "attention", "summary", "talk", "files", "facts")
    assert [f'data-part="{name}"' in fragment.text for name in parts] == [True] * len(parts)


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("retention", "It was older than your organisation keeps transcripts."),
        ("request", "Your organisation asked for it to be deleted."),
        (None, "or your organisation asked for its deletion."),
    ],
)
async def test_a_transcript_that_was_deleted_says_why(town: Town, reason: str | None, words: str) -> None:
    call_id = await town.deliver(HARBOUR, new_call(FRONT_DESK, f"gone-{new_id()}"))
    await town.sql("UPDATE calls SET transcript_state = 'retention_expired' WHERE call_id = $1", call_id)
    await town.sql("UPDATE transcripts SET deleted_for = $2 WHERE call_id = $1", call_id, reason)
    page = await (await town.of(ALICE)).get(f"/calls?expand={call_id}")
    assert words in page.words
    assert "It cannot be brought back." in page.words
