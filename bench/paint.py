"""First contentful paint of `/calls` with 2,000 calls: what a person waits for, in Debian's Chromium.

The one thing a newcomer would get wrong: this one needs a whole demo and a quiet machine. The browser paints
without a graphics card, so its share is most of the time.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from tests.aidial.demo.running import FREE, Demo
from tests.browser.chromium import find_chromium, open_chromium
from tests.browser.conftest import people_of
from tests.browser.measures import median_paint_ms
from tests.browser.visitor import Visitor

CALLS: Final = 2_000
TARGET_MS: Final = 100


async def first_paint_line(folder: Path) -> str:
    """One line for the output; says so where there is no Chromium."""
    chromium = find_chromium()
    if chromium is None:
        return "  first paint of /calls: not measured, there is no Chromium"
    demo = Demo(folder / "paint", *FREE, "--calls", str(CALLS), env={"AIDIAL_LIMITS_SCALE": "100"})
    try:
        demo.wait_ready()
        paint_ms = await _measure(demo, chromium)
    finally:
        demo.stop()
    verdict = "met" if paint_ms < TARGET_MS else "MISSED"
    return f"  {'first paint of /calls':44} {'':8} {paint_ms:8.0f} {'':8}  target {TARGET_MS}: {verdict}"


async def _measure(demo: Demo, chromium: str) -> float:
    """Alice's calls, milliseconds."""
    manifest = demo.manifest
    async with open_chromium(chromium) as browser:
        context = await browser.new_context(viewport={"width": 1440, "height": 900})
        alice = Visitor(context, await context.new_page(), manifest["portal_url"], manifest["issuer"])
        await alice.sign_in(people_of(manifest)["alice"])
        return await median_paint_ms(alice.page, f"{alice.portal_url}/calls", rounds=3)
