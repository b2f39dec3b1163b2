"""An operator publishes an incident, Alice reads of it, and it is over; Chloe looks after her sessions."""

from __future__ import annotations

import re

from playwright.async_api import expect

from tests.browser.conftest import OpenVisitor
from tests.browser.visitor import Person, Visitor

TITLE = "Callers wait longer than usual"
WORKS = "All systems operational"


async def publish(omar: Visitor, title: str, severity: str) -> str:
    """Through the menu and the form; where the incident stands in the end."""
    page = omar.page
    await omar.go("/ops")
    await omar.follow(page.get_by_role("group", name="Operations").get_by_role("link", name="Incidents"))
    await omar.follow(page.get_by_role("link", name="New incident").first)
    form = page.get_by_role("form", name="New incident")
    await form.get_by_label("Severity").select_option(severity)
    await form.get_by_label("Title").fill(title)
    await form.get_by_label("What is happening?").fill("Calls are answered after half a minute.")
    await form.get_by_role("button", name="Publish incident").click()
    await expect(page.get_by_role("heading", name=title, level=1)).to_be_visible()
    return omar.path


async def say(omar: Visitor, state: str, message: str) -> None:
    """Say how the incident that is open in front of an operator goes on."""
    form = omar.page.get_by_role("form", name="Say how it goes on")
    await form.get_by_label("How is it now?").select_option(state)
    await form.get_by_label("What do customers read?").fill(message)
    await form.get_by_role("button", name="Publish update").click()
    await expect(omar.page.get_by_role("region", name="What was said")).to_contain_text(message)


async def test_an_incident_from_its_beginning_to_its_end(visit: OpenVisitor) -> None:
    omar, alice = await visit("omar"), await visit("alice")
    path = await publish(omar, TITLE, "major")
    try:
        banner = alice.page.get_by_role("region", name=f"Incident: {TITLE}")
        await alice.until_there("/calls", banner)
        await expect(banner).to_contain_text("Service degradation")
        await alice.follow(banner.get_by_role("link", name="See status"))
        await expect(alice.page.locator("[data-headline]")).to_have_text("Service degradation")
        await expect(alice.page.get_by_role("article")).to_contain_text(
            "Calls are answered after half a minute."
        )
        await banner.get_by_role("button", name=re.compile("^Hide")).click()
        await expect(banner).to_have_count(0)
        await alice.go("/calls")
        await expect(banner).to_have_count(0)
        await say(omar, "monitoring", "It is faster again.")
        await alice.until_there("/status", banner)
        await expect(alice.page.get_by_role("article")).to_contain_text("It is faster again.")
    finally:
        await omar.go(path)
        await say(omar, "resolved", "Calls are answered at once.")
    await expect(omar.page.locator("[data-incident-state]")).to_have_text("Resolved")
    await alice.go("/status")
    await expect(alice.page.locator("[data-headline]")).to_have_text(WORKS)
    await expect(banner).to_have_count(0)
    past = alice.page.get_by_text(TITLE)
    await past.first.click()
    await expect(alice.page.get_by_text("Calls are answered at once.")).to_be_visible()


async def test_status_is_read_without_scripts(visit: OpenVisitor) -> None:
    alice = await visit("alice", java_script_enabled=False)
    await alice.go("/status")
    await expect(alice.page.get_by_role("heading", name=WORKS)).to_be_visible()
    await alice.page.get_by_role("link", name="Refresh").click()
    await expect(alice.page.get_by_role("heading", name=WORKS)).to_be_visible()


async def test_chloe_signs_out_her_other_browser(visit: OpenVisitor, people: dict[str, Person]) -> None:
    here, there = await visit(), await visit()
    for one in (here, there):
        await one.sign_in(people["chloe"])
    # This one and no other: she is signed in elsewhere, too.
    listed = await there.ask("/api/sessions")
    (ended,) = [one["session_id"] for one in listed["sessions"] if one["current"]]
    await here.go("/account")
    sessions = here.page.locator("#sessions")
    await expect(sessions.get_by_role("row").nth(1)).to_contain_text("This device")
    count = await sessions.get_by_role("row").count()
    button = sessions.locator(f"button[data-delete='/api/sessions/{ended}']")
    await expect(button).to_have_accessible_name(re.compile("^Sign out (Chrome|Browser)"))
    await button.click()
    await expect(sessions.get_by_role("row")).to_have_count(count - 1)
    await there.until_refused()
    await expect(there.page.get_by_role("heading", name="You have been signed out")).to_be_visible()
    await expect(there.page.get_by_text("another of your devices")).to_be_visible()
