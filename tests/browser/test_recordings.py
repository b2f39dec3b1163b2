"""Alice hears a call: plays, seeks, changes speed, uses the keyboard, downloads; reads why she may not."""

from __future__ import annotations

import asyncio
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
from playwright.async_api import Locator, expect

from tests.browser.access import violations
from tests.browser.conftest import OpenVisitor
from tests.support.recordings import sound, wav

if TYPE_CHECKING:
    from tests.browser.visitor import Person, Visitor

MEASURED_WITHIN_S = 60.0
CALLER_S, CALLER_LASTS = 13.0, "0:13"
LONG_S = 30
BREAKS_OFF = """
const Theirs = Audio;
window.Audio = class extends Theirs {
  constructor() {
    super();
    this.addEventListener("canplay", () => this.dispatchEvent(new Event("error")));
  }
};
"""
"""A script with which every sound loads, and fails where it is to go on."""
PICTURES = os.environ.get("AIDIAL_PICTURES")
"""A folder for pictures of what was tested, for whoever looks at it; none unless set."""


async def recorded(alice: Visitor, project_id: str = "") -> str:
    """The newest recorded call that lasts, of one line if it is said, once the worker has measured it.

    Of a caller who shows their number: what is masked of it is looked at elsewhere.
    """
    of_line = f"&project_id={project_id}" if project_id else ""
    listed = (await alice.ask(f"/api/calls?limit=100&status=completed{of_line}"))["calls"]
    lasting = {
        call["call_id"]: call["recording"]["duration_seconds"]
        for call in listed
        if call["from_number"] and (call["recording"] or {}).get("duration_seconds")
    }
    # The newest of those, else the newest: some callers hang up at once.
    call_id = min(lasting, key=lambda one: lasting[one] < LONG_S)
    async with asyncio.timeout(MEASURED_WITHIN_S):
        while True:
            shown = await alice.ask(f"/api/calls/{call_id}/recording")
            if shown["sides"][0]["measure"] == "done":
                return str(call_id)
            await asyncio.sleep(0.3)


async def with_the_caller_alone(alice: Visitor, manifest: dict[str, Any]) -> str:
    """The same, with a recording of the caller's voice beside the one of both, measured."""
    call_id = await recorded(alice)
    client_id = (await alice.ask(f"/api/calls/{call_id}/preview"))["call"]["client_id"]
    key = next(
        one["key"]
        for one in manifest["api_keys"]
        if (one["scope"], one["client_id"]) == ("manage", client_id)
    )
    async with aiohttp.ClientSession(manifest["api_url"], headers={"x-api-key": key}) as http:
        path = f"/v1/calls/{call_id}/recording?side=caller"
        async with http.put(path, data=wav(CALLER_S, falls=True)) as stored:
            assert stored.status in {200, 201}
    async with asyncio.timeout(MEASURED_WITHIN_S):
        while True:
            sides = (await alice.ask(f"/api/calls/{call_id}/recording"))["sides"]
            if [side["side"] for side in sides if side["measure"] == "done"] == ["mixed", "caller"]:
                return call_id
            await asyncio.sleep(0.3)


async def seen(shown: Locator) -> list[Any]:
    """The waveform, which is drawn twice once there is a script; the length; the words for it."""
    drawn = await shown.locator(".player-wave path").evaluate_all(
        "all => all.map((e) => e.getAttribute('d'))"
    )
    described = await shown.locator("[data-player-described]").text_content()
    return [drawn[0], await shown.locator("[data-player-length]").text_content(), described]


async def player(alice: Visitor) -> Locator:
    await alice.go(f"/calls?expand={await recorded(alice)}")
    return alice.page.get_by_role("region", name="Recording")


async def place_on_page(shown: Locator) -> list[float]:
    """Left, top, width and height in CSS pixels, however far the page was scrolled to press something."""
    place: list[float] = await shown.evaluate(
        "e => { const r = e.getBoundingClientRect();"
        " return [r.x + scrollX, r.y + scrollY, r.width, r.height]; }"
    )
    return place


async def seconds(shown: Locator) -> float:
    return float(await shown.get_by_role("slider").input_value())


async def until(shown: Locator, least: float, most: float = 1e9) -> float:
    """Wait until the position lies there; what it then is."""
    async with asyncio.timeout(20):
        while not least <= (at := await seconds(shown)) <= most:  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.05)
        return at


async def picture(alice: Visitor, name: str) -> None:
    if PICTURES:
        await alice.page.screenshot(path=Path(PICTURES) / f"{name}.png")


async def test_alice_plays_seeks_and_hears_faster(visit: OpenVisitor) -> None:
    alice = await visit("alice")
    shown = await player(alice)
    before = await place_on_page(shown)
    await picture(alice, "paused")
    await shown.get_by_role("button", name="Play the recording").click()
    await expect(shown.get_by_role("button", name="Pause the recording")).to_be_visible()
    await expect(shown.locator("[data-player-now]")).not_to_have_text("0:00")
    await shown.get_by_label("Speed").select_option("1.5")
    await shown.get_by_role("button", name="+5 s on").click()
    await until(shown, 5)
    await expect(alice.page.locator(".turn.is-heard")).to_have_count(1)
    await picture(alice, "playing")
    await shown.get_by_role("button", name="Pause the recording").click()
    await expect(shown.get_by_role("button", name="Play the recording")).to_be_visible()
    assert await place_on_page(shown) == before


async def test_alice_uses_the_keyboard_alone(visit: OpenVisitor) -> None:
    alice = await visit("alice")
    shown = await player(alice)
    await shown.get_by_role("button", name="Play the recording").focus()
    await alice.page.keyboard.press("Enter")
    await expect(shown.get_by_role("button", name="Pause the recording")).to_be_visible()
    slider = shown.get_by_role("slider")
    await slider.focus()
    await alice.page.keyboard.press(" ")
    await expect(shown.get_by_role("button", name="Play the recording")).to_be_visible()
    at = await seconds(shown)
    await alice.page.keyboard.press("ArrowRight")
    await until(shown, at + 4, at + 6)
    await alice.page.keyboard.press("ArrowLeft")
    await until(shown, at - 1, at + 1)
    await expect(slider).to_have_attribute("aria-valuetext", re.compile(r"^\d+:\d\d of \d+:\d\d$"))


async def test_alice_downloads_behind_a_confirmation(visit: OpenVisitor) -> None:
    alice = await visit("alice")
    shown = await player(alice)
    await shown.get_by_role("button", name="Download", exact=True).click()
    dialog = alice.page.get_by_role("dialog", name="Download this recording?")
    await expect(dialog).to_be_visible()
    await picture(alice, "confirm")
    await dialog.get_by_role("button", name="Cancel").click()
    await expect(dialog).to_be_hidden()
    await shown.get_by_role("button", name="Download", exact=True).click()
    async with alice.page.expect_download() as downloading:
        await dialog.get_by_role("button", name="Download recording").click()
    download = await downloading.value
    assert re.fullmatch(r"recording-[0-9a-f-]{36}\.wav", download.suggested_filename)
    kept = await asyncio.to_thread(Path(await download.path()).read_bytes)
    assert kept[:4] == b"RIFF"
    log = await alice.ask("/api/compliance/audit-events")
    assert "recordings.download.granted" in [event["action"] for event in log["events"]]


async def test_alice_chooses_a_voice_and_sees_what_she_hears(
    visit: OpenVisitor, manifest: dict[str, Any]
) -> None:
    alice = await visit("alice")
    call_id = await with_the_caller_alone(alice, manifest)
    await alice.go(f"/calls?expand={call_id}")
    shown = alice.page.get_by_role("region", name="Recording")
    slider, voice = shown.get_by_role("slider"), shown.get_by_label("Voice")
    before, both = await place_on_page(shown), await seen(shown)
    assert CALLER_LASTS not in both
    # Before she hears anything, the picture alone changes, and the keyboard is enough.
    await voice.focus()
    await alice.page.keyboard.press("ArrowDown")
    await expect(voice).to_have_value("caller")
    await expect(shown.locator("[data-player-length]")).to_have_text(CALLER_LASTS)
    caller = await seen(shown)
    assert all(one != other for one, other in zip(both, caller, strict=True))
    await expect(slider).to_have_accessible_description(re.compile("^Loudest at 0:0[0-2];"))
    await picture(alice, "caller")
    await alice.page.keyboard.press("ArrowUp")
    await expect(shown.locator("[data-player-length]")).not_to_have_text(CALLER_LASTS)
    assert await seen(shown) == both
    # While she hears it, the position stays where it was, or at the end of what is shorter. Slowly: it must
    # not end before all of that was seen.
    await shown.get_by_label("Speed").select_option("0.75")
    await shown.get_by_role("button", name="Play the recording").click()
    await shown.get_by_role("button", name="+5 s on").click()
    at = await until(shown, 5)
    await voice.select_option("caller")
    await expect(shown.locator("[data-player-length]")).to_have_text(CALLER_LASTS)
    assert await seen(shown) == caller
    assert await seconds(shown) >= at
    await expect(shown.get_by_role("button", name="Pause the recording")).to_be_visible()
    await expect(slider).to_have_attribute("aria-valuetext", re.compile(f" of {CALLER_LASTS}$"))
    await shown.get_by_role("button", name="Pause the recording").click()
    await voice.select_option("mixed")
    await expect(shown.locator("[data-player-length]")).not_to_have_text(CALLER_LASTS)
    await slider.focus()
    for _ in range(4):
        await alice.page.keyboard.press("ArrowRight")
    await until(shown, at + 15)
    await voice.select_option("caller")
    await expect(shown.locator("[data-player-now]")).to_have_text(CALLER_LASTS)
    await expect(shown.get_by_role("button", name="Play the recording")).to_be_visible()
    assert await place_on_page(shown) == before


async def test_a_voice_that_cannot_be_had_leaves_the_one_there_was(
    visit: OpenVisitor, manifest: dict[str, Any]
) -> None:
    alice = await visit("alice")
    call_id = await with_the_caller_alone(alice, manifest)
    await alice.go(f"/calls?expand={call_id}")
    shown = alice.page.get_by_role("region", name="Recording")
    both = await seen(shown)
    await shown.get_by_role("button", name="Play the recording").click()
    await expect(shown.get_by_role("button", name="Pause the recording")).to_be_visible()
    await alice.page.route("**/recording/playback?side=caller", lambda route: route.abort())
    await shown.get_by_label("Voice").select_option("caller")
    await expect(shown.get_by_text("The portal could not be reached. Try again.")).to_be_visible()
    await expect(shown.get_by_label("Voice")).to_have_value("mixed")
    assert await seen(shown) == both
    await expect(shown.get_by_role("button", name="Pause the recording")).to_be_visible()
    assert alice.complaints == ["console error: Failed to load resource: net::ERR_FAILED"]
    alice.complaints.clear()  # what the browser says of an address that was cut off above


async def test_what_cannot_be_played_is_said_once_and_for_all(
    visit: OpenVisitor, manifest: dict[str, Any], axe: str
) -> None:
    alice = await visit("alice")
    listed = (await alice.ask("/api/calls?limit=100&status=completed"))["calls"]
    bare = [one for one in listed if one["recording"] is None and one["from_number"]]
    agreed = [one for one in bare if (one["consent"] or {}).get("state") in {"obtained", "not_required"}]
    mute, strange = agreed[-1], agreed[-2]
    key = next(
        one["key"]
        for one in manifest["api_keys"]
        if (one["scope"], one["client_id"]) == ("manage", mute["client_id"])
    )
    packed = sound("WAV", "IMA_ADPCM", 3.0)
    files = {
        # Blocks of no bytes: nobody can read it, and the worker says so.
        mute["call_id"]: packed[:32] + bytes(2) + packed[34:],
        # The worker reads it; this browser does not.
        strange["call_id"]: sound("WAV", "GSM610", 3.0),
    }
    async with aiohttp.ClientSession(manifest["api_url"], headers={"x-api-key": key}) as http:
        for call_id, content in files.items():
            async with http.put(f"/v1/calls/{call_id}/recording", data=content) as stored:
                assert stored.status in {200, 201}
    async with asyncio.timeout(MEASURED_WITHIN_S):
        while True:
            told = [await alice.ask(f"/api/calls/{call_id}/recording") for call_id in files]
            if [one["sides"][0]["measure"] for one in told] == ["unreadable", "done"]:
                break
            await asyncio.sleep(0.3)
    await alice.go(f"/calls?expand={mute['call_id']}")
    shown = alice.page.get_by_role("region", name="Recording")
    await expect(shown.get_by_text("The recording cannot be played here")).to_be_visible()
    await expect(shown.get_by_role("button", name="Play the recording")).to_be_hidden()
    await expect(shown.get_by_role("slider", include_hidden=True)).to_be_hidden()
    assert await violations(alice, axe) == []
    await picture(alice, "unreadable")
    await shown.get_by_role("button", name="Download", exact=True).click()
    dialog = alice.page.get_by_role("dialog", name="Download this recording?")
    async with alice.page.expect_download():
        await dialog.get_by_role("button", name="Download recording").click()
    await alice.go(f"/calls?expand={strange['call_id']}")
    await shown.get_by_role("button", name="Play the recording").click()
    await expect(shown.get_by_text("This recording cannot be played here.")).to_be_visible()
    await expect(shown.get_by_text("Try again in a minute")).to_have_count(0)


async def test_what_is_damaged_in_the_middle_is_asked_for_once_more_and_no_oftener(
    visit: OpenVisitor,
) -> None:
    alice = await visit("alice")
    await alice.page.add_init_script(BREAKS_OFF)
    shown = await player(alice)
    asked = []
    alice.page.on("request", lambda one: asked.append(one) if "/recording/playback" in one.url else None)
    await shown.get_by_role("button", name="Play the recording").click()
    await expect(shown.get_by_text("This recording cannot be played here.")).to_be_visible()
    assert len(asked) == 2
    # Elsewhere it may be whole.
    await shown.get_by_role("button", name="+5 s on").click()
    await until(shown, 5)
    async with asyncio.timeout(MEASURED_WITHIN_S):
        while len(asked) < 3:  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.05)
    await expect(shown.get_by_text("This recording cannot be played here.")).to_be_visible()
    assert len(asked) == 3


async def test_a_call_without_consent_says_so_and_staff_see_no_player(
    visit: OpenVisitor, manifest: dict[str, Any], people: dict[str, Person]
) -> None:
    alice = await visit("alice")
    # Of Chloe's line: at night the newest call is another's.
    call_id = await recorded(alice, people["chloe"].project_ids[0])
    call = (await alice.ask(f"/api/calls/{call_id}/preview"))["call"]
    new = {
        name: call[name]
        for name in ("project_id", "channel", "direction", "status", "started_at", "ended_at", "end_reason")
    }
    new |= {"external_id": "not-agreed", "agent": {"id": "a", "name": "A"}, "turns": []}
    new |= {"from_number": "+61291234567", "to_number": "+61280001234", "consent": {"state": "unavailable"}}
    key = next(
        one["key"]
        for one in manifest["api_keys"]
        if (one["scope"], one["client_id"]) == ("manage", call["client_id"])
    )
    address = await alice.ask(f"/api/calls/{call_id}/recording")
    assert address["playback"] == {"allowed": True, "reason": None}
    async with aiohttp.ClientSession(manifest["api_url"], headers={"x-api-key": key}) as http:
        async with http.post("/v1/calls", json=new) as made:
            other = (await made.json())["call_id"]
        async with http.put(f"/v1/calls/{other}/recording", data=wav(1.0)) as stored:
            assert stored.status in {200, 201}
    await alice.go(f"/calls?expand={other}")
    await expect(alice.page.get_by_text("The recording cannot be played")).to_be_visible()
    await expect(alice.page.get_by_role("region", name="Recording")).to_have_count(0)
    await picture(alice, "no-consent")
    chloe = await visit("chloe")
    await chloe.go(f"/calls?expand={call_id}")
    await expect(chloe.page.locator(".review")).to_be_visible()
    await expect(chloe.page.get_by_role("region", name="Recording")).to_have_count(0)


async def test_the_player_fits_a_phone_in_the_dark_and_reads_without_scripts(visit: OpenVisitor) -> None:
    alice = await visit("alice", viewport={"width": 390, "height": 844}, color_scheme="dark")
    shown = await player(alice)
    box = await shown.bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    await shown.scroll_into_view_if_needed()
    await picture(alice, "phone-dark")
    call_id = await recorded(alice)
    plain = await visit("alice", java_script_enabled=False)
    await plain.go(f"/calls?expand={call_id}")
    await expect(plain.page.get_by_text("Your browser plays it when JavaScript is on")).to_be_visible()
