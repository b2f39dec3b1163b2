"""Alice changes what is set for a project, card by card, and is not alone at it; Ben reads summaries."""

from __future__ import annotations

import asyncio
import re
from typing import Any

from playwright.async_api import Locator, Page, expect

from tests.browser.conftest import OpenVisitor
from tests.browser.visitor import LATE_S, Visitor

HOURS = "/settings?section=business-hours"
CONSENT = "/settings?section=compliance-copy"
TRANSFERS = "/settings?section=transfer-settings"
LIMITS = "/settings?section=call-limits"


async def working(visitor: Visitor, section: str) -> dict[str, Any]:
    """What is saved of the first project."""
    found: dict[str, Any] = (await visitor.ask(f"/api/settings/{section}"))["working"]
    return found


def card(page: Page, heading: str) -> Locator:
    return page.locator(".settings-part", has=page.get_by_role("heading", name=heading))


async def save(place: Page | Locator, name: str) -> None:
    await place.get_by_role("button", name=name).click()
    await expect(place.locator("[data-saved]")).to_have_text("Saved just now")


async def test_alice_says_how_calls_are_handled_and_ben_reads_it(visit: OpenVisitor) -> None:
    alice, ben = await visit("alice"), await visit("ben")
    page = alice.page
    await alice.go(LIMITS)
    await page.get_by_role("textbox", name="Welcome message").fill(
        "Good morning, Harbour Dental. How can I help?"
    )
    await expect(page.locator("[data-count]")).to_have_text("45 of 500 characters, about 4 s to say")
    await page.get_by_label("Longest call, minutes").fill("31")
    await page.get_by_role("button", name="Save call handling").click()
    await expect(page.locator("[data-form-error]")).to_contain_text("Longest call, minutes")
    await page.get_by_label("Longest call, minutes").fill("20")
    await save(page, "Save call handling")
    assert (await working(alice, "call-limits"))["max_duration_minutes"] == 20
    await ben.go(LIMITS)
    await expect(ben.page.get_by_text("20 min")).to_be_visible()
    await expect(ben.page.get_by_text("Good morning")).to_have_count(0)
    await expect(ben.page.get_by_role("button", name=re.compile("^Save"))).to_have_count(0)


async def test_alice_chooses_another_project_and_saves_that_one(visit: OpenVisitor) -> None:
    alice = await visit("alice")
    page = alice.page
    await alice.go(LIMITS)
    first = await working(alice, "call-limits")
    projects = (await alice.ask("/api/settings/call-limits"))["projects"]
    await page.get_by_label("Project", exact=True).select_option(projects[-1]["ref"])
    async with page.expect_navigation():
        await page.get_by_role("button", name="Show").click()
    await alice.ready()
    await page.get_by_label("Longest call, minutes").fill("9")
    await save(page, "Save call handling")
    assert await working(alice, "call-limits") == first
    chosen = await alice.ask(f"/api/settings/call-limits?project_ref={projects[-1]['ref']}")
    assert chosen["working"]["max_duration_minutes"] == 9


async def test_hours_are_written_as_people_write_them_and_saved_card_by_card(visit: OpenVisitor) -> None:
    alice, ben = await visit("alice"), await visit("ben")
    page = alice.page
    await alice.go(HOURS)
    weekly, days = card(page, "Weekly hours"), card(page, "Special days")
    await weekly.get_by_label("Monday").fill("9-12:30, 1:30pm to 5pm")
    await weekly.get_by_label("Sunday").fill("")
    await save(weekly, "Save weekly hours")
    await expect(weekly.get_by_label("Monday")).to_have_value("09:00\u201312:30, 13:30\u201317:00")
    # The other cards go on from the version this one made.
    await card(page, "Public holidays").get_by_label("On public holidays").select_option("close")
    await save(card(page, "Public holidays"), "Save public holidays")
    await days.get_by_role("button", name="Add a day").click()
    # The last row: another day may be there already.
    await days.get_by_label("Date").last.fill("2026-12-24")
    await days.get_by_label("Hours").last.fill("9:00-12:00")
    await days.get_by_label("Label").last.fill("Christmas Eve")
    await days.get_by_role("button", name="Add a day").click()
    await days.get_by_label("Date").last.fill("2026-12-31")
    await save(days, "Save special days")
    saved = await working(alice, "business-hours")
    assert saved["weekly"]["mon"][1] == {"open": "13:30", "close": "17:00"}
    assert (saved["weekly"]["sun"], saved["mode"]) == ([], "close")
    closed = {one["date"]: one["closed"] for one in saved["days"]}
    assert (closed["2026-12-24"], closed["2026-12-31"]) == (False, True)
    await weekly.get_by_label("Tuesday").fill("9:00-12:00, 11:00-13:00")
    await weekly.get_by_role("button", name="Save weekly hours").click()
    await expect(weekly.locator("[data-form-error]")).to_contain_text("Tuesday")
    await expect(weekly.get_by_label("Tuesday")).to_have_attribute("aria-invalid", "true")
    await weekly.get_by_label("Tuesday").fill("9:00-12:00")
    await save(weekly, "Save weekly hours")
    await page.get_by_label("On", exact=True).fill("2026-12-24T10:00")
    async with page.expect_navigation():
        await page.get_by_role("button", name="Ask").click()
    await expect(page.locator("[data-opening]")).to_contain_text("Open then")
    await expect(page.locator("[data-opening]")).to_contain_text("Christmas Eve")
    await expect(card(page, "Public holidays")).to_contain_text("Christmas Day")
    await alice.go(f"{HOURS}&at=2026-12-25T10:00")
    await expect(page.locator("[data-opening]")).to_contain_text("Christmas Day, a public holiday")
    await ben.go(f"{HOURS}&at=2026-12-31T10:00")
    await expect(ben.page.locator("[data-opening]")).to_contain_text("Closed then")
    await expect(ben.page.get_by_text("Christmas Eve")).to_have_count(0)
    await expect(ben.page.get_by_role("button", name=re.compile("^Save"))).to_have_count(0)


async def test_two_people_change_hours_and_the_later_one_sees_whose_monday_it_is(visit: OpenVisitor) -> None:
    first, second = await visit("alice"), await visit("alice")
    await first.go(HOURS)
    await second.go(HOURS)
    theirs, mine = card(first.page, "Weekly hours"), card(second.page, "Weekly hours")
    await theirs.get_by_label("Wednesday").fill("8:00-12:00")
    await save(theirs, "Save weekly hours")
    await mine.get_by_label("Thursday").fill("10:00-16:00")
    await mine.get_by_role("button", name="Save weekly hours").click()
    panel = second.page.locator("[data-conflict]")
    await expect(panel).to_be_focused()
    for words in ("Wednesday", "08:00\u201312:00", "Thursday", "10:00\u201316:00", "alice@"):
        await expect(panel).to_contain_text(words)
    await panel.get_by_role("button", name="Save these choices").click()
    await expect(mine.locator("[data-saved]")).to_have_text("Saved just now")
    saved = (await working(second, "business-hours"))["weekly"]
    assert saved["wed"] == [{"open": "08:00", "close": "12:00"}]
    assert saved["thu"] == [{"open": "10:00", "close": "16:00"}]


async def test_what_somebody_else_saved_in_another_card_stays(visit: OpenVisitor) -> None:
    first, second = await visit("alice"), await visit("alice")
    await first.go(HOURS)
    holidays, days = card(first.page, "Public holidays"), card(second.page, "Special days")
    await holidays.get_by_label("On public holidays").select_option("regular")
    await holidays.get_by_label("Calendar").select_option("AU-NSW")
    await save(holidays, "Save public holidays")
    await second.go(HOURS)
    await holidays.get_by_label("Calendar").select_option("AU-WA")
    await save(holidays, "Save public holidays")
    # Nothing collides: mine is saved, and their card shows what they chose instead of what it held.
    await days.get_by_role("button", name="Add a day").click()
    await days.get_by_label("Date").last.fill("2027-02-01")
    await days.get_by_role("button", name="Save special days").click()
    await expect(days.locator("[data-saved]")).to_have_text("Saved just now")
    theirs = card(second.page, "Public holidays")
    await expect(theirs.get_by_label("Calendar")).to_have_value("AU-WA")
    await expect(theirs.locator("[data-saved]")).to_contain_text("alice@")
    await theirs.get_by_label("On public holidays").select_option("close")
    await save(theirs, "Save public holidays")
    saved = await working(second, "business-hours")
    assert (saved["calendar"], saved["mode"]) == ("AU-WA", "close")
    assert "2027-02-01" in [one["date"] for one in saved["days"]]
    # Whoever chose the same list meanwhile reads both choices as words.
    await holidays.get_by_label("Calendar").select_option("AU-TAS")
    await holidays.get_by_role("button", name="Save public holidays").click()
    panel = first.page.locator("[data-conflict]")
    for words in (
        "Close",
        "Only they changed this",
        "Tasmania",
        "Western Australia",
        "Only you changed this",
    ):
        await expect(panel).to_contain_text(words)
    await panel.get_by_role("button", name="Drop mine").click()
    await expect(holidays.get_by_label("Calendar")).to_have_value("AU-WA")


async def test_alice_hears_the_notice_before_she_saves_it_and_ben_reads_it(visit: OpenVisitor) -> None:
    alice, ben = await visit("alice"), await visit("ben")
    page = alice.page
    await alice.go(CONSENT)
    await page.get_by_label("Template").select_option("recorded-on-yes.1")
    await page.get_by_role("textbox", name="Your own words after it").fill("<b>Thank you.</b>")
    spoken = page.locator("[data-notice=consent]")
    await expect(spoken).to_have_text("May we record this call too? Please say yes or no. <b>Thank you.</b>")
    await save(page, "Save consent notice")
    assert (await working(alice, "compliance-copy"))["template_revision"] == "recorded-on-yes.1"
    await ben.go(CONSENT)
    await expect(ben.page.locator("[data-notice=consent]")).to_contain_text("<b>Thank you.</b>")
    await expect(ben.page.get_by_role("button", name=re.compile("^Save"))).to_have_count(0)


async def test_alice_writes_what_is_said_at_a_transfer_and_ben_reads_to_whom(visit: OpenVisitor) -> None:
    alice, ben = await visit("alice"), await visit("ben")
    page = alice.page
    await alice.go(TRANSFERS)
    await page.get_by_label("Hand callers over after hours").check()
    await page.get_by_role("button", name="Save transfers").click()
    await expect(page.locator("[data-form-error]")).to_contain_text("Destination")
    await page.get_by_label("Hand callers over after hours").uncheck()
    await page.get_by_role("textbox", name="To the caller").fill("One moment, please.")
    await save(page, "Save transfers")
    assert (await working(alice, "transfer-settings"))["handoff_message"] == "One moment, please."
    await ben.go(TRANSFERS)
    await expect(ben.page.get_by_text("The agent takes a message")).to_be_visible()
    await expect(ben.page.get_by_text("One moment")).to_have_count(0)
    await expect(ben.page.get_by_role("button", name=re.compile("^Save"))).to_have_count(0)


async def test_what_was_typed_is_not_lost_by_a_click_elsewhere(visit: OpenVisitor) -> None:
    alice = await visit("alice")
    page = alice.page
    await alice.go(LIMITS)
    await page.get_by_role("textbox", name="Welcome message").fill("Half a sentence")
    asked: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def stay(dialog: Any) -> None:
        asked.set_result(dialog.type)
        await dialog.dismiss()

    page.on("dialog", stay)
    await page.get_by_role("link", name="Organisation").click(no_wait_after=True)
    async with asyncio.timeout(LATE_S):
        assert await asked == "beforeunload"
    await expect(page.get_by_role("textbox", name="Welcome message")).to_have_value("Half a sentence")
    await page.evaluate("document.querySelectorAll('form').forEach(form => delete form.dataset.changed)")
