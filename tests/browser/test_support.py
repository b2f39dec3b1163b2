"""Alice asks for help, and is not run over when somebody else was quicker."""

from __future__ import annotations

import re

from playwright.async_api import expect

from tests.browser.conftest import OpenVisitor
from tests.browser.visitor import Visitor

HAPPENING = re.compile("happening")
SUBJECT = "Callers hear silence after the greeting"


async def open_ticket(alice: Visitor, subject: str) -> str:
    """Through the menu and the form; where it stands in the end."""
    page = alice.page
    await alice.go("/")
    await alice.follow(page.get_by_label("Main").get_by_role("link", name="Support"))
    await alice.follow(page.get_by_role("link", name="New ticket").first)
    await alice.follow(page.get_by_role("listitem").get_by_role("link").first)
    form = page.get_by_role("form", name="New ticket")
    await form.get_by_label("Subject").fill(subject)
    await form.get_by_label("Priority").select_option("High")
    await form.get_by_label(HAPPENING).fill("Since this morning.\nRing me on 0412 345 678.")
    await form.get_by_role("checkbox").first.check()
    await form.get_by_role("button", name="Open ticket").click()
    await expect(page.get_by_role("heading", name=subject, level=1)).to_be_visible()
    await alice.ready()
    return alice.path


async def test_alice_opens_a_ticket_and_comments(visit: OpenVisitor) -> None:
    alice = await visit("alice")
    await open_ticket(alice, SUBJECT)
    talk = alice.page.get_by_role("region", name="Conversation")
    await expect(talk).to_contain_text("Ring me on 0412 345 678.")
    await expect(alice.page.get_by_role("link", name="Call 1")).to_be_visible()
    box = alice.page.get_by_role("textbox", name="Add a comment")
    await alice.page.get_by_role("button", name="Add comment").click()
    await expect(alice.page.get_by_role("alert")).to_contain_text("This is too short")
    await box.fill("It happens on every second call.")
    await alice.page.get_by_role("button", name="Add comment").click()
    await expect(talk).to_contain_text("It happens on every second call.")
    await alice.go("/support")
    row = alice.page.get_by_role("row").filter(has_text=SUBJECT).first
    await expect(row).to_contain_text("Open")
    asked: list[str] = []
    alice.page.on("request", lambda request: asked.append(request.url))
    await alice.follow(row.get_by_role("link"))
    assert asked
    assert not [url for url in asked if "expand=" in url], "a ticket opens no review of a call"


async def test_a_form_that_cannot_be_sent_keeps_what_was_typed(visit: OpenVisitor) -> None:
    alice = await visit("alice")
    await alice.go("/support/new")
    await alice.follow(alice.page.get_by_role("listitem").get_by_role("link").first)
    form = alice.page.get_by_role("form", name="New ticket")
    await form.get_by_label(HAPPENING).fill("A long story.")
    await form.get_by_label("Who else should hear of it?").fill("nobody")
    await form.get_by_role("button", name="Open ticket").click()
    await expect(alice.page.get_by_role("alert")).to_contain_text("Subject")
    await expect(alice.page.get_by_role("alert")).to_contain_text("Who else should hear of it?")
    await expect(form.get_by_label(HAPPENING)).to_have_value("A long story.")
    await form.get_by_label("Subject").fill("A refused recipient")
    await form.get_by_label("Who else should hear of it?").fill("who@where.example")
    await form.get_by_role("button", name="Open ticket").click()
    await expect(alice.page.get_by_role("alert")).to_contain_text("not one of the allowed values")
    await form.get_by_label("Who else should hear of it?").fill("")
    await form.get_by_role("button", name="Open ticket").click()
    await expect(alice.page.get_by_role("heading", name="A refused recipient", level=1)).to_be_visible()


async def test_alice_is_told_that_ben_was_quicker_and_goes_on(visit: OpenVisitor) -> None:
    alice = await visit("alice")
    path = await open_ticket(alice, "Two of us at once")
    ben = await visit("ben")
    await ben.go(path)
    await ben.page.get_by_label("What should happen?").select_option("Mark as resolved")
    await ben.page.get_by_role("button", name="Save changes").click()
    await expect(ben.page.locator("[data-ticket-status]")).to_have_text("Resolved")
    change = alice.page.get_by_role("form", name="Change this ticket")
    await change.get_by_label("Priority").select_option("Low")
    await change.get_by_role("button", name="Save changes").click()
    told = alice.page.get_by_role("alert")
    await expect(told).to_contain_text("Somebody changed this ticket while you had it open")
    await expect(told).to_contain_text("resolved, priority high")
    await expect(alice.page.locator("[data-ticket-status]")).to_have_text("Resolved")
    await change.get_by_role("button", name="Save changes").click()
    await expect(alice.page.locator("[data-ticket-priority]")).to_have_text("Low")
    await expect(alice.page.locator("[data-ticket-status]")).to_have_text("Resolved")


async def test_priya_sees_her_clients_tickets(visit: OpenVisitor) -> None:
    priya = await visit("priya")
    await priya.go("/support")
    await expect(
        priya.page.get_by_role("row").filter(has_text="The greeting says the street wrongly")
    ).to_be_visible()
    await expect(
        priya.page.get_by_role("row").filter(has_text="How long are transcripts kept?")
    ).to_have_count(0)
    await priya.page.get_by_role("link", name="Callers hear last year's holiday hours").click()
    await expect(priya.page.get_by_text(re.compile("Omar Farouk"))).to_have_count(2)


async def test_tickets_are_read_without_scripts(visit: OpenVisitor) -> None:
    alice = await visit("alice", java_script_enabled=False)
    await alice.go("/support?status=resolved")
    await alice.page.get_by_role("link", name="Callers hear last year's holiday hours").click()
    await expect(alice.page.get_by_role("region", name="Conversation")).to_contain_text("Just rang it")
    await expect(alice.page.get_by_role("button", name="Add comment")).to_be_hidden()
