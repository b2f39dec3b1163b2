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
    await expect(second.page.locator("[data-saved]")).to_have_text("Saved just now")
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


async def test_of_several_lines_the_page_says_which_are_wrong(visit: OpenVisitor) -> None:
    alice = await visit("alice")
    page = alice.page
    await alice.go(NOTIFICATIONS)
    addresses = page.get_by_label("E-mail addresses")
    await addresses.fill("a@harbour.example\n\nnobody\nc@harbour.example\n  nobody either  ")
    await page.get_by_role("button", name="Save notifications").click()
    # Lines count that hold something.
    summary = page.locator("[data-form-error]")
    for line in (2, 4):
        await expect(summary).to_contain_text(f"E-mail addresses: Line {line}: ")
    await expect(addresses).to_have_attribute("aria-invalid", "true")
    note = page.locator("[data-field-error]")
    await expect(note).to_have_count(1)
    await expect(note).to_contain_text(re.compile("Line 2: .*Line 4: "))
    await page.evaluate("document.querySelectorAll('form').forEach(form => delete form.dataset.changed)")


async def test_after_a_save_the_page_says_anew_what_callers_meet(visit: OpenVisitor) -> None:
    alice = await visit("alice")
    page = alice.page
    await alice.go("/settings?section=call-limits")
    await page.evaluate("document.querySelector('[data-publish-state]').dataset.old = ''")
    await page.get_by_role("textbox", name="Welcome message").fill("Good morning, this is the front desk.")
    await page.get_by_role("button", name="Save call handling").click()
    await expect(page.locator("[data-saved]")).to_have_text("Saved just now")
    state = page.locator("[data-publish-state]:not([data-old])")
    await expect(state).to_have_count(1)
    await expect(state).to_contain_text("Published")
    await expect(page.locator("[data-publish-state]")).to_have_count(1)
