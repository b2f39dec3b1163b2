"""Reports: Alice has a month's summary sent, Ben reads what he may, Chloe sees what was sent."""

from __future__ import annotations

import re

from playwright.async_api import expect

from tests.browser.conftest import OpenVisitor
from tests.browser.test_walk import WALKERS, Walk
from tests.browser.visitor import Visitor

REPORTS = "/settings?section=reports"


async def look(visitor: Visitor, axe: str, person: str, name: str) -> None:
    """Axe, and whoever wants pictures, looks at what is on the screen; no colour is on its way to another."""
    walker = next(one for one in WALKERS if one.person == person)
    await visitor.page.emulate_media(reduced_motion="reduce")
    await Walk(walker, visitor, axe, "", "").stop(name)


async def months(visitor: Visitor) -> None:
    """Wait until the worker has made the demo's."""
    listed = visitor.page.get_by_role("link", name=re.compile("PDF of "))
    while not await listed.count():
        await visitor.page.wait_for_timeout(500)
        await visitor.page.reload()
    await visitor.ready()


async def test_alice_says_who_gets_it_and_downloads_a_month(visit: OpenVisitor, axe: str) -> None:
    alice = await visit("alice")
    page = alice.page
    await alice.go("/settings")
    await alice.follow(
        page.get_by_role("navigation", name="Sections of settings").get_by_role("link", name="Reports")
    )
    await months(alice)
    await look(alice, axe, "alice", "reports")
    addresses = page.get_by_label("E-mail addresses")
    before = await addresses.input_value()
    await addresses.fill(f"{before}\nowner@harbour-dental.example\nnobody")
    await page.get_by_role("button", name="Save reports").click()
    await expect(page.locator("[data-form-error]")).to_contain_text(f"Line {len(before.split()) + 2}: ")
    await addresses.fill(f"{before}\nowner@harbour-dental.example")
    await page.get_by_role("button", name="Save reports").click()
    await expect(page.locator("[data-saved]")).to_have_text("Saved just now")
    async with page.expect_download() as coming:
        await page.get_by_role("link", name=re.compile("PDF of ")).first.click()
    download = await coming.value
    assert re.fullmatch(r"monthly-summary-\d{4}-\d{2}\.pdf", download.suggested_filename)
    assert (await download.path()).read_bytes().startswith(b"%PDF-")
    sent = page.get_by_role("region", name="What was sent")
    summaries = sent.get_by_text(re.compile("Monthly summary, "))
    await expect(sent.get_by_role("listitem").first).to_be_visible()
    while await summaries.count() == 0:  # other tests' calls were told of since
        await alice.follow(sent.get_by_role("link", name="Older messages"))
    await expect(summaries.first).to_be_visible()
    await expect(sent).to_contain_text("p...@harbour-dental.example")
    await addresses.fill(before)
    await page.get_by_role("button", name="Save reports").click()
    await expect(page.locator("[data-saved]")).to_have_text("Saved just now")


async def test_ben_reads_it_masked_and_turns_the_pages_of_what_was_sent(visit: OpenVisitor, axe: str) -> None:
    ben = await visit("ben")
    page = ben.page
    await ben.go(REPORTS)
    await months(ben)
    await look(ben, axe, "ben", "reports")
    await expect(page.get_by_role("button", name="Save reports")).to_have_count(0)
    await expect(page.locator("dl.facts")).to_contain_text("p...@harbour-dental.example")
    await expect(page.get_by_text("practice@harbour-dental.example")).to_have_count(0)
    sent = page.get_by_role("region", name="What was sent")
    await ben.follow(sent.get_by_role("link", name="Not delivered"))
    await expect(sent).to_contain_text("No messages match")
    await ben.follow(sent.get_by_role("link", name="All"))
    await ben.follow(sent.get_by_role("link", name="Transcript of a call").first)
    await expect(page).to_have_url(re.compile(r"/calls\?expand="))


async def test_chloe_sees_what_was_sent_and_nothing_else(visit: OpenVisitor, axe: str) -> None:
    chloe = await visit("chloe")
    page = chloe.page
    await chloe.go("/")
    await chloe.follow(page.get_by_role("navigation").first.get_by_role("link", name="Settings"))
    await expect(page.get_by_role("heading", name="What was sent")).to_be_visible()
    await expect(page.get_by_role("heading", name="Last months")).to_have_count(0)
    await expect(page.get_by_role("link", name=re.compile("PDF of "))).to_have_count(0)
    assert await chloe.go(REPORTS) == 200
    await look(chloe, axe, "chloe", "history")
