"""What a page costs the person waiting for it: first paint, layout shift, weight."""

from __future__ import annotations

import gzip
import statistics
from dataclasses import dataclass
from typing import Final

from playwright.async_api import Page, Response

WEIGHED: Final = ("text/html", "text/css", "text/javascript", "application/javascript")

# Both are kept by the browser from the first byte on (buffered), so nothing has to be there before the page.
_FIRST_PAINT_MS: Final = """() => new Promise(resolve => {
  new PerformanceObserver((list, observer) => {
    const found = list.getEntriesByName('first-contentful-paint')[0];
    if (found) { observer.disconnect(); resolve(found.startTime); }
  }).observe({ type: 'paint', buffered: true });
})"""
_SHIFTS: Final = """() => new Promise(resolve => {
  const shifts = [];
  new PerformanceObserver(list => shifts.push(...list.getEntries()))
    .observe({ type: 'layout-shift', buffered: true });
  requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => resolve(
    shifts.filter(one => !one.hadRecentInput).reduce((sum, one) => sum + one.value, 0)))));
})"""


async def first_paint_ms(page: Page, url: str, settle_ms: float = 0) -> float:
    """Open a URL; milliseconds from the start of the navigation to the first contentful paint.

    `settle_ms` before it the page before is left alone: what it does once it is seen is not this one's time.
    """
    if settle_ms:
        await page.wait_for_timeout(settle_ms)
    answer = await page.goto(url)
    assert answer
    assert answer.ok
    found: float = await page.evaluate(_FIRST_PAINT_MS)
    return found


async def median_paint_ms(
    page: Page, url: str, *, warm: int = 20, rounds: int, settle_ms: float = 0
) -> float:
    """The best round's median of `warm` navigations to a URL after a first one that fills the cache.

    Neighbours on the machine make a page slower, never quicker, so the best round counts.
    """
    await first_paint_ms(page, url)
    best = float("inf")
    for _ in range(rounds):
        best = min(best, statistics.median([await first_paint_ms(page, url, settle_ms) for _ in range(warm)]))
    return best


async def layout_shift(page: Page) -> float:
    """The sum of the page's shifts so far that nobody's click or key explains; fonts and scripts included."""
    await page.wait_for_load_state("networkidle")
    await page.evaluate("document.fonts.ready.then(() => null)")
    found: float = await page.evaluate(_SHIFTS)
    return found


@dataclass
class Scales:
    """Weighs what a page loads: bytes of HTML, CSS and JavaScript, each gzipped."""

    page: Page

    async def weigh(self, url: str, status: int) -> dict[str, int]:
        """Bytes by content type of a first visit to a URL that answers `status`."""
        answers: list[Response] = []

        def note(answer: Response) -> None:
            answers.append(answer)

        self.page.on("response", note)
        page = await self.page.goto(url, wait_until="networkidle")
        assert page
        assert page.status == status
        self.page.remove_listener("response", note)
        weights: dict[str, int] = {}
        for answer in answers:
            kind = answer.headers.get("content-type", "").partition(";")[0]
            if kind in WEIGHED and not 300 <= answer.status < 400:
                weights[kind] = weights.get(kind, 0) + len(gzip.compress(await answer.body(), 6))
        return weights
