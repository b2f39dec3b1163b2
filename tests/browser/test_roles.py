"""Everybody sees what is theirs, and nobody learns of the rest."""

from __future__ import annotations

import re

from playwright.async_api import expect

from tests.browser.conftest import OpenVisitor
from tests.browser.visitor import Person, Visitor

MASKED = re.compile(r"^\+\d+ \.\.\. \d{3}$")
MADE_UP = "0193ffff-0000-7000-8000-000000000000"


async def callers(visitor: Visitor) -> list[str]:
    """What the list calls its callers, without the withheld ones."""
    cells = await visitor.page.locator("tr.row-item .col-caller").all_inner_texts()
    words = [re.sub(r"^\s*(To|From)\s", "", cell).strip() for cell in cells]
    return [word for word in words if word != "Withheld"]


async def test_priya_signs_in_with_her_code_switches_project_and_signs_out(
    visit: OpenVisitor, people: dict[str, Person]
) -> None:
    priya = await visit()
    await priya.sign_in(people["priya"])
    await priya.page.get_by_label("Main").get_by_role("link", name="Calls").click()
    everything = await priya.page.locator(".matching").inner_text()
    await priya.page.locator("details.switcher > summary").click()
    await priya.page.locator(".switcher a[data-project]").first.click()
    await expect(priya.page).to_have_url(re.compile(r"project_id="))
    assert await priya.page.locator(".matching").inner_text() != everything
    await priya.page.locator("tr.row-item a").nth(3).click()
    await expect(priya.page.get_by_role("group", name="Call review")).to_be_visible()
    assert "project_id=" in priya.path
    await priya.sign_out()


async def test_chloe_sees_masked_callers_and_cannot_search_for_one(visit: OpenVisitor) -> None:
    chloe = await visit("chloe")
    await chloe.go("/calls")
    await expect(chloe.page.get_by_label("Caller", exact=True)).to_have_count(0)
    shown = await callers(chloe)
    assert shown
    assert [word for word in shown if not MASKED.match(word)] == []
    assert await chloe.go("/calls?caller=400000") == 404
    assert await chloe.page.get_by_role("heading", level=1).inner_text() == "There is nothing to see here"


async def test_mallory_cannot_tell_alices_call_from_one_that_never_was(visit: OpenVisitor) -> None:
    alice, mallory = await visit("alice"), await visit("mallory")
    theirs = (await alice.ask("/api/calls?limit=1"))["calls"][0]["call_id"]
    seen = []
    for call_id in (theirs, MADE_UP):
        for path in (f"/calls/{call_id}", f"/calls?expand={call_id}"):
            assert await mallory.go(path) == 404
            await expect(mallory.page.get_by_role("heading", level=1)).to_be_visible()
            html = await mallory.page.content()
            request_id = await mallory.page.locator("#request-id").inner_text()
            seen.append(re.sub(r"nonce=\"[^\"]*\"", "", html.replace(request_id, "").replace(call_id, "")))
    assert len(set(seen)) == 1


async def test_oscar_is_taken_to_his_account_until_he_has_a_second_factor(visit: OpenVisitor) -> None:
    oscar = await visit("oscar")
    await oscar.go("/")
    assert oscar.path == "/account"
    await expect(oscar.page.get_by_text("One more step.")).to_be_visible()
    await oscar.follow(oscar.page.get_by_role("button", name="Refresh security status"))
    await expect(oscar.page.get_by_text("One more step.")).to_be_visible()
    for path in ("/ops", "/ops/components", "/calls"):
        assert await oscar.go(path) == 404


async def test_omar_lands_on_operations_and_opens_the_components(visit: OpenVisitor) -> None:
    omar = await visit("omar")
    await omar.go("/")
    assert omar.path == "/ops"
    await expect(omar.page.get_by_text("Nobody can sign in")).to_have_count(0)
    await omar.page.get_by_role("link", name="Components").click()
    await expect(omar.page.get_by_role("heading", name="Components", level=1)).to_be_visible()
    assert omar.path == "/ops/components"
    assert await omar.go("/calls") == 404


async def test_nobody_but_operators_learns_of_operations(visit: OpenVisitor) -> None:
    for name in ("alice", "priya"):
        somebody = await visit(name)
        assert await somebody.go("/ops") == 404
        assert await somebody.go("/ops/components") == 404
