"""First contentful paint of `/calls` with 2,000 calls: what a person waits for, in Debian's Chromium.

The one thing a newcomer would get wrong: this one needs a whole demo and a quiet machine. The browser paints
without a graphics card, so its share is most of the time. Its headless shell, where there is one, at least
paints no window of its own around the page.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from tests.aidial.demo.running import FREE, Demo
from tests.browser.chromium import find_chromium, open_chromium
from tests.browser.conftest import people_of
from tests.browser.measures import median_paint_ms
from tests.browser.visitor import Visitor

CALLS: Final = 2_000
TARGET_MS: Final = 100
SETTLE_MS: Final = 250
"""Nobody leaves a page before it stands still."""
WINDOW: Final = "--window-size=1440,900"
PLAIN: Final[dict[str, Any]] = {
    "no_viewport": True, "color_scheme": "null", "reduced_motion": "null", "forced_colors": "null"
}  # fmt: skip
"""A window of its own size and taste. What is emulated is taken back from each page that is left, which then
styles itself whole once more, before the next one is shown: 15 to 25 ms that nobody's browser spends."""


async def first_paint_lines(folder: Path) -> str:
    """Two lines for the output, the floor's first; says so where there is no Chromium."""
    chromium = find_chromium()
    if chromium is None:
        return "  first paint of /calls: not measured, there is no Chromium"
    demo = Demo(folder / "paint", *FREE, "--calls", str(CALLS), env={"AIDIAL_LIMITS_SCALE": "100"})
    try:
        demo.wait_ready()
        floor_ms, paint_ms = await _measure(demo, chromium)
    finally:
        demo.stop()
    verdict = "met" if paint_ms < TARGET_MS else "MISSED"
    return (
        f"  {'floor: an answer of one line, as text':44} {'':8} {floor_ms:8.0f}\n"
        f"  {'first paint of /calls':44} {'':8} {paint_ms:8.0f} {'':8}  target {TARGET_MS}: {verdict}"
    )


async def _measure(demo: Demo, chromium: str) -> tuple[float, float]:
    """The browser's own share, and Alice's calls; milliseconds."""
    manifest = demo.manifest
    async with open_chromium(chromium, WINDOW) as browser:
        context = await browser.new_context(**PLAIN)
        alice = Visitor(context, await context.new_page(), manifest["portal_url"], manifest["issuer"])
        await alice.sign_in(people_of(manifest)["alice"])
        floor_ms, calls_ms = [
            await median_paint_ms(alice.page, alice.portal_url + path, rounds=rounds, settle_ms=SETTLE_MS)
            for path, rounds in (("/api/health/live", 3), ("/calls", 8))
        ]
        return floor_ms, calls_ms
