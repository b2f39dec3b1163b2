"""Two who change notifications at once see what the other did; Omar reads what would have been sent."""

from __future__ import annotations

import re

from playwright.async_api import expect

from tests.browser.conftest import OpenVisitor

NOTIFICATIONS = "/settings?section=notifications"


async def test_two_who_change_it_at_once_see_what_the_other_did(visit: OpenVisitor) -> None:
    first, second = await visit("alice"), await visit("alice")
    await first.go(NOTIFICATIONS)
    await second.go(NOTIFICATIONS)
    mask = first.page.get_by_label("Mask personal details")
    was = await mask.is_checked()
    await mask.set_checked(not was)
    await first.page.get_by_role("button", name="Save notifications").click()
    await expect(first.page.locator("[data-saved]")).to_have_text("Saved just now")
    addresses = second.page.get_by_label("E-mail addresses")
    before = await addresses.input_value()
    await addresses.fill(f"{before}\nsecond@harbour-dental.example")
    await second.page.get_by_role("button", name="Save notifications").click()
    conflict = second.page.locator("[data-conflict]")
    await expect(conflict).to_contain_text("Mask personal details")
    await expect(conflict).to_contain_text("E-mail addresses")
    await conflict.get_by_role("button", name="Save these choices").click()
    await expect(second.page.locator("[data-saved]")).to_have_text("Saved just now")
    assert await second.page.get_by_label("Mask personal details").is_checked() is not was
    await second.page.get_by_label("Mask personal details").set_checked(was)
    await addresses.fill(before)
    await second.page.get_by_role("button", name="Save notifications").click()
    await expect(addresses).to_have_value(before)


async def test_omar_reads_the_messages_of_the_demo(visit: OpenVisitor) -> None:
    omar = await visit("omar")
    page = omar.page
    await omar.go("/ops")
    await omar.follow(page.get_by_role("group", name="Operations").get_by_role("link", name="Outbox"))
    message = page.get_by_text(re.compile("call on Front desk|Call on ")).first
    await message.click()
    opened = page.locator("details[open] pre").first
    await expect(opened).to_contain_text("Transcript")
    await expect(opened).to_contain_text(re.compile(r"\+\d+ \.\.\. \d{3}|withheld"))
