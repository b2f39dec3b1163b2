"""Debian's Chromium, driven by playwright: where it is and how it starts.

Its headless shell where there is one: the same engine without a browser's window around the page, whose own
toolbars are pages that cost more than ours.
"""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from playwright.async_api import Browser, async_playwright

FLAGS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def find_chromium() -> str | None:
    """The path of Chromium's headless shell or of Chromium, or None where there is neither."""
    return shutil.which("chromium-headless-shell") or shutil.which("chromium")


@asynccontextmanager
async def open_chromium(path: str, *more: str) -> AsyncIterator[Browser]:
    """A browser for the block; `more` are flags."""
    async with async_playwright() as driver:
        browser = await driver.chromium.launch(executable_path=path, args=[*FLAGS, *more])
        try:
            yield browser
        finally:
            await browser.close()
