"""One way through calls, walked by each role: list, filter, review, play, export, unlock.

What a role may not do is not on the page, and asking for it all the same is the 404 of a thing that never
was. The one thing a newcomer would get wrong: the table below is copied from the role table of the product by
hand; it is not drawn from the code's own.
"""

from __future__ import annotations

import csv
import os
import re
from dataclasses import dataclass, replace
from io import StringIO
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.async_api import Page, ViewportSize, expect

from tests.browser.access import bad_colours, violations
from tests.browser.conftest import OpenVisitor
from tests.browser.test_recordings import recorded
from tests.browser.test_roles import MADE_UP
from tests.browser.visitor import COUNTED, Person, Visitor

PICTURES: Final = os.environ.get("AIDIAL_PICTURES")
"""A folder for pictures of every stop, wide and narrow, by day and by night; none unless set."""
SIZES: Final[dict[str, ViewportSize]] = {
    "1440": {"width": 1440, "height": 900},
    "390": {"width": 390, "height": 844},
}
WHY: Final = "The caller rang back and says we wrote the wrong number down."
MASKED: Final = re.compile(r"\+\d+ \.\.\. \d{3}|Withheld")


@dataclass(frozen=True, slots=True)
class Walker:
    """What the role table lets one person do with calls."""

    person: str
    role: str
    numbers: str
    searches_callers: bool
    plays: bool
    exports: str
    unlocks: bool


WALKERS: Final = (
    Walker("alice", "client_admin", "full", True, True, "with sensitive details", True),
    Walker("ben", "client_manager", "full", True, True, "metadata", True),
    Walker("chloe", "client_staff", "masked", False, False, "metadata", False),
    Walker("priya", "partner_admin", "full", True, False, "metadata", False),
    Walker("tom", "partner_user", "masked", True, False, "", False),
)


@dataclass(slots=True)
class Walk:
    """Somebody on their way, and where they stopped."""

    walker: Walker
    visitor: Visitor
    axe: str
    call_id: str
    project_id: str

    @property
    def page(self) -> Page:
        return self.visitor.page

    async def stop(self, name: str) -> None:
        """axe looks at what is on the screen, by day and by night; so does whoever wants pictures."""
        for scheme in ("light", "dark"):
            await self.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            by_day = scheme == "light"
            looked = violations(self.visitor, self.axe) if by_day else bad_colours(self.visitor)
            assert await looked == [], f"{name}, {scheme}"
            if PICTURES:
                for size, viewport in SIZES.items():
                    await self.page.set_viewport_size(viewport)
                    shown = Path(PICTURES) / f"{self.walker.person}-{name}-{size}-{scheme}.png"
                    await self.page.screenshot(path=shown)
                await self.page.set_viewport_size(SIZES["1440"])
        await self.page.emulate_media(color_scheme="light", reduced_motion="reduce")

    async def status_of(self, method: str, path: str, body: dict[str, Any] | None = None) -> int:
        """What this page's own scripts would be answered."""
        status: int = await self.page.evaluate(
            """async ([method, path, body]) => {
              const headers = {};
              if (method !== 'GET') {
                const found = await (await fetch('/api/session/csrf')).json();
                headers['x-csrf-token'] = found.csrf_token;
                headers['content-type'] = 'application/json';
                headers['idempotency-key'] = crypto.randomUUID();
              }
              const options = { method, headers, body: body ? JSON.stringify(body) : undefined };
              return (await fetch(path, options)).status;
            }""",
            [method, path, body],
        )
        return status


async def list_calls(walk: Walk) -> None:
    await walk.page.get_by_label("Main").get_by_role("link", name="Calls").click()
    await expect(walk.page.get_by_role("heading", name="Calls", level=1)).to_be_visible()
    await walk.visitor.ready()
    cells = await walk.page.locator("tr.row-item .col-caller").all_inner_texts()
    assert cells
    masked = [bool(MASKED.search(cell)) for cell in cells]
    assert all(masked) == (walk.walker.numbers == "masked")
    await walk.stop("list")


async def filter_calls(walk: Walk) -> None:
    page = walk.page
    counted = page.locator(".matching", has_text=COUNTED)
    await walk.visitor.until_there(walk.visitor.path, counted)
    everything = await counted.inner_text()
    await page.get_by_label("Status", exact=True).select_option("Completed")
    if walk.walker.searches_callers:
        await page.get_by_label("Caller", exact=True).fill("000")
    else:
        await expect(page.get_by_label("Caller", exact=True)).to_have_count(0)
        assert await walk.status_of("GET", f"/api/calls?project_id={walk.project_id}&caller=000") == 404
    await page.get_by_text("More filters").click()
    await walk.stop("filters")
    if walk.walker.searches_callers:
        await page.get_by_label("Caller", exact=True).fill("")
    await page.get_by_label("Caller felt").select_option("Positive")
    await page.get_by_role("button", name="Apply filters").click()
    await expect(page.get_by_role("link", name="Remove the filter Caller felt Positive")).to_be_visible()
    await walk.visitor.ready()
    assert await page.locator(".matching").inner_text() != everything
    await walk.stop("filtered")


async def review_call(walk: Walk) -> None:
    await walk.visitor.go(f"/calls?expand={walk.call_id}&project_id={walk.project_id}")
    shown = walk.page.get_by_role("group", name="Call review")
    await expect(shown.get_by_role("list", name="Conversation")).to_be_visible()
    heading = await shown.get_by_role("heading", level=2).first.inner_text()
    assert bool(MASKED.search(heading)) == (walk.walker.numbers == "masked")
    await walk.stop("review")


async def play_recording(walk: Walk) -> None:
    player = walk.page.get_by_role("region", name="Recording")
    path = f"/api/calls/{walk.call_id}/recording"
    if not walk.walker.plays:
        await expect(player).to_have_count(0)
        assert await walk.status_of("POST", f"{path}/playback") == 404
        assert await walk.status_of("POST", f"{path}/download") == 404
        return
    await player.get_by_role("button", name="Play the recording").click()
    await expect(player.locator("[data-player-now]")).not_to_have_text("0:00")
    await player.get_by_role("button", name="Pause the recording").click()
    await expect(player.get_by_role("button", name="Play the recording")).to_be_visible()
    await walk.stop("played")


async def export_calls(walk: Walk) -> None:
    page = walk.page
    export = page.get_by_role("button", name=re.compile(r"^Export [\d,]+ calls?$"))
    path = f"/calls?project_id={walk.project_id}&range=30d&status=completed"
    if not walk.walker.exports:
        await walk.visitor.go(path)
        await expect(export).to_have_count(0)
        assert await walk.status_of("GET", f"/api/calls/export?project_id={walk.project_id}") == 404
        return
    await walk.visitor.until_there(path, export)
    await export.click()
    dialog = page.get_by_role("dialog")
    sensitive = dialog.get_by_role("group", name="Add sensitive details")
    if walk.walker.exports == "metadata":
        await expect(sensitive).to_have_count(0)
        refused = f"/api/calls/export?project_id={walk.project_id}&include=summary&reason=Review"
        assert await walk.status_of("GET", refused) == 404
    else:
        await sensitive.get_by_label("Summary").check()
        await dialog.get_by_label("Why you need them").fill("Monthly review")
    await walk.stop("export")
    async with page.expect_download() as downloading:
        await dialog.get_by_role("button", name=re.compile("^Export")).click()
    saved = Path(await (await downloading.value).path()).read_text(encoding="utf-8")  # noqa: ASYNC240 - small
    rows = list(csv.DictReader(StringIO(saved, newline="")))
    assert rows
    assert ("summary" in rows[0]) == (walk.walker.exports != "metadata")
    await expect(dialog.get_by_role("status")).to_contain_text(f"{len(rows):,} call")


async def unlock_transcript(walk: Walk) -> None:
    page = walk.page
    path = f"/calls/{walk.call_id}/pii-unlocks"
    await walk.visitor.go(f"/calls?expand={walk.call_id}&project_id={walk.project_id}")
    more = page.get_by_text("Unlock personal details")
    if not walk.walker.unlocks:
        await expect(more).to_have_count(0)
        asked = {"artefact": "transcript", "reason_code": "customer_complaint", "justification": WHY}
        assert await walk.status_of("POST", f"/api{path}", asked) == 404
        assert await walk.status_of("GET", f"/api{path}") == 404
        assert await walk.visitor.go(path) == 404
        return
    await more.click()
    form = page.get_by_role("form", name="Unlock personal details")
    await form.get_by_label("What do you need to see?").select_option("transcript")
    await form.get_by_label("Why?").select_option("customer_complaint")
    await form.get_by_label("In your own words").fill(WHY)
    await form.scroll_into_view_if_needed()
    await walk.stop("unlock")
    await form.get_by_role("button", name="Unlock for 15 minutes").click()
    await page.get_by_role("link", name="Show transcript").first.click()
    await expect(page.get_by_role("heading", name="Unlocked details", level=1)).to_be_visible()
    await expect(page.get_by_role("list", name="Conversation")).to_be_visible()
    await walk.stop("unlocked")
    async with page.expect_navigation():
        await page.get_by_role("button", name="Lock again").click()
    assert walk.call_id in walk.visitor.path


@pytest.mark.parametrize("walker", WALKERS, ids=lambda walker: walker.role)
async def test_each_role_walks_through_calls(
    visit: OpenVisitor, people: dict[str, Person], axe: str, walker: Walker
) -> None:
    alice = await visit("alice")
    # Of the line that all five reach: at night the newest call is another's.
    call_id = await recorded(alice, people["chloe"].project_ids[0])
    call = (await alice.ask(f"/api/calls/{call_id}/preview"))["call"]
    visitor = await visit(walker.person, reduced_motion="reduce")
    walk = Walk(walker, visitor, axe, call_id, call["project_id"])
    await visitor.go("/")
    await list_calls(walk)
    await filter_calls(walk)
    await review_call(walk)
    await play_recording(walk)
    await export_calls(walk)
    await unlock_transcript(walk)
    assert await visitor.go(f"/calls?expand={MADE_UP}") == 404
    assert await walk.status_of("GET", "/api/calls/export") == (422 if walker.exports else 404)


async def let_staff_play(alice: Visitor, *, allowed: bool) -> None:
    """By the tick of the organisation's settings."""
    await alice.go("/settings")
    tick = alice.page.get_by_label("Staff may play recordings")
    await expect(tick).to_be_checked(checked=not allowed)
    await tick.set_checked(allowed)
    await alice.page.get_by_role("button", name="Save organisation").click()
    await expect(alice.page.locator("[data-saved]")).to_have_text("Saved just now")


async def test_chloe_plays_a_recording_once_alice_lets_staff_and_no_longer_than_that(
    visit: OpenVisitor, people: dict[str, Person], axe: str
) -> None:
    alice, chloe = await visit("alice"), await visit("chloe", reduced_motion="reduce")
    project_id = people["chloe"].project_ids[0]
    call_id = await recorded(alice, project_id)
    staff = next(walker for walker in WALKERS if walker.person == "chloe")
    walk = Walk(staff, chloe, axe, call_id, project_id)
    await review_call(walk)
    await play_recording(walk)
    await let_staff_play(alice, allowed=True)
    try:
        walk.walker = replace(staff, plays=True)
        # The number is masked as before; hearing it is one thing, taking it along another.
        await review_call(walk)
        await play_recording(walk)
        download = walk.page.get_by_role("region", name="Recording").get_by_role("button", name="Download")
        await expect(download).to_have_count(0)
        assert await walk.status_of("POST", f"/api/calls/{call_id}/recording/download") == 404
    finally:
        await let_staff_play(alice, allowed=False)
    walk.walker = staff
    await review_call(walk)
    await play_recording(walk)
