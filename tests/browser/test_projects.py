"""Priya gives a line its outcomes, publishes them, and Tom reads them."""

from __future__ import annotations

import os
from pathlib import Path

from playwright.async_api import Page, expect

from tests.browser.conftest import OpenVisitor

PICTURES = os.environ.get("AIDIAL_PICTURES")


async def picture(page: Page, name: str) -> None:
    if PICTURES:
        await page.screenshot(path=Path(PICTURES) / f"projects-{name}.png", full_page=True)


async def test_priya_names_a_call_type_publishes_it_and_tom_reads_it(visit: OpenVisitor) -> None:
    priya, tom = await visit("priya"), await visit("tom")
    page = priya.page
    await priya.go("/projects")
    await picture(page, "list")
    await priya.follow(page.get_by_role("link", name="Front desk of Bayside Physio"))
    await priya.follow(page.get_by_role("link", name="Outcomes and types"))
    address = priya.path
    types = page.get_by_role("group", name="Call types")
    await types.get_by_role("button", name="Add a call type").click()
    await types.get_by_label("Label").last.fill("Sports injury")
    await types.get_by_label("Code").last.fill("Sports injury")
    await page.get_by_role("button", name="Save as working copy").click()
    await expect(page.locator("[data-form-error]")).to_be_focused()
    await expect(types.get_by_label("Code").last).to_have_attribute("aria-invalid", "true")
    await types.get_by_label("Code").last.fill("sports_injury")
    async with page.expect_navigation():
        await page.get_by_role("button", name="Save as working copy").click()
    await priya.ready()
    await picture(page, "saved")
    publishing = page.get_by_role("form", name="Publish")
    await publishing.get_by_label("Note").fill("Winter")
    async with page.expect_navigation():
        await publishing.get_by_role("button", name="Publish what is saved").click()
    await expect(publishing).to_have_count(0)
    await expect(page.get_by_text("of this project was published")).to_be_visible()
    await tom.go(address)
    await expect(tom.page.get_by_text("sports_injury")).to_be_visible()
    await expect(tom.page.get_by_role("button", name="Save as working copy")).to_have_count(0)
    await tom.page.set_viewport_size({"width": 390, "height": 844})
    await tom.page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    await picture(tom.page, "read-phone")
    await page.set_viewport_size({"width": 390, "height": 844})
    await picture(page, "phone")


async def test_priya_publishes_a_destination_that_alice_chooses(visit: OpenVisitor) -> None:
    priya, alice = await visit("priya"), await visit("alice")
    page = priya.page
    reference = (await alice.ask("/api/settings/transfer-settings"))["projects"][0]
    await priya.go("/projects")
    await priya.follow(page.get_by_role("link", name=f"{reference['name']} of Harbour Dental"))
    await priya.follow(page.get_by_role("link", name="Destinations"))
    await page.get_by_role("button", name="Add a destination").click()
    await page.get_by_label("Label").last.fill("Night desk")
    await page.get_by_label("Code").last.fill("night_desk")
    await page.get_by_label("Number").last.fill("+61 2 8000 0009")
    await page.get_by_label("Hand over").last.select_option(label="The agent speaks first")
    async with page.expect_navigation():
        await page.get_by_role("button", name="Save as working copy").click()
    await priya.ready()
    publishing = page.get_by_role("form", name="Publish")
    async with page.expect_navigation():
        await publishing.get_by_role("button", name="Publish what is saved").click()
    await expect(publishing).to_have_count(0)
    chooser = alice.page
    await alice.go("/settings?section=transfer-settings")
    await expect(chooser.get_by_label("Destination")).to_contain_text("Night desk")
    assert "8000 0009" not in await chooser.content()
    await alice.follow(chooser.get_by_role("link", name="Who is told when a transfer fails"))
    await chooser.get_by_label("When a transfer to Night desk fails").fill("nobody")
    await chooser.get_by_role("button", name="Save transfer alerts").click()
    await expect(chooser.locator("[data-form-error]")).to_contain_text("Night desk: Line 1")
    await chooser.get_by_label("When a transfer to Night desk fails").fill("owner@harbour-dental.example")
    await chooser.get_by_role("button", name="Save transfer alerts").click()
    await expect(chooser.locator("[data-saved]")).to_have_text("Saved just now")
    await alice.follow(chooser.get_by_role("link", name="History of transfer alerts"))
    await expect(chooser.get_by_text("o...@harbour-dental.example")).to_be_visible()
