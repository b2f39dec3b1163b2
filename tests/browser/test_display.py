"""People choose how lists look: high or low rows, columns of calls; rows on their way have a place."""

from __future__ import annotations

import asyncio

import pytest
from playwright.async_api import Locator, Page, Route, expect

from tests.browser.access import too_wide, violations
from tests.browser.conftest import OpenVisitor
from tests.browser.measures import layout_shift
from tests.browser.visitor import Visitor

STILL = 0.02


async def row_height(page: Page) -> float:
    box = await page.locator(".calls-table .row-item").first.bounding_box()
    assert box
    return box["height"]


def column(page: Page, name: str) -> Locator:
    return page.get_by_role("columnheader", name=name)


async def remembered(visitor: Visitor, name: str, value: str) -> None:
    """Wait until the browser keeps it."""
    async with asyncio.timeout(20):
        while True:
            kept = await visitor.context.cookies()
            if (name, value) in [(one.get("name"), one.get("value")) for one in kept]:
                return
            await asyncio.sleep(0.05)


async def test_alice_makes_rows_compact_and_finds_them_so(visit: OpenVisitor, axe: str) -> None:
    alice = await visit("alice")
    await alice.go("/calls")
    assert await row_height(alice.page) == pytest.approx(40, abs=1)
    await alice.page.locator(".account > summary").click()
    await alice.page.get_by_role("button", name="Compact").click()
    await expect(alice.page.get_by_role("button", name="Compact")).to_have_attribute("aria-pressed", "true")
    assert await row_height(alice.page) == pytest.approx(32, abs=1)
    assert await violations(alice, axe) == []
    await remembered(alice, "aidial.density", "compact")
    await alice.go("/calls")
    assert await row_height(alice.page) == pytest.approx(32, abs=1)
    assert await layout_shift(alice.page) < STILL


async def test_alice_chooses_columns_and_finds_them_so(visit: OpenVisitor, axe: str) -> None:
    alice = await visit("alice")
    await alice.go("/calls?range=30d")
    await alice.page.get_by_text("Columns", exact=True).click()
    await alice.page.get_by_role("checkbox", name="Sentiment").uncheck()
    await alice.page.get_by_role("checkbox", name="Outcome").uncheck()
    await expect(column(alice.page, "Sentiment")).to_have_count(0)
    await expect(column(alice.page, "Outcome")).to_have_count(0)
    await expect(column(alice.page, "Agent")).to_be_visible()
    assert await violations(alice, axe) == []
    assert alice.page.url.endswith("/calls?range=30d")
    await remembered(alice, "aidial.columns", "outcome.sentiment")
    await alice.go("/calls")
    await expect(column(alice.page, "Sentiment")).to_have_count(0)
    assert await layout_shift(alice.page) < STILL
    # What is opened under a row is as wide as ever.
    await alice.page.locator(".row-link").first.click()
    await expect(alice.page.locator(".review-row .review")).to_be_visible()
    await alice.page.set_viewport_size({"width": 390, "height": 844})
    await expect(alice.page.locator(".row-item .col-outcome").first).to_be_visible()
    await expect(alice.page.get_by_text("Columns", exact=True)).to_be_hidden()
    assert await too_wide(alice) == []


async def test_both_are_chosen_without_scripts(visit: OpenVisitor) -> None:
    plain = await visit("alice", java_script_enabled=False)
    await plain.go("/calls?range=30d")
    await plain.page.locator(".account > summary").click()
    await plain.page.get_by_role("button", name="Compact").click()
    assert plain.page.url.endswith("/calls?range=30d")
    assert await row_height(plain.page) == pytest.approx(32, abs=1)
    await plain.page.get_by_text("Columns", exact=True).click()
    await plain.page.get_by_role("checkbox", name="Agent").uncheck()
    await plain.page.get_by_role("button", name="Show these columns").click()
    assert plain.page.url.endswith("/calls?range=30d")
    await expect(column(plain.page, "Agent")).to_have_count(0)
    await expect(column(plain.page, "Outcome")).to_be_visible()


@pytest.mark.parametrize("width", [1440, 390])
async def test_rows_on_their_way_have_a_place_and_nothing_moves(
    visit: OpenVisitor, axe: str, width: int
) -> None:
    alice = await visit("alice", viewport={"width": width, "height": 900})
    await alice.go("/calls?limit=25")
    answered = asyncio.Event()

    async def late(route: Route) -> None:
        await answered.wait()
        await route.continue_()

    await alice.page.route("**/calls?*cursor=*", late)
    rows, waiting = alice.page.locator(".row-item"), alice.page.locator(".skeleton-row")
    before = await rows.count()
    await alice.page.get_by_role("link", name="Load more calls").click()
    await expect(waiting).to_have_count(before)
    if width > 640:
        heights = {
            round((await one.bounding_box() or {"height": 0})["height"])
            for one in (rows.nth(1), waiting.first)
        }
        assert len(heights) == 1
    await expect(alice.page.locator(".calls-table")).to_have_attribute("aria-busy", "true")
    assert await violations(alice, axe) == []
    assert await too_wide(alice) == []
    answered.set()
    await expect(waiting).to_have_count(0)
    await expect(rows).to_have_count(2 * before)
    await expect(alice.page.locator(".calls-table")).not_to_have_attribute("aria-busy", "true")
    assert await layout_shift(alice.page) < STILL


async def test_what_does_not_come_leaves_no_place_behind(visit: OpenVisitor) -> None:
    alice = await visit("alice")
    await alice.go("/calls?limit=25")

    async def never(route: Route) -> None:
        await asyncio.sleep(0.5)
        await route.abort()

    await alice.page.route("**/calls?*cursor=*", never)
    before = await alice.page.locator(".row-item").count()
    await alice.page.get_by_role("link", name="Load more calls").click()
    waiting = alice.page.locator(".skeleton-row")
    await expect(waiting).to_have_count(before)
    await expect(waiting).to_have_count(0)
    alice.complaints.clear()  # what the browser says of an answer that was cut off above
