"""Alice changes what her organisation sets for itself, by mouse and by keyboard, and is not alone at it."""

from __future__ import annotations

import asyncio
import re

from playwright.async_api import Page, Route, expect

from tests.browser.conftest import OpenVisitor
from tests.browser.visitor import Visitor

ALLOWLIST = "/settings?section=ip-allowlist"


async def save(page: Page, name: str) -> None:
    await page.get_by_role("button", name=name).click()
    await expect(page.locator("[data-saved]")).to_have_text("Saved just now")


async def tenant(visitor: Visitor) -> dict[str, str | None]:
    """What is saved."""
    found: dict[str, str | None] = (await visitor.ask("/api/settings/tenant-settings"))["working"]
    return found


async def test_alice_saves_twice_and_a_mistake_is_shown_at_its_field(visit: OpenVisitor) -> None:
    alice = await visit("alice")
    page = alice.page
    await alice.go("/settings")
    await page.get_by_label("Billing contact").fill("accounts@harbour-dental.example")
    await save(page, "Save organisation")
    await page.get_by_label("Time zone").fill("Mars/Olympus")
    await expect(page.locator("[data-saved]")).to_have_text("Not saved yet")
    await page.get_by_role("button", name="Save organisation").click()
    summary = page.locator("[data-form-error]")
    await expect(summary).to_be_focused()
    await summary.get_by_role("link", name=re.compile("Time zone")).click()
    zone = page.get_by_label("Time zone")
    await expect(zone).to_be_focused()
    await expect(zone).to_have_attribute("aria-invalid", "true")
    await zone.fill("Australia/Sydney")
    await save(page, "Save organisation")
    await expect(summary).to_have_count(0)
    assert (await tenant(alice))["billing_contact"] == "accounts@harbour-dental.example"


async def test_a_form_sent_before_the_page_is_ready_for_it_is_sent_then_and_once(visit: OpenVisitor) -> None:
    alice = await visit("alice")
    page = alice.page
    may_load = asyncio.Event()
    saves: list[str] = []

    async def late(route: Route) -> None:
        await may_load.wait()
        await route.continue_()

    await page.route("**/js/app.js*", late)
    page.on("request", lambda asked: saves.append(asked.url) if asked.method == "PUT" else None)
    await page.goto(f"{alice.portal_url}/settings")
    await page.get_by_label("Billing contact").fill("early@harbour-dental.example")
    for _ in range(2):
        await page.get_by_role("button", name="Save organisation").click()
    assert saves == []
    may_load.set()
    await expect(page.locator("[data-saved]")).to_have_text("Saved just now")
    assert len(saves) == 1
    assert "contact" not in page.url
    assert (await tenant(alice))["billing_contact"] == "early@harbour-dental.example"


async def test_two_tabs_save_the_same_section_and_the_later_one_chooses(visit: OpenVisitor) -> None:
    first, second = await visit("alice"), await visit("alice")
    await first.go("/settings")
    await second.go("/settings")
    await first.page.get_by_label("Billing contact").fill("theirs@harbour-dental.example")
    await first.page.get_by_label("Name").fill("Harbour Dental Group")
    await save(first.page, "Save organisation")

    page = second.page
    await page.get_by_label("Billing contact").fill("mine@harbour-dental.example")
    await page.get_by_label("Security contact").fill("watch@harbour-dental.example")
    await page.get_by_role("button", name="Save organisation").click()
    panel = page.locator("[data-conflict]")
    await expect(panel).to_be_focused()
    for words in ("Somebody saved this", "theirs@", "mine@", "watch@", "Harbour Dental Group", "alice@"):
        await expect(panel).to_contain_text(words)
    # What only the other tab touched is theirs, what this one touched is mine, until somebody says otherwise.
    await expect(panel.get_by_label(re.compile("Name, theirs"))).to_be_checked()
    await expect(panel.get_by_label(re.compile("Security contact, yours"))).to_be_checked()
    await panel.get_by_label(re.compile("Billing contact, theirs")).check()
    await panel.get_by_role("button", name="Save these choices").click()
    await expect(page.locator("[data-saved]")).to_have_text("Saved just now")
    await expect(panel).to_have_count(0)
    saved = await tenant(second)
    assert saved["billing_contact"] == "theirs@harbour-dental.example"
    assert saved["security_contact"] == "watch@harbour-dental.example"
    assert saved["display_name"] == "Harbour Dental Group"

    await first.page.get_by_label("Name").fill("Harbour Dental")
    await first.page.get_by_role("button", name="Save organisation").click()
    await first.page.get_by_role("button", name="Drop mine").click()
    await expect(first.page.get_by_label("Name")).to_have_value("Harbour Dental Group")
    await first.page.get_by_label("Name").fill("Harbour Dental")
    await save(first.page, "Save organisation")


async def test_networks_are_added_and_removed_with_the_keyboard(visit: OpenVisitor) -> None:
    alice = await visit("alice")
    page, keyboard = alice.page, alice.page.keyboard
    await alice.go(ALLOWLIST)
    await page.get_by_role("button", name="Add a network").focus()
    await keyboard.press("Enter")
    await keyboard.type("203.0.113.77/24")
    await keyboard.press("Tab")
    await keyboard.type("The practice")
    await page.get_by_role("button", name="Add your address").focus()
    await keyboard.press("Enter")
    await expect(page.get_by_label("Network", exact=True)).to_have_count(2)
    await save(page, "Save IP allowlist")
    await expect(page.get_by_label("Network", exact=True).first).to_have_value("203.0.113.0/24")
    await expect(page.get_by_label("Network", exact=True).last).to_have_value("127.0.0.1/32")
    for left in (1, 0):
        await page.get_by_role("button", name="Remove").first.focus()
        await keyboard.press("Enter")
        await expect(page.get_by_label("Network", exact=True)).to_have_count(left)
    await expect(page.get_by_role("button", name="Add a network")).to_be_focused()
    await expect(page.get_by_text("No networks yet")).to_be_visible()
    await save(page, "Save IP allowlist")


async def test_a_list_that_would_shut_alice_out_asks_her_first(visit: OpenVisitor) -> None:
    alice = await visit("alice")
    page = alice.page
    await alice.go(ALLOWLIST)
    confirm = page.get_by_label("Save it although it shuts me out")
    await expect(confirm).to_be_hidden()
    await page.get_by_label("Answer only the networks below").check()
    await page.get_by_role("button", name="Save IP allowlist").click()
    await expect(page.locator("[data-form-error]")).to_contain_text("Networks")
    await page.get_by_role("button", name="Add a network").click()
    await page.get_by_label("Network", exact=True).fill("203.0.113.0/24")
    await page.get_by_role("button", name="Save IP allowlist").click()
    await expect(confirm).to_be_visible()
    await expect(page.locator("[data-form-error]")).to_contain_text("would shut you out")
    assert (await alice.ask("/api/settings/ip-allowlist"))["working"]["enabled"] is False
    await page.evaluate("document.querySelectorAll('form').forEach(form => delete form.dataset.changed)")


async def test_ben_reads_a_summary(visit: OpenVisitor) -> None:
    ben = await visit("ben")
    await ben.go("/calls")
    await ben.page.get_by_label("Main").get_by_role("link", name="Settings").click()
    await expect(ben.page.get_by_role("heading", name="Organisation")).to_be_visible()
    await expect(ben.page.get_by_role("button", name=re.compile("^Save"))).to_have_count(0)


async def test_on_a_phone_a_section_is_chosen_from_a_list(visit: OpenVisitor) -> None:
    alice = await visit("alice")
    page, menu = alice.page, alice.page.get_by_role("navigation", name="Sections of settings")
    await page.set_viewport_size({"width": 390, "height": 844})
    await alice.go("/settings?section=active-sessions")
    await expect(menu).to_be_hidden()
    chooser = page.get_by_label("Section", exact=True)
    await expect(chooser).to_have_value("active-sessions")
    await chooser.select_option(label="Call handling")
    async with page.expect_navigation():
        await chooser.press("Tab")
        await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Call handling")).to_be_visible()
    await page.set_viewport_size({"width": 1440, "height": 900})
    await expect(chooser).to_be_hidden()
    await expect(menu.locator("[aria-current=page]")).to_have_text("Call handling")
