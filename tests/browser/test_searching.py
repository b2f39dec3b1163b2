"""Alice looks for calls by their summaries, keeps her filters, and never touches the mouse."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect

from tests.browser.conftest import OpenVisitor
from tests.browser.test_calls import rows
from tests.browser.visitor import Visitor

TERMS = ("0412 345 678", "jane@example.com", "2123 45670 1", "14/03/1985")


async def her_project(visitor: Visitor) -> str:
    """The project of a call of hers that has a summary."""
    listed = await visitor.ask("/api/calls?limit=100&status=completed")
    return str(next(call["project_id"] for call in listed["calls"] if call["summary"]))


async def a_word(visitor: Visitor, project_id: str) -> str:
    """A telling word of a summary of hers."""
    listed = await visitor.ask(f"/api/calls?limit=100&status=completed&project_id={project_id}")
    summary = next(call["summary"] for call in listed["calls"] if call["summary"])
    return str(max(re.findall(r"[a-z]{4,}", summary), key=len))


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
async def test_alice_searches_her_summaries(visit: OpenVisitor, *, scripts: bool) -> None:
    alice = await visit("alice", java_script_enabled=scripts)
    project_id = await her_project(alice)
    word = await a_word(alice, project_id)
    await alice.go(f"/calls?project_id={project_id}&status=completed")
    field = alice.page.get_by_role("searchbox", name="Search call summaries")
    if scripts:
        await alice.page.keyboard.press("/")
        await expect(field).to_be_focused()
    await field.fill(word)
    await field.press("Enter")
    await expect(alice.page.get_by_role("link", name=f"Remove the filter Summary {word}")).to_be_visible()
    assert f"q={word}" in alice.path
    assert "status=completed" in alice.path
    await expect(rows(alice).first).to_be_visible()
    await alice.page.reload()
    await expect(field).to_have_value(word)


async def test_private_details_are_refused_and_not_shown_again(visit: OpenVisitor) -> None:
    alice = await visit("alice")
    await alice.go(f"/calls?project_id={await her_project(alice)}")
    field = alice.page.get_by_role("searchbox", name="Search call summaries")
    for term in TERMS:
        await field.fill(term)
        async with alice.page.expect_navigation():
            await field.press("Enter")
        await alice.ready()
        alert = alice.page.get_by_role("alert")
        await expect(alert).to_contain_text("which no summary holds")
        await expect(field).to_have_value("")
        assert term not in await alice.page.content()


async def test_alice_keeps_filters_renames_and_deletes_them(visit: OpenVisitor) -> None:
    alice = await visit("alice")
    await alice.go("/calls?status=missed&direction=inbound")
    menu = alice.page.locator("details.views-menu")
    await menu.locator("summary").click()
    await menu.get_by_label("Save these filters as").fill("To call back")
    await menu.get_by_role("button", name="Save view").click()
    await expect(menu.locator(".menu-name")).to_have_text("To call back")
    await alice.go("/calls")
    await menu.locator("summary").click()
    await menu.get_by_role("link", name="To call back").click()
    await expect(alice.page.get_by_role("link", name="Remove the filter Status Missed")).to_be_visible()
    await menu.locator("summary").click()
    await menu.get_by_role("link", name="Rename or delete views").click()
    await expect(alice.page.get_by_role("heading", name="Saved views", level=1)).to_be_visible()
    await alice.ready()
    await alice.page.get_by_label("Name").fill("Missed callers")
    await alice.follow(alice.page.get_by_role("button", name="Save changes"))
    await expect(alice.page.get_by_label("Name")).to_have_value("Missed callers")
    await alice.page.get_by_role("button", name="Delete Missed callers").click()
    await alice.page.get_by_role("button", name="Save changes").click()
    await expect(alice.page.get_by_role("heading", name="No saved views yet")).to_be_visible()


async def test_the_keys_of_the_list_are_one_key_away(visit: OpenVisitor) -> None:
    alice = await visit("alice")
    await alice.go("/calls")
    keys = alice.page.keyboard
    await keys.press("?")
    sheet = alice.page.get_by_role("dialog", name="Keys in this list")
    await expect(sheet).to_be_visible()
    await keys.press("j")
    await expect(rows(alice).nth(0)).not_to_have_class(re.compile("is-current"))
    await keys.press("Escape")
    await expect(sheet).to_have_count(0)
    await keys.press("j")
    await expect(rows(alice).nth(0)).to_have_class(re.compile("is-current"))
