"""Whether everybody can use a page: WCAG 2.2 AA by axe, 320 pixels, the keyboard alone.

Each gives what is wrong, and nothing when all is well.
"""

from __future__ import annotations

import json
from typing import Any, Final

from tests.browser.visitor import Visitor

STANDARDS: Final = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
COLOURS: Final = ["color-contrast", "link-in-text-block"]
"""What a colour scheme can change."""
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
_MISSED: Final = """reached => [...document.querySelectorAll('[data-stop]')]
  .filter(one => !reached.includes(one.dataset.stop)).map(one => one.outerHTML.slice(0, 160))"""
_TOO_WIDE: Final = """() => [...document.querySelectorAll('main *')]
  .filter(one => one.checkVisibility() && one.getBoundingClientRect().right > innerWidth + 1)
  .filter(one => !one.closest('.visually-hidden, thead, svg, .tip'))
  .map(one => one.outerHTML.slice(0, 100))"""
_SIDEWAYS: Final = "() => document.documentElement.scrollWidth - innerWidth"


async def violations(visitor: Visitor, axe: str) -> list[str]:
    """What axe finds, one line an element."""
    # Through the debugger, where the page's policy does not apply: axe is ours, not the page's.
    await visitor.page.evaluate(axe)
    return await _found(visitor, {"type": "tag", "values": STANDARDS})


async def bad_colours(visitor: Visitor) -> list[str]:
    """What axe, which `violations` has brought here, finds wrong with the colours: all that night changes."""
    return await _found(visitor, {"type": "rule", "values": COLOURS})


async def _found(visitor: Visitor, only: dict[str, Any]) -> list[str]:
    options = json.dumps({"runOnly": only, "resultTypes": ["violations"]})
    found: dict[str, Any] = await visitor.page.evaluate(f"axe.run(document, {options})")
    return [
        f"{rule['id']} ({rule['impact']}): {item['target']} {item['failureSummary']}"
        for rule in found["violations"]
        for item in rule["nodes"]
    ]


async def too_wide(visitor: Visitor) -> list[str]:
    """What makes somebody scroll sideways."""
    wider: list[str] = await visitor.page.evaluate(_TOO_WIDE)
    by = await visitor.page.evaluate(_SIDEWAYS)
    return wider + ([f"the page is {by} pixels too wide"] if by > 0 else [])


async def out_of_reach(visitor: Visitor) -> list[Any]:
    """What the Tab key does not lead to, and where it does not show that it has."""
    await visitor.page.locator("body").evaluate("body => { body.tabIndex = -1; body.focus(); }")
    expected = await visitor.page.evaluate(REACHABLE)
    before: str | None = None
    reached: set[str | None] = set()
    trouble: list[Any] = []
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
    trouble += await visitor.page.evaluate(_MISSED, sorted(reached))
    return trouble if len(reached) == expected else [*trouble, f"{len(reached)} of {expected} stops"]
