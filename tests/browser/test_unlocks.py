"""Personal details are unlocked, looked at and locked again; what a policy would delete is counted first."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import Locator, Page, expect

from tests.browser.conftest import OpenVisitor
from tests.browser.visitor import Visitor

WHY = "The caller rang back and says we wrote the wrong number down."
POLICY = "/settings?section=data-governance&client_id=harbour-dental"


async def open_call(visitor: Visitor) -> str:
    """The newest finished call of which something was said; its id."""
    listed = await visitor.ask("/api/calls?limit=20&status=completed")
    call = next(
        one for one in listed["calls"] if one["message_count"] and one["consent"]["state"] == "obtained"
    )
    await visitor.go(f"/calls?expand={call['call_id']}")
    return str(call["call_id"])


async def open_panel(visitor: Visitor) -> Page:
    """The panel of the open review."""
    await visitor.page.get_by_text("Unlock personal details").click()
    await expect(visitor.page.get_by_role("region", name="Who saw what")).to_be_visible()
    return visitor.page


async def ask_for(page: Page, button: str) -> None:
    form = page.get_by_role("form", name="Unlock personal details")
    await form.get_by_label("What do you need to see?").select_option("transcript")
    await form.get_by_label("Why?").select_option("customer_complaint")
    await form.get_by_label("In your own words").fill(WHY)
    await form.get_by_role("button", name=button).click()


async def set_second_person(visitor: Visitor, *, wanted: bool) -> None:
    await visitor.go(POLICY)
    form = visitor.page.get_by_role("form", name="Unlocks of personal details")
    await form.get_by_label("A second administrator approves each unlock").set_checked(wanted)
    async with visitor.page.expect_navigation():
        await form.get_by_role("button", name="Save").click()
    await visitor.ready()


@pytest.fixture
async def two_needed(visit: OpenVisitor) -> AsyncIterator[None]:
    """Priya asks for a second person for as long as the test lasts."""
    priya = await visit("priya")
    await set_second_person(priya, wanted=True)
    yield
    await set_second_person(priya, wanted=False)


async def test_ben_unlocks_a_transcript_and_it_leaves_his_screen_when_its_time_is_over(
    visit: OpenVisitor,
) -> None:
    ben = await visit("ben")
    await ben.page.clock.install()
    call_id = await open_call(ben)
    page = await open_panel(ben)
    form = page.get_by_role("form", name="Unlock personal details")
    await form.get_by_role("button", name="Unlock for 15 minutes").click()
    await expect(page.get_by_role("alert")).to_contain_text("In your own words: This is too short.")
    await ask_for(page, "Unlock for 15 minutes")
    await expect(page.get_by_text(re.compile(r"1[45] min \d+ s left")).first).to_be_visible()
    await page.get_by_role("link", name="Show transcript").first.click()
    await expect(page.get_by_role("heading", name="Unlocked details", level=1)).to_be_visible()
    await expect(page.get_by_role("list", name="Conversation")).to_be_visible()
    await expect(page.get_by_text(re.compile(r"1[45] min \d+ s left"))).to_be_visible()
    await page.clock.fast_forward("15:01")
    await expect(page.get_by_role("list", name="Conversation")).to_have_count(0)
    await expect(page.get_by_text("Locked again", exact=True)).to_be_visible()
    await ben.go(f"/calls/{call_id}/pii-unlocks")
    await expect(page.get_by_role("region", name="Who saw what")).to_contain_text("Looked once")
    await page.get_by_role("button", name="Lock again").first.click()
    await expect(page.get_by_role("region", name="Who saw what")).to_contain_text("Locked again")


@pytest.mark.usefixtures("two_needed")
async def test_alice_approves_what_ben_asked_for(visit: OpenVisitor) -> None:
    ben, alice = await visit("ben"), await visit("alice")
    call_id = await open_call(ben)
    page = await open_panel(ben)
    await ask_for(page, "Ask for approval")
    await expect(page.get_by_text("Another administrator has to approve it")).to_be_visible()
    await alice.go(f"/calls?expand={call_id}")
    await open_panel(alice)
    await alice.page.get_by_role("button", name="Approve for 15 minutes").click()
    await expect(alice.page.get_by_role("button", name="Approve for 15 minutes")).to_have_count(0)
    await ben.go(f"/calls/{call_id}/pii-unlocks")
    await page.get_by_role("link", name="Show transcript").first.click()
    await expect(page.get_by_role("list", name="Conversation")).to_be_visible()
    await ben.ready()
    async with page.expect_navigation():
        await page.get_by_role("button", name="Lock again").click()
    assert ben.path == f"/calls?expand={call_id}"


async def test_chloe_has_no_panel(visit: OpenVisitor) -> None:
    chloe = await visit("chloe")
    await open_call(chloe)
    await expect(chloe.page.get_by_role("group", name="Call review")).to_be_visible()
    await expect(chloe.page.get_by_text("Unlock personal details")).to_have_count(0)


async def test_who_saw_what_is_read_without_scripts(visit: OpenVisitor) -> None:
    ben = await visit("ben", java_script_enabled=False)
    await ben.go("/calls?status=completed")
    await ben.page.locator("tr.row-item a").first.click()
    await ben.page.get_by_text("Unlock personal details").click()
    await ben.page.get_by_role("link", name="Ask to see them, or see who did").click()
    await expect(ben.page.get_by_role("heading", name="Unlock personal details", level=1)).to_be_visible()
    await expect(ben.page.get_by_role("region", name="Who saw what")).to_be_visible()


async def test_priya_counts_before_she_saves_and_types_delete(visit: OpenVisitor) -> None:
    priya = await visit("priya")
    page = priya.page
    await priya.go("/settings?section=data-governance")
    await priya.follow(page.get_by_role("link", name="Harbour Dental"))
    await page.get_by_label("Transcripts").fill("3")
    async with page.expect_navigation():
        await page.get_by_role("button", name="Count what this would delete").click()
    await priya.ready()
    await expect(page.get_by_role("alert")).to_contain_text("This is too small")
    await page.get_by_label("Transcripts").fill("60")
    await page.get_by_role("button", name="Count what this would delete").click()
    saving = page.get_by_role("form", name="Save this policy")
    await expect(saving).to_contain_text("lose their transcript")
    await expect(saving).to_contain_text("This cannot be undone.")
    button = saving.get_by_role("button", name=re.compile("Save, and delete"))
    await button.click()
    await expect(saving.get_by_label("Type DELETE to confirm")).to_be_focused()
    await priya.go(POLICY)
    await expect(page.get_by_label("Transcripts")).to_have_value("")
    await page.get_by_role("button", name="Count what this would delete").click()
    await expect(saving).to_contain_text("nothing is old enough to delete")


async def count(visitor: Visitor, **days: str) -> Locator:
    """Where a policy is saved, once what it would delete was counted."""
    page = visitor.page
    for label, text in days.items():
        await page.get_by_label(label).fill(text)
    async with page.expect_navigation():
        await page.get_by_role("button", name="Count what this would delete").click()
    await visitor.ready()
    return page.get_by_role("form", name="Save this policy")


async def save_policy(visitor: Visitor, **days: str) -> None:
    await visitor.go(POLICY)
    saving = await count(visitor, **days)
    async with visitor.page.expect_navigation():
        await saving.get_by_role("button", name="Save: nothing is old enough").click()
    await visitor.ready()


async def policy(visitor: Visitor) -> dict[str, Any]:
    """What is saved."""
    path = "/api/settings/data-governance?client_id=harbour-dental"
    found: dict[str, Any] = (await visitor.ask(path))["working"]
    return found


@pytest.fixture
async def old_policy(visit: OpenVisitor) -> AsyncIterator[None]:
    """What was saved before the test is saved again after it."""
    priya = await visit("priya")
    await set_second_person(priya, wanted=False)
    yield
    await save_policy(priya, Recordings="", Transcripts="")
    await set_second_person(priya, wanted=False)


@pytest.mark.usefixtures("old_policy")
async def test_two_save_a_clients_policy_and_the_later_one_chooses(visit: OpenVisitor) -> None:
    priya, other = await visit("priya"), await visit("priya")
    page = priya.page
    await priya.go(POLICY)
    saving = await count(priya, Transcripts="3100")
    await save_policy(other, Recordings="3000")
    # What is asked of unlocks is another part of the same policy: it collides with nothing.
    await set_second_person(other, wanted=True)
    await saving.get_by_role("button", name="Save: nothing is old enough").click()
    panel = page.locator("[data-conflict]")
    await expect(panel).to_be_focused()
    await expect(panel.get_by_role("row").filter(has_text="Recordings, days")).to_contain_text("Only they")
    await expect(panel.get_by_label(re.compile("Recordings, days, theirs: 3000"))).to_be_checked()
    await expect(panel.get_by_label(re.compile("Recordings, days, yours: Kept"))).not_to_be_checked()
    await expect(panel.get_by_label(re.compile("Transcripts, days, yours: 3100"))).to_be_checked()
    await expect(panel).not_to_contain_text("approves each unlock")
    async with page.expect_navigation():
        await panel.get_by_role("button", name="Save these choices").click()
    await priya.ready()
    both = {"recordings_days": 3000, "transcripts_days": 3100, "unlocks_need_approval": True}
    assert both.items() <= (await policy(priya)).items()

    await save_policy(other, Recordings="3001")
    form = page.get_by_role("form", name="Unlocks of personal details")
    await form.get_by_label("A second administrator approves each unlock").uncheck()
    async with page.expect_navigation():
        await form.get_by_role("button", name="Save").click()
    await priya.ready()
    both |= {"recordings_days": 3001, "unlocks_need_approval": False}
    assert both.items() <= (await policy(priya)).items()

    await priya.follow(page.get_by_role("link", name="History of data governance"))
    newest = page.get_by_role("list", name="Changes, newest first").get_by_role("listitem").first
    await expect(
        newest.get_by_role("row", name="A second administrator approves each unlock")
    ).to_contain_text("Yes")
    await priya.follow(page.get_by_role("link", name="Back to data governance"))
    await expect(page.get_by_label("Recordings", exact=True)).to_have_value("3001")


@pytest.mark.usefixtures("old_policy")
async def test_who_drops_a_policy_that_was_counted_reads_what_is_saved(visit: OpenVisitor) -> None:
    priya, other = await visit("priya"), await visit("priya")
    await priya.go(POLICY)
    saving = await count(priya, Transcripts="3200")
    await save_policy(other, Transcripts="3300")
    await saving.get_by_role("button", name="Save: nothing is old enough").click()
    async with priya.page.expect_navigation():
        await priya.page.get_by_role("button", name="Drop mine").click()
    await priya.ready()
    assert priya.path == POLICY
    await expect(priya.page.get_by_label("Transcripts")).to_have_value("3300")


async def test_a_hold_is_placed_and_released(visit: OpenVisitor) -> None:
    priya = await visit("priya")
    page = priya.page
    await priya.go(POLICY)
    await page.get_by_text("Place a hold").click()
    form = page.get_by_role("form", name="Place a legal hold")
    await form.get_by_label("What does it cover?").select_option("period")
    await form.get_by_label("Why?").fill("Matter 12/2026")
    await form.get_by_role("button", name="Place this hold").click()
    await expect(form.get_by_role("alert")).to_contain_text("First day")
    await form.get_by_label(re.compile("First day")).fill("2026-03-01")
    await form.get_by_label(re.compile("Last day")).fill("2026-03-31")
    async with page.expect_navigation():
        await form.get_by_role("button", name="Place this hold").click()
    held = page.get_by_role("listitem").filter(has_text="Matter 12/2026").first
    await expect(held).to_contain_text("Active")
    await expect(held).to_contain_text("1 Mar 2026")
    async with page.expect_navigation():
        await held.get_by_role("button", name="Release").click()
    await expect(page.get_by_role("listitem").filter(has_text="Matter 12/2026").first).to_contain_text(
        "Released"
    )
