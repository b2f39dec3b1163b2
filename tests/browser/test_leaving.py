"""People leave, on purpose or by falling asleep, and nothing private stays behind."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.async_api import Browser, expect

from tests.aidial.demo.running import Demo
from tests.browser.access import violations
from tests.browser.conftest import PATIENT, OpenVisitor, people_of
from tests.browser.visitor import Person, Visitor

# The warning comes two minutes before the end, three seconds after signing in; every touch counts at once.
DROWSY = {"AIDIAL_SESSION_IDLE_MINUTES": "2.05", "AIDIAL_SESSION_TOUCH_SECONDS": "1"}
NOTE_ITS_END = """dialog => {
  dialog.ended = new Promise(resolve => dialog.addEventListener('close', () => resolve(true)));
}"""


async def test_alice_signs_out_and_her_back_button_shows_nothing(
    visit: OpenVisitor, people: dict[str, Person]
) -> None:
    alice = await visit()
    await alice.sign_in(people["alice"])
    await alice.go("/calls")
    caller = await alice.page.locator(".col-caller").nth(1).inner_text()
    await alice.sign_out()
    left = [cookie["name"] for cookie in await alice.context.cookies(alice.portal_url)]
    assert [name for name in left if "session-token" in name] == []
    for _ in range(3):
        await alice.page.go_back()
        await alice.page.wait_for_load_state()
        assert caller.strip() not in await alice.page.content()
        assert "Alice" not in await alice.page.content()
    await alice.go("/calls")
    assert alice.path.startswith("/sign-in?callbackUrl=")
    # The issuer's session ended too: it asks for the password again.
    await alice.prove_at("/calls", people["alice"])
    assert alice.path == "/calls"


async def test_bianca_signs_out_everywhere_here_at_the_other_browser_and_at_the_provider(
    visit: OpenVisitor, people: dict[str, Person]
) -> None:
    here, there = await visit(), await visit()
    for browser in (here, there):
        await browser.sign_in(people["bianca"])
    await here.go("/settings?section=active-sessions")
    await here.page.get_by_role("button", name="Sign out everywhere").click()
    await expect(here.page.get_by_role("heading", name="Sign in")).to_be_visible()
    await here.go("/calls")
    assert here.path.startswith("/sign-in?callbackUrl=")
    # The provider's own session ended, too: it asks for the password again.
    await here.give_email(people["bianca"].email)
    await expect(here.page.get_by_label("Password")).to_be_visible()
    await there.until_refused()
    await expect(there.page.get_by_role("heading", level=1)).to_be_visible()
    await expect(there.page.get_by_text("signed out").first).to_be_visible()


@pytest.mark.parametrize("name", ["alice", "chloe", "tom"])
async def test_everything_can_be_read_and_left_without_a_script(
    visit: OpenVisitor, people: dict[str, Person], name: str
) -> None:
    reader = await visit(java_script_enabled=False)
    await reader.sign_in(people[name])
    await expect(reader.page.get_by_role("region", name="Key figures")).to_be_visible()
    volume = reader.page.get_by_role("region", name="Call volume")
    await volume.get_by_text("View as table").click()
    await expect(volume.locator(".chart-table table")).to_be_visible()
    await reader.follow(reader.page.get_by_label("Main").get_by_role("link", name="Calls"))
    await reader.page.get_by_label("Status", exact=True).select_option("Completed")
    await reader.follow(reader.page.get_by_role("button", name="Apply filters"))
    first = reader.page.locator("tr.row-item").first
    call_id = await first.get_attribute("data-call")
    await reader.follow(first.locator("a"))
    await expect(reader.page.get_by_role("group", name="Call review")).to_be_visible()
    assert f"expand={call_id}" in reader.path
    await reader.follow(reader.page.get_by_role("link", name="Close"))
    await expect(reader.page.get_by_role("group", name="Call review")).to_have_count(0)
    await reader.follow(reader.page.get_by_role("link", name="Load more calls"))
    assert "cursor=" in reader.path
    await expect(reader.page.locator("tr.row-item").first).not_to_have_attribute("data-call", call_id or "")
    await reader.sign_out()
    await reader.go("/calls")
    assert reader.path.startswith("/sign-in")


@pytest.fixture(scope="module")
def drowsy(chromium_path: str, start_demo: Callable[..., Demo]) -> dict[str, Any]:
    """`demo.json` of a demo in which people fall asleep soon."""
    return start_demo("--calls", "1", env=PATIENT | DROWSY).manifest


async def test_ben_is_warned_before_his_session_ends_and_stays(
    browser: Browser, drowsy: dict[str, Any]
) -> None:
    async with await browser.new_context() as context:
        ben = Visitor(context, await context.new_page(), drowsy["portal_url"], drowsy["issuer"])
        ben.watch()
        await ben.sign_in(people_of(drowsy)["ben"])
        warning = ben.page.get_by_role("dialog", name="Are you still there?")
        await expect(warning).to_be_visible(timeout=30_000)
        await expect(warning.get_by_role("timer")).to_have_text(re.compile(r"^[12]:\d\d$"))
        before = (await ben.ask("/api/session/state"))["idle_expires_at"]
        stay = warning.get_by_role("button", name="Stay signed in")
        await expect(stay).to_be_focused()
        # Noted, not looked for: the next warning is three seconds away.
        await warning.evaluate(NOTE_ITS_END)
        async with ben.page.expect_response("**/api/session/touch") as touched:
            await stay.click()
        answer = await touched.value
        assert answer.ok
        assert (await answer.json())["idle_expires_at"] > before
        assert await ben.page.locator("#session-warning").evaluate("dialog => dialog.ended")
        assert ben.complaints == []


async def test_priya_signs_chloe_out_of_one_browser_and_no_other(
    visit: OpenVisitor, people: dict[str, Person], axe: str
) -> None:
    here, there = await visit(), await visit()
    for browser in (here, there):
        await browser.sign_in(people["chloe"])
    listed = await (await there.context.request.get(f"{there.portal_url}/api/sessions")).json()
    (ended,) = [one["session_id"] for one in listed["sessions"] if one["current"]]
    priya = await visit("priya")
    await priya.go("/settings?section=customer-sessions&client_id=harbour-dental")
    button = priya.page.locator(f"button[data-delete$='/sessions/{ended}']")
    await expect(button).to_be_visible()
    assert await violations(priya, axe) == []
    await button.click()
    await expect(button).to_have_count(0)
    await expect(priya.page.get_by_role("heading", name="Customers' sessions")).to_be_visible()
    await there.until_refused()
    await expect(there.page.get_by_text("signed out").first).to_be_visible()
    assert await here.go("/calls") == 200
