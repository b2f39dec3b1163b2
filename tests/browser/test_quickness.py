"""Calls are there at once, and what moves is only what somebody moved."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

import pytest
from playwright.async_api import Browser

from tests.aidial.demo.running import Demo
from tests.browser.conftest import PATIENT, OpenVisitor, people_of
from tests.browser.measures import layout_shift, median_paint_ms
from tests.browser.visitor import Visitor

MOST_SHIFT: Final = 0.02
OWN_MOVE_S: Final = 0.4
"""What moves within half a second of a click is the click's own, and a busy machine may take longer."""
TARGET_PAINT_MS: Final = 100
CEILING_PAINT_MS: Final = 400
"""What fails here. The target is judged by `make bench` on a quiet machine: this suite fills both cores."""

FIRST_PAINT_AND_FIRST_QUESTION: Final = """() => new Promise(resolve => {
  const look = () => {
    const painted = performance.getEntriesByName('first-contentful-paint')[0];
    const resources = performance.getEntriesByType('resource');
    const asked = resources.find(one => one.name.endsWith('/api/session/state'));
    if (painted && asked) resolve([painted.startTime, asked.startTime]);
    else setTimeout(look, 20);
  };
  look();
})"""
LOADED_FONTS: Final = """async () => {
  await document.fonts.ready;
  return [...document.fonts].filter(one => one.family.includes('Inter') && one.status === 'loaded'
    && !one.family.includes('fallback')).map(one => one.weight);
}"""
WEIGHTS: Final = """() => [...document.querySelectorAll('body *')].filter(one => one.checkVisibility()
  && one.textContent.trim()).map(one => getComputedStyle(one).fontWeight)"""

Record = Callable[[str, object], None]


async def test_nothing_but_the_call_moves_when_alice_opens_it(visit: OpenVisitor) -> None:
    alice = await visit("alice", reduced_motion="no-preference")
    shift = float("inf")
    for _ in range(5):
        await alice.go("/calls")
        clicked = time.monotonic()
        await alice.page.locator("tr.row-item a").nth(2).click()
        await alice.page.get_by_role("group", name="Call review").wait_for()
        took_s = time.monotonic() - clicked
        shift = await layout_shift(alice.page)
        if shift < MOST_SHIFT or took_s < OWN_MOVE_S:
            break
    assert shift < MOST_SHIFT


async def test_what_alice_does_not_see_yet_waits_for_the_first_paint(visit: OpenVisitor) -> None:
    alice = await visit("alice")
    await alice.go("/calls")
    assert await alice.page.locator("[name=sentiment]").count() == 0  # twenty fields nobody opened
    painted_ms, asked_ms = await alice.page.evaluate(FIRST_PAINT_AND_FIRST_QUESTION)
    # A second after the page is there it is asked for anyway.
    assert asked_ms >= min(painted_ms, 1_000)


async def test_alice_reads_three_weights_of_one_typeface(visit: OpenVisitor) -> None:
    alice = await visit("alice")
    await alice.go("/calls")
    loaded = await alice.page.evaluate(LOADED_FONTS)
    assert sorted(loaded) == ["400", "550", "600"]
    assert set(await alice.page.evaluate(WEIGHTS)) <= {"400", "550", "600"}


@pytest.fixture(scope="module")
def busy(chromium_path: str, start_demo: Callable[..., Demo]) -> dict[str, Any]:
    """`demo.json` of a demo with 2,000 calls."""
    return start_demo("--calls", "2000", env=PATIENT).manifest


@pytest.mark.slow
async def test_alices_calls_are_painted_before_she_notices(
    browser: Browser, busy: dict[str, Any], record_property: Record
) -> None:
    async with await browser.new_context(viewport={"width": 1440, "height": 900}) as context:
        alice = Visitor(context, await context.new_page(), busy["portal_url"], busy["issuer"])
        await alice.sign_in(people_of(busy)["alice"])
        url = f"{alice.portal_url}/calls"
        paint_ms = await median_paint_ms(alice.page, url, rounds=1)
    record_property("measured", f"first paint of /calls: {paint_ms:.0f} ms (target {TARGET_PAINT_MS})")
    assert paint_ms < CEILING_PAINT_MS
