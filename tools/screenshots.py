"""The pictures of `docs/images`, taken from a running demo: `python tools/screenshots.py demo-data`.

The one thing a newcomer would get wrong: the argument is the demo's data directory (its `demo.json` says
where everything is and who may sign in), and the demo must be running.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from pathlib import Path
from typing import Any, Final

from playwright.async_api import Page, ViewportSize

ROOT: Final = Path(__file__).parents[1]
IMAGES: Final = ROOT / "docs" / "images"
VIEWPORT: Final[ViewportSize] = {"width": 1440, "height": 900}
PICTURES: Final = {
    "alice": {"dashboard": "/?range=90d", "list": "/calls", "settings": "/settings"},
    "priya": {"projects": "/projects"},
    "omar": {"ops": "/ops"},
}
"""Whose pages are shown, under which names."""
sys.path.insert(0, str(ROOT))

from tests.browser.chromium import find_chromium, open_chromium  # noqa: E402 - after the path
from tests.browser.conftest import people_of  # noqa: E402
from tests.browser.visitor import Visitor  # noqa: E402


async def good_call(alice: Visitor) -> str:
    """The newest call with a recording and a booking in which something personal was removed.

    It shows what a review holds.
    """
    listed = (await alice.ask("/api/calls?limit=20&status=completed"))["calls"]
    for call in listed:
        transcript = (await alice.ask(f"/api/calls/{call['call_id']}/preview"))["transcript"]
        shows = call["from_number"] and call["booking"] and call["recording"]
        if shows and any(turn["redactions"] for turn in transcript["turns"][:4]):
            return str(call["call_id"])
    return str(listed[0]["call_id"])


async def take(page: Page, name: str) -> None:
    """One picture; the fonts are there and nothing has the focus."""
    await page.wait_for_load_state("networkidle")
    await page.evaluate("document.fonts.ready.then(() => document.activeElement.blur())")
    path = IMAGES / f"{name}.png"
    await page.screenshot(path=path, animations="disabled")
    print(f"{path.relative_to(ROOT)}: {path.stat().st_size:,} bytes")


async def run(manifest: dict[str, Any], chromium: str) -> None:
    """Sign people in and take every picture but the phone's."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    async with open_chromium(chromium) as browser:

        async def signed_in(name: str) -> Visitor:
            context = await browser.new_context(viewport=VIEWPORT, color_scheme="light", locale="en-AU")
            page = await context.new_page()
            visitor = Visitor(context, page, manifest["portal_url"], manifest["issuer"])
            await visitor.sign_in(people_of(manifest)[name])
            return visitor

        for name, pictures in PICTURES.items():
            visitor = await signed_in(name)
            for picture, path in pictures.items():
                await visitor.go(path)
                await take(visitor.page, picture)
        alice = await signed_in("alice")
        await alice.go(f"/calls?expand={await good_call(alice)}")
        await alice.page.get_by_role("link", name="Close").evaluate(
            "link => scrollBy(0, link.getBoundingClientRect().top - 270)"
        )
        await take(alice.page, "calls")


def main() -> None:
    """Read the arguments and run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data_dir", type=Path, help="the data directory of a running demo")
    manifest = json.loads((parser.parse_args().data_dir / "demo.json").read_bytes())
    chromium = find_chromium()
    if chromium is None:
        sys.exit("There is no Chromium: apt-get install chromium")
    asyncio.run(run(manifest, chromium))


if __name__ == "__main__":
    main()
