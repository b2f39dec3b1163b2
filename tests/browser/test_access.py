"""Everybody can use the pages: WCAG 2.2 AA by axe, 320 pixels, the keyboard alone."""

from __future__ import annotations

import json
from typing import Any, Final

import pytest

from tests.browser.conftest import OpenVisitor
from tests.browser.places import PLACES, Place
from tests.browser.visitor import Visitor

STANDARDS: Final = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
WIDE: Final = {"width": 1440, "height": 900}
NARROW: Final = {"width": 320, "height": 640}
MOST_STOPS: Final = 400

# What a keyboard has to reach: everything that can be used now, as a person sees it.
REACHABLE: Final = """() => {
  const kinds = 'a[href], button, input, select, textarea, summary, [tabindex="0"]';
  return [...document.querySelectorAll(kinds)].filter(one =>
    one.checkVisibility({ visibilityProperty: true, opacityProperty: true }) && !one.disabled
    && one.type !== 'hidden' && !one.closest('dialog:not([open])')
  ).map((one, index) => { one.dataset.stop = index; return index; }).length;
}"""
# Where the focus is, and whether it shows: an outline on the element or on what is drawn over its row.
STANDING: Final = """() => {
  const one = document.activeElement;
  if (!one || one === document.body) return null;
  const seen = [one, null].map((_, pseudo) => getComputedStyle(one, pseudo ? '::after' : null));
  const outlined = seen.some(style => style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2);
  const box = one.getBoundingClientRect();
  const middle = document.elementFromPoint(box.x + box.width / 2, box.y + Math.min(box.height / 2, 8));
  return {
    stop: one.dataset.stop ?? null, outlined, label: one.outerHTML.slice(0, 120),
    inView: box.bottom > 0 && box.right > 0 && box.y < innerHeight && box.x < innerWidth,
    covered: !!middle && !one.contains(middle) && !middle.contains(one)
      && !!middle.closest('.top-bar, .tab-bar'),
  };
}"""


async def violations(visitor: Visitor, axe: str) -> list[str]:
    """What axe finds, one line an element."""
    # Through the debugger, where the page's policy does not apply: axe is ours, not the page's.
    await visitor.page.evaluate(axe)
    options = json.dumps({"runOnly": {"type": "tag", "values": STANDARDS}, "resultTypes": ["violations"]})
    found: dict[str, Any] = await visitor.page.evaluate(f"axe.run(document, {options})")
    return [
        f"{rule['id']} ({rule['impact']}): {item['target']} {item['failureSummary']}"
        for rule in found["violations"]
        for item in rule["nodes"]
    ]


@pytest.mark.parametrize("viewport", [WIDE, NARROW], ids=["wide", "narrow"])
@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
async def test_axe_finds_nothing_by_day_or_by_night(
    visit: OpenVisitor, axe: str, place: Place, viewport: dict[str, int]
) -> None:
    visitor = await visit(place.person, color_scheme="light", viewport=viewport, reduced_motion="reduce")
    await place.open(visitor)
    assert await violations(visitor, axe) == []
    await visitor.page.emulate_media(color_scheme="dark")
    assert await violations(visitor, axe) == []


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
async def test_nobody_scrolls_sideways_at_320_pixels(visit: OpenVisitor, place: Place) -> None:
    visitor = await visit(place.person, viewport=NARROW)
    await place.open(visitor)
    width = await visitor.page.evaluate("document.documentElement.scrollWidth")
    wider = await visitor.page.evaluate(
        """() => [...document.querySelectorAll('main *')]
          .filter(one => one.checkVisibility() && one.getBoundingClientRect().right > innerWidth + 1)
          .filter(one => !one.closest('.visually-hidden, thead, svg, .tip'))
          .map(one => one.outerHTML.slice(0, 100))"""
    )
    assert (width, wider) == (320, [])


@pytest.mark.parametrize("viewport", [WIDE, NARROW], ids=["wide", "narrow"])
@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
async def test_the_keyboard_alone_reaches_everything_and_shows_where_it_is(
    visit: OpenVisitor, place: Place, viewport: dict[str, int]
) -> None:
    visitor = await visit(place.person, viewport=viewport)
    await place.open(visitor)
    await visitor.page.locator("body").evaluate("body => { body.tabIndex = -1; body.focus(); }")
    expected = await visitor.page.evaluate(REACHABLE)
    before: str | None = None
    reached: set[str | None] = set()
    trouble = []
    for _ in range(MOST_STOPS):
        await visitor.page.keyboard.press("Tab")
        standing = await visitor.page.evaluate(STANDING)
        # A date has a stop for its day, its month and its year.
        if standing is None or standing["stop"] in reached - {before}:
            break
        before = standing["stop"]
        if standing["stop"] is not None:
            reached.add(standing["stop"])
        if not standing["outlined"] or not standing["inView"] or standing["covered"]:
            trouble.append(standing)
    missed = await visitor.page.evaluate(
        """reached => [...document.querySelectorAll('[data-stop]')]
          .filter(one => !reached.includes(one.dataset.stop)).map(one => one.outerHTML.slice(0, 160))""",
        sorted(reached),
    )
    assert (missed, trouble) == ([], [])
    assert len(reached) == expected
