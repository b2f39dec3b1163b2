"""Every page, wide and narrow, in one visit: it stands still, weighs little, and everybody can use it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import pytest

from tests.browser.access import bad_colours, out_of_reach, too_wide, violations
from tests.browser.conftest import OpenVisitor
from tests.browser.measures import Scales, layout_shift
from tests.browser.places import PLACES, Place

MOST_SHIFT: Final = 0.02
MOST_BYTES: Final = 120_000

Record = Callable[[str, object], None]


@pytest.mark.parametrize("width", [1440, 320])
@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
async def test_a_page_stands_still_weighs_little_and_is_everybodys(
    visit: OpenVisitor, axe: str, place: Place, width: int, record_property: Record
) -> None:
    size = {"width": width, "height": 800}
    visitor = await visit(place.person, viewport=size, color_scheme="light", reduced_motion="no-preference")
    page = visitor.page
    path = await place.address(visitor) if place.person else place.path
    weights = await Scales(page).weigh(visitor.portal_url + path, place.status)
    await visitor.ready()
    shift = await layout_shift(page)
    said = f"{place.name} at {width} px: {sum(weights.values()):,} bytes gzipped {weights}, shift {shift:.4f}"
    record_property("measured", said)
    assert {"text/html", "text/css"} < set(weights)
    assert sum(weights.values()) < MOST_BYTES
    assert shift < MOST_SHIFT
    assert await too_wide(visitor) == []
    # By day, then by night; a colour in the middle of its change would be neither.
    await page.emulate_media(reduced_motion="reduce")
    assert await violations(visitor, axe) == []
    await page.emulate_media(color_scheme="dark")
    assert await bad_colours(visitor) == []
    assert await out_of_reach(visitor) == []
