"""Alice goes through her calls with forty seconds to spare."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.async_api import Locator, expect

from tests.browser.conftest import OpenVisitor
from tests.browser.visitor import COUNTED, Visitor

FULL_NUMBER = re.compile(r"^(0[2-478]\d\d \d{3} \d{3}|\+61 \d \d{4} \d{4}|\+[\d ]{8,})$")


async def redacted_call(visitor: Visitor) -> dict[str, Any]:
    """A finished call of theirs in whose words something was removed."""
    listed = await visitor.ask("/api/calls?limit=100&status=completed")
    for call in listed["calls"]:
        found: dict[str, Any] = await visitor.ask(f"/api/calls/{call['call_id']}/preview")
        if call["from_number"] and any(turn["redactions"] for turn in found["transcript"]["turns"]):
            return found
    raise AssertionError("no call of theirs has anything removed")


def rows(visitor: Visitor) -> Locator:
    return visitor.page.locator("tr.row-item")


def review(visitor: Visitor) -> Locator:
    return visitor.page.get_by_role("group", name="Call review")


async def test_alice_sees_her_numbers_and_goes_from_them_to_her_calls(visit: OpenVisitor) -> None:
    alice = await visit("alice")
    await alice.go("/?range=90d")
    figures = alice.page.get_by_role("region", name="Key figures")
    for name in ("Total calls", "Talk minutes", "Average duration", "Positive sentiment", "Missed", "Failed"):
        await expect(figures).to_contain_text(name)
    chart = alice.page.get_by_role("group", name=re.compile("Call volume"))
    await chart.focus()
    await chart.press("ArrowRight")
    volume = alice.page.get_by_role("region", name="Call volume")
    await expect(volume.locator("[data-finding]")).to_contain_text("calls")
    await expect(alice.page.locator(".chart-item.is-read")).to_have_count(1)
    await volume.get_by_text("View as table").click()
    totals = await volume.locator(".chart-table tbody td:last-child").all_inner_texts()
    shown = await figures.locator(".kpi-value").first.inner_text()
    assert sum(int(total.replace(",", "")) for total in totals) == int(shown.replace(",", ""))
    await alice.page.get_by_label("Main").get_by_role("link", name="Calls").click()
    await expect(alice.page.get_by_role("heading", name="Calls", level=1)).to_be_visible()


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
async def test_alice_filters_by_what_stands_behind_more_filters(visit: OpenVisitor, *, scripts: bool) -> None:
    alice = await visit("alice", java_script_enabled=scripts)
    await alice.go("/calls")
    felt = alice.page.get_by_label("Caller felt")
    await alice.page.get_by_text("More filters").click()
    await felt.select_option("Positive")
    await alice.page.get_by_role("button", name="Apply filters").click()
    await expect(
        alice.page.get_by_role("link", name="Remove the filter Caller felt Positive")
    ).to_be_visible()
    await alice.ready()
    await alice.page.get_by_label("Status", exact=True).select_option("Completed")
    await alice.page.get_by_role("button", name="Apply filters").click()
    await expect(
        alice.page.get_by_role("link", name="Remove the filter Caller felt Positive")
    ).to_be_visible()
    assert "sentiment=positive" in alice.path
    assert "status=completed" in alice.path


async def test_alice_filters_by_status_and_removes_the_chip(visit: OpenVisitor) -> None:
    alice = await visit("alice")
    counted = alice.page.locator(".matching", has_text=COUNTED)
    await alice.until_there("/calls", counted)
    everything = (await counted.inner_text()).strip()
    await alice.page.get_by_label("Status", exact=True).select_option("Missed")
    await alice.page.get_by_role("button", name="Apply filters").click()
    chip = alice.page.get_by_role("link", name="Remove the filter Status Missed")
    await expect(chip).to_be_visible()
    await alice.ready()
    assert "status=missed" in alice.path
    statuses = await rows(alice).locator(".col-status .status").all_inner_texts()
    assert statuses
    assert {status.strip() for status in statuses} == {"Missed"}
    await chip.click()
    await expect(chip).to_have_count(0)
    # Counted too late on a busy machine, it is said to be many.
    again = re.compile(rf"^\s*(?:{re.escape(everything)}|10,000\+ calls)\s*$")
    await expect(alice.page.locator(".matching")).to_have_text(again)
    assert "status" not in alice.path


async def test_alice_opens_a_call_where_it_stands_and_back_closes_it(visit: OpenVisitor) -> None:
    alice = await visit("alice")
    await alice.go("/calls")
    # Of those who showed their number: one in twenty-five withholds it.
    third = rows(alice).filter(has_not_text="Withheld").nth(2)
    call_id = await third.get_attribute("data-call")
    await third.locator("a").click()
    await expect(review(alice)).to_be_visible()
    assert alice.path == f"/calls?expand={call_id}"
    await expect(review(alice).get_by_role("heading", level=2)).to_have_text(FULL_NUMBER)
    await alice.page.go_back()
    await expect(review(alice)).to_have_count(0)
    assert alice.path == "/calls"
    await alice.page.go_forward()
    await expect(review(alice)).to_be_visible()
    await alice.page.reload()
    await expect(review(alice)).to_be_visible()


async def test_escape_closes_one_thing_at_a_time(visit: OpenVisitor) -> None:
    alice = await visit("alice")
    await alice.go("/calls")
    await rows(alice).first.get_by_role("link").click()
    await expect(review(alice)).to_be_visible()
    account = alice.page.locator("details.account")
    await account.locator("summary").click()
    await expect(account).to_have_attribute("open", "")
    await alice.page.keyboard.press("Escape")
    await expect(account).not_to_have_attribute("open", "")
    await expect(account.locator("summary")).to_be_focused()
    await expect(review(alice)).to_be_visible()
    # The focus is still on the menu; nothing of it is open.
    await alice.page.keyboard.press("Escape")
    await expect(review(alice)).to_have_count(0)


async def test_a_call_that_is_not_on_the_list_stays_open_and_comes_back(visit: OpenVisitor) -> None:
    alice = await visit("alice")
    called = (await alice.ask("/api/calls?limit=1&status=failed"))["calls"][0]["call_id"]
    opened = f"/calls?status=completed&expand={called}"
    await alice.go(opened)
    alone = alice.page.locator(".review-alone")
    await expect(alone).to_be_visible()
    await alice.page.get_by_role("link", name="Skip to the content").press("Enter")
    await expect(alice.page).to_have_url(re.compile("#content$"))
    await expect(alone).to_be_visible()
    await rows(alice).first.get_by_role("link").click()
    await expect(alice.page.locator("tr.review-row")).to_be_visible()
    await expect(alone).to_have_count(0)
    await alice.page.go_back()
    await expect(alone).to_be_visible()
    assert alice.path == opened
    await expect(alice.page.locator("tr.review-row")).to_have_count(0)


async def test_alice_reads_the_conversation_without_personal_details(visit: OpenVisitor) -> None:
    alice = await visit("alice")
    found = await redacted_call(alice)
    await alice.go(f"/calls/{found['call']['call_id']}")
    assert alice.path == f"/calls?expand={found['call']['call_id']}"
    said = review(alice).get_by_role("list", name="Conversation")
    await expect(said.get_by_role("listitem")).to_have_count(len(found["transcript"]["turns"]))
    pills = said.locator(".redaction")
    marks = [mark for turn in found["transcript"]["turns"] for mark in turn["redactions"]]
    await expect(pills).to_have_count(len(marks))
    await expect(pills.first).to_contain_text("Removed: ")
    assert not re.search(r"\[[A-Z_]+\]", await said.inner_text()), "a marker stands beside its pill"
    number = review(alice).locator("dt:has-text('From') + dd")
    written = "".join((await number.inner_text()).split())
    assert written.removeprefix("0") in found["call"]["from_number"]


async def test_alice_walks_her_calls_by_keyboard(visit: OpenVisitor) -> None:
    alice = await visit("alice")
    await alice.go("/calls")
    keys = alice.page.keyboard
    for key in "jjk":
        await keys.press(key)
    await expect(rows(alice).nth(0)).to_have_class(re.compile("is-current"))
    await keys.press("j")
    second = rows(alice).nth(1)
    await expect(second.locator("a")).to_be_focused()
    await keys.press("Enter")
    await expect(review(alice)).to_be_visible()
    assert alice.path == f"/calls?expand={await second.get_attribute('data-call')}"
    await keys.press("Escape")
    await expect(review(alice)).to_have_count(0)
    await expect(second.locator("a")).to_be_focused()
    await keys.press("/" if await alice.page.locator("#search").count() else "Control+k")
    await keys.press("Escape")
    assert alice.path == "/calls"


async def test_load_more_keeps_alices_place(visit: OpenVisitor) -> None:
    alice = await visit("alice")
    await alice.go("/calls")
    before = await rows(alice).count()
    more = alice.page.get_by_role("link", name="Load more calls")
    await more.scroll_into_view_if_needed()
    last = rows(alice).nth(before - 1)
    stood = await last.bounding_box()
    await more.click()
    await expect(rows(alice).nth(before)).to_be_visible()
    await expect(rows(alice).nth(before).locator("a")).to_be_focused()
    stands = await last.bounding_box()
    assert stood is not None
    assert stands is not None
    assert abs(stands["y"] - stood["y"]) < 1
    assert await rows(alice).count() > before
    seen = await rows(alice).evaluate_all("rows => rows.map(row => row.dataset.call)")
    assert len(seen) == len(set(seen))
    assert alice.path == "/calls"


async def test_alice_goes_anywhere_from_the_palette(visit: OpenVisitor) -> None:
    alice = await visit("alice")
    await alice.go("/calls")
    await alice.page.keyboard.press("Control+k")
    field = alice.page.get_by_role("combobox", name="Go to a page or a project")
    await expect(field).to_be_focused()
    await field.fill("dash")
    await field.press("Enter")
    await expect(alice.page.get_by_role("heading", name="Dashboard", level=1)).to_be_visible()


async def test_a_theme_that_alice_chose_stays(visit: OpenVisitor) -> None:
    alice = await visit("alice")
    await alice.go("/")
    await alice.page.locator("details.account > summary").click()
    await alice.page.get_by_role("button", name="Dark").click()
    await alice.go("/calls")
    await expect(alice.page.locator("html")).to_have_attribute("data-theme", "dark")
