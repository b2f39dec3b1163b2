"""The call log as people read it."""

from __future__ import annotations

import re
from datetime import timedelta
from urllib.parse import parse_qs, quote, urlsplit

import pytest

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
from tests.support.portal import Browser, Page, Town
from tests.support.world_calls import new_call

CALLERS_NUMBER = "+61 2 9123 4567"


def shown(page: Page) -> list[str]:
    """The ids of the calls in a list, in order."""
    return re.findall(r'<tr class="row-item[^>]* data-call="([^"]+)"', page.text)


def chips(page: Page) -> list[str]:
    """The applied filters, as screen readers say them."""
    return re.findall(r'aria-label="Remove the filter ([^"]+)"', page.text)


def next_page(page: Page) -> str | None:
    """Where "Load more" leads."""
    found = re.search(r'<a class="[^"]*" href="([^"]+)"[^>]* data-load-more', page.text)
    return found[1].replace("&amp;", "&") if found else None


async def test_alice_sees_her_calls_newest_first_with_the_full_number(town: Town) -> None:
    # Others' tests deliver newer ones.
    page = await (await town.of(ALICE)).get("/calls?limit=100")
    assert page.status == 200
    order = [town.calls[name] for name in ("front-1", "after-1", "front-2", "old-1")]
    assert [one for one in shown(page) if one in order] == order
    assert CALLERS_NUMBER in page.text
    assert town.calls["northside-1"] not in page.text


async def test_chloe_sees_masked_callers_and_only_her_project(town: Town) -> None:
    page = await (await town.of(CHLOE)).get("/calls?limit=100")
    assert "+61 ... 567" in page.words
    assert "9123 4567" not in page.text
    assert "+61291234567" not in page.text
    assert town.calls["front-1"] in shown(page)
    assert town.calls["after-1"] not in page.text


@pytest.mark.parametrize("path", ["/calls", "/api/calls"])
async def test_chloe_cannot_search_for_callers(town: Town, path: str) -> None:
    chloe = await town.of(CHLOE)
    asked = await chloe.get(f"{path}?project_id={FRONT_DESK}&caller=567")
    missing = await chloe.get(f"{path}?project_id={new_id()}")
    assert asked.status == missing.status == 404
    assert 'name="caller"' not in (await chloe.get("/calls")).text


async def test_what_chloe_may_not_use_is_a_404_before_anything_is_said_about_it(town: Town) -> None:
    page = await (await town.of(CHLOE)).get("/api/calls?caller=567&nonsense=1&status=what")
    assert (page.status, page.json["error"]) == (404, "not_found")


async def test_alice_finds_a_caller_by_the_last_digits_once_she_chose_a_project(town: Town) -> None:
    alice = await town.of(ALICE)
    unchosen = await alice.get("/calls?caller=678")
    assert unchosen.status == 422
    assert "Choose a project in the top bar first" in unchosen.words
    found = await alice.get(f"/calls?project_id={FRONT_DESK}&caller=678")
    assert shown(found) == [town.calls["front-2"]]
    assert chips(found) == ["Caller 678"]


async def test_alice_searches_summaries_once_she_chose_a_project(town: Town) -> None:
    alice = await town.of(ALICE)
    new = new_call(FRONT_DESK, new_id(), summary="A wombat under the deck.", age=timedelta(days=300))
    made = await town.deliver(HARBOUR, new)
    unchosen = await alice.get("/calls?q=wombats")
    assert unchosen.status == 422
    assert 'href="#search"' in unchosen.text
    assert "Choose a project in the top bar first" in unchosen.words
    found = await alice.get(f"/calls?project_id={FRONT_DESK}&q=wombats&channel=voice&sort=duration")
    assert shown(found) == [made]
    assert chips(found) == ["Channel Voice", "Summary wombats"]
    assert "/calls?project_id=" + FRONT_DESK + "&channel=voice&sort=duration" in found.links("/calls?")
    assert 'name="q" value="wombats"' in found.text
    box = found.text[found.text.index('role="search"') :].partition("</form>")[0]
    for name, value in (("project_id", FRONT_DESK), ("channel", "voice"), ("sort", "duration")):
        assert f'name="{name}" value="{value}"' in box
    offered = found.text[found.text.index("data-export-form") :].partition("</form>")[0]
    assert 'name="q" value="wombats"' in offered


@pytest.mark.parametrize("term", ["0412 345 678", "jane@example.com", "2123 45670 1", "14/03/1985"])
async def test_private_details_are_refused_in_a_search_and_not_said_again(town: Town, term: str) -> None:
    alice = await town.of(ALICE)
    query = f"project_id={FRONT_DESK}&q={quote(term)}"
    page = await alice.get(f"/calls?{query}")
    assert page.status == 422
    assert "no summary holds" in page.words
    assert term not in page.text
    assert quote(term) not in page.text
    for path in ("/api/calls", "/api/calls/export"):
        refused = await alice.get(f"{path}?{query}")
        assert (refused.status, refused.json["error"]) == (422, "sensitive_search_term")
        assert refused.json["details"]["use"] in {"caller", "from"}


async def test_a_caller_that_is_no_number_is_said_at_the_field_and_the_page_stands(town: Town) -> None:
    page = await (await town.of(ALICE)).get(f"/calls?project_id={FRONT_DESK}&caller=Smith")
    assert page.status == 400
    assert 'href="#filter-caller"' in page.text
    assert "Enter a whole number, or its last three or more digits." in page.words
    assert 'value="Smith"' in page.text


async def test_a_form_with_empty_fields_is_the_whole_list(town: Town) -> None:
    alice = await town.of(ALICE)
    whole = await alice.get("/calls")
    submitted = await alice.get("/calls?status=&caller=&from=&to=&outcome=&min_duration=")
    assert submitted.status == 200
    assert shown(submitted) == shown(whole)
    assert chips(submitted) == []


async def test_filters_are_chips_that_can_be_removed_and_cleared(town: Town) -> None:
    page = await (await town.of(BEN)).get("/calls?range=7d&status=missed,failed&min_duration=5")
    assert town.calls["front-2"] in shown(page)
    assert town.calls["front-1"] not in shown(page)
    assert chips(page) == ["Date Last 7 days", "Status Missed, Failed", "At least 5 s"]
    removals = [parse_qs(urlsplit(link).query) for link in page.links("/calls?")]
    assert {"range": ["7d"], "min_duration": ["5"]} in removals
    assert "/calls" in page.links("/calls")


async def test_days_chosen_one_by_one_win_over_a_range(town: Town) -> None:
    page = await (await town.of(ALICE)).get("/calls?range=7d&from=2020-01-01&to=2020-01-02")
    assert chips(page) == ["From 1 Jan 2020", "To 2 Jan 2020"]
    assert "No calls match these filters" in page.words


async def test_a_filter_that_cannot_be_read_is_explained(town: Town) -> None:
    page = await (await town.of(ALICE)).get("/calls?status=sideways&from=yesterday&min_duration=-1")
    assert page.status == 400
    assert "These filters need a change" in page.words
    for field in ("status", "from", "min_duration"):
        assert f'href="#filter-{field}"' in page.text
        assert f'id="filter-{field}"' in page.text


async def test_unknown_parameters_are_ignored_by_the_page_and_refused_by_the_api(town: Town) -> None:
    alice = await town.of(ALICE)
    assert (await alice.get("/calls?utm_source=mail")).status == 200
    refused = await alice.get("/api/calls?utm_source=mail")
    assert (refused.status, refused.json["error"]) == (400, "unsupported_query_parameter")
    assert refused.json["field_errors"][0]["field"] == "query.utm_source"


async def test_a_query_that_is_no_text_is_said_so(town: Town) -> None:
    alice = await town.of(ALICE)
    refused = await alice.get(f"/api/calls?q=%FF%FE&project_id={FRONT_DESK}")
    assert (refused.status, refused.json["error"]) == (400, "malformed_request")
    assert (await alice.get(f"/calls?q=%FF%FE&project_id={FRONT_DESK}")).status == 400
    assert (await alice.get("/calls?utm_%C3%A9=%F0%9F%98%80")).status == 200


async def walk(browser: Browser, path: str, *, as_fragments: bool) -> list[list[str]]:
    """Every page of a list, by its "Load more"."""
    pages: list[list[str]] = []
    address = path
    while True:
        is_more = as_fragments and bool(pages)
        page = await (browser.get(address, hx_request="true") if is_more else browser.get(address))
        assert page.status == 200
        assert page.text.lstrip().startswith("<tr") == is_more
        pages.append(shown(page))
        following = next_page(page)
        if following is None:
            return pages
        address = following


@pytest.mark.parametrize("as_fragments", [True, False])
async def test_load_more_walks_every_call_once(town: Town, *, as_fragments: bool) -> None:
    outcome = f"walked {as_fragments}"
    same_moment = new_call(AFTER_HOURS, "", age=timedelta(days=400), outcome=outcome)
    ids = [
        await town.deliver(HARBOUR, same_moment | {"external_id": f"{outcome} {number}"})
        for number in range(45)
    ]
    ben = await town.of(BEN)
    path = f"/calls?project_id={AFTER_HOURS}&outcome={quote(outcome)}"
    pages = await walk(ben, path, as_fragments=as_fragments)
    assert [len(page) for page in pages] == [20, 20, 5]
    assert sorted(call for page in pages for call in page) == sorted(ids)


async def test_sorting_by_duration_puts_the_longest_first(town: Town) -> None:
    long = new_call(AFTER_HOURS, "long-1", age=timedelta(days=500))
    long["ended_at"] = new_call(AFTER_HOURS, "x", age=timedelta(days=499))["started_at"]
    await town.deliver(HARBOUR, long)
    page = await (await town.of(ALICE)).get("/calls?sort=-duration")
    assert shown(page)[0] == town.calls["long-1"]
    assert 'aria-sort="descending"' in page.text


async def test_html_in_a_call_is_shown_as_text(town: Town) -> None:
    evil = '<img src=x onerror="alert(1)">'
    call = new_call(FRONT_DESK, "evil-1", outcome=evil, summary=evil, agent={"id": "a", "name": evil})
    call["turns"] = [{"speaker": "caller", "text": f"</p><script>alert(1)</script>{evil}"}]
    call_id = await town.deliver(HARBOUR, call)
    page = await (await town.of(ALICE)).get(f"/calls?expand={call_id}")
    assert page.status == 200
    assert "<img" not in page.text
    assert "<script>" not in page.text
    assert "&lt;img src=x" in page.text


async def test_times_are_the_projects_and_the_zone_is_said(town: Town) -> None:
    page = await (await town.of(ALICE)).get(f"/calls?project_id={FRONT_DESK}")
    assert re.search(r"Times are in Sydney time \(AE[DS]T\)", page.words)


async def test_a_partner_sees_assigned_clients_by_name(town: Town) -> None:
    priya = await (await town.of(PRIYA)).get("/calls")
    assert "Front desk, Harbour Dental" in priya.words
    assert "Reception, Bayside Physio" in priya.words
    assert CALLERS_NUMBER in priya.text
    tom = await (await town.of(TOM)).get("/calls")
    assert "9123 4567" not in tom.text
    assert town.calls["northside-1"] not in tom.text


async def test_a_foreign_project_is_the_same_404_as_none(town: Town) -> None:
    alice = await town.of(ALICE)
    foreign = await alice.get(f"/calls?project_id={NORTHSIDE_LINE}")
    missing = await alice.get(f"/calls?project_id={new_id()}")
    assert foreign.status == missing.status == 404
    assert _without_id(foreign) == _without_id(missing)


async def test_operators_have_no_call_log(town: Town) -> None:
    ada = await town.of(ADA)
    assert (await ada.get("/calls")).status == 404
    assert (await ada.get("/api/calls")).status == 404


async def test_the_anonymous_are_sent_to_sign_in_and_the_api_says_401(town: Town) -> None:
    async with town.stranger() as browser:
        page = await browser.get("/calls?status=missed")
        assert (page.status, page.location) == (302, "/sign-in?callbackUrl=%2Fcalls%3Fstatus%3Dmissed")
        answer = await browser.get("/api/calls")
        assert (answer.status, answer.json["error"]) == (401, "session_missing")


async def test_the_list_as_json_is_the_apis_with_the_readers_level(town: Town) -> None:
    for someone, number in ((ALICE, "+61291234567"), (CHLOE, "+61 ... 567")):
        answer = await (await town.of(someone)).get(f"/api/calls?project_id={FRONT_DESK}&limit=100")
        assert answer.status == 200
        assert set(answer.json) == {"calls", "next_cursor", "matching"}
        numbers = {call["call_id"]: call["from_number"] for call in answer.json["calls"]}
        assert numbers[town.calls["front-1"]] == number


async def test_mallory_cannot_tell_harbours_call_from_none(town: Town) -> None:
    mallory = await town.of(MALLORY)
    foreign, none = town.calls["front-1"], new_id()
    for path in ("/calls/{}", "/calls?expand={}", "/api/calls/{}/preview"):
        answers = [await mallory.get(path.format(one)) for one in (foreign, none, "no-id-at-all")]
        assert {answer.status for answer in answers} == {404}
        assert len({_without_id(answer) for answer in answers}) == 1
        assert len({_headers(answer) for answer in answers}) == 1


def _without_id(page: Page) -> str:
    return page.text.replace(page.headers["x-request-id"], "the-id")


def _headers(page: Page) -> tuple[tuple[str, str], ...]:
    left_out = {"x-request-id", "date"}
    return tuple(
        (name.lower(), value.replace(page.headers["x-request-id"], "the-id"))
        for name, value in page.headers.items()
        if name.lower() not in left_out
    )
