"""Alice takes her account away as a file, and asks for data to go; Priya decides about it."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
from pathlib import Path

from playwright.async_api import expect

from tests.browser.conftest import OpenVisitor
from tests.browser.visitor import Visitor

PAGE = "/settings?section=data-exports"
DELETIONS = "/settings?section=data-deletion"
MADE_MS = 60_000


async def ask_for(visitor: Visitor, *titles: str) -> None:
    form = visitor.page.get_by_role("form", name="Ask for an export")
    for box in await form.get_by_role("checkbox").all():
        await box.uncheck()
    for title in titles:
        await form.get_by_role("checkbox", name=re.compile(f"^{title}")).check()
    await form.get_by_role("button", name="Ask for this export").click()


async def test_alice_takes_her_account_away(visit: OpenVisitor, tmp_path: Path) -> None:
    alice = await visit("alice")
    await alice.go(PAGE)
    await ask_for(alice)
    await expect(alice.page.get_by_role("alert")).to_contain_text("This is too short")
    await ask_for(alice, "Users", "Activity log")
    listed = alice.page.get_by_role("region", name="Exports", exact=True)
    # It is made by the worker, and the list is drawn anew until it is.
    first = listed.get_by_role("listitem").first
    await expect(first.get_by_role("link", name="Download the file")).to_be_visible(timeout=MADE_MS)
    await expect(first).to_contain_text("Users, Activity log")
    await expect(alice.page.get_by_role("button", name="Ask for this export")).to_be_visible()
    async with alice.page.expect_download() as downloading:
        await first.get_by_role("link", name="Download the file").click()
    got = await downloading.value
    assert got.suggested_filename.startswith("account-export-")
    await got.save_as(tmp_path / "export.json")
    document = json.loads((tmp_path / "export.json").read_text(encoding="utf-8"))
    checksum = document["manifest"]["checksum"]
    document["manifest"]["checksum"] = ""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert hashlib.sha256(text.encode()).hexdigest() == checksum
    assert "alice@" in text


async def test_what_alice_chooses_stays_while_somebody_elses_export_is_made(visit: OpenVisitor) -> None:
    alice = await visit("alice")
    await alice.go(PAGE)
    form = alice.page.get_by_role("form", name="Ask for an export")
    await form.get_by_role("checkbox", name=re.compile("^Users")).uncheck()
    await alice.page.get_by_role("heading", name="Exports", exact=True).click()
    listed = alice.page.locator("[data-minute$='part=list']")
    # As the list has it while another administrator's export is made.
    async with alice.page.expect_response(lambda answer: "part=list" in answer.url):
        await listed.evaluate("part => part.insertAdjacentHTML('beforeend', '<p data-unfinished></p>')")
    await expect(listed.locator("p[data-unfinished]")).to_have_count(0)
    await expect(form.get_by_role("checkbox", name=re.compile("^Users"))).not_to_be_checked()
    await expect(form.get_by_role("checkbox", name=re.compile("^Support"))).to_be_checked()


async def test_without_scripts_the_exports_are_read_and_downloaded(visit: OpenVisitor) -> None:
    alice = await visit("alice", java_script_enabled=False)
    await alice.go(PAGE)
    await expect(alice.page.get_by_role("button", name="Ask for this export")).to_be_hidden()
    await expect(alice.page.get_by_role("region", name="Exports", exact=True)).to_be_visible()


async def ask_to_delete(alice: Visitor) -> None:
    await alice.go(DELETIONS)
    form = alice.page.get_by_role("form", name="Delete data of some days")
    await form.get_by_role("checkbox", name="Transcripts").check()
    await form.get_by_label("First day").fill("2001-01-01")
    await form.get_by_label("Last day").fill("2001-01-02")
    await form.get_by_label("Why?").fill("Our lawyers ask us to remove what we no longer need.")
    await form.get_by_label("I know that this cannot be undone").check()
    async with alice.page.expect_navigation():
        await form.get_by_role("button", name="Ask for this deletion").click()
    await alice.ready()


async def test_alice_asks_for_a_deletion_takes_it_back_and_priya_approves_another(visit: OpenVisitor) -> None:
    alice, priya = await visit("alice"), await visit("priya")
    await ask_to_delete(alice)
    first = alice.page.get_by_role("region", name="Requests").locator(".export").first
    await expect(first).to_contain_text("Submitted")
    async with alice.page.expect_navigation():
        await first.get_by_role("button", name="Take this request back").click()
    await expect(first).to_contain_text("Cancelled")
    await ask_to_delete(alice)
    await priya.go(DELETIONS)
    waiting = priya.page.get_by_role("region", name="Requests to delete data").locator(".export").first
    await waiting.get_by_label("Your decision").select_option("approve")
    await waiting.get_by_role("button", name="Send this decision").click()
    await expect(waiting.get_by_role("alert")).to_contain_text("Why?")
    await waiting.get_by_label("Why?").fill("As agreed with the practice.")
    async with priya.page.expect_navigation():
        await waiting.get_by_role("button", name="Send this decision").click()
    # The worker does it; whoever asked reads what came of it.
    async with asyncio.timeout(MADE_MS / 1_000):
        while "Completed" not in await first.inner_text():
            await alice.page.wait_for_timeout(500)
            await alice.go(DELETIONS)
    await expect(first.get_by_role("table")).to_contain_text("Transcripts")
