"""What "Load more" cannot load is said where it was asked for, and a session that ended leads to sign-in."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Locator, Route, expect

from tests.browser.access import violations
from tests.browser.conftest import OpenVisitor
from tests.browser.test_calls import review, rows
from tests.browser.visitor import Visitor

MORE = re.compile(r"[?&]cursor=")
FAILURES = {
    "429": "This was asked for more often than the system allows. Try again in 7 s.",
    "503": "That did not work. Try again in a minute. Request id 0123",
    "nothing": "The portal did not answer. Check your connection and try again.",
}
BAD_CURSOR = "The list has changed since it was loaded, so it does not go on from here."
LISTS = {
    "/calls": ("alice", "Load more calls"),
    "/audit-log": ("alice", "Load more events"),
}


def more_of(visitor: Visitor, name: str = "Load more calls") -> Locator:
    return visitor.page.get_by_role("link", name=name)


def heard(visitor: Visitor) -> Locator:
    return visitor.page.locator("#announcer")


def forgive(visitor: Visitor) -> None:
    """The browser and htmx name on the console what this test had fail; nothing else is said there."""
    unexpected = [
        one for one in visitor.complaints if not re.search(r"Failed to load|Response Status|htmx:", one)
    ]
    assert unexpected == []
    visitor.complaints.clear()


@pytest.mark.parametrize("failure", FAILURES)
async def test_more_that_does_not_come_is_said_and_can_be_asked_for_again(
    visit: OpenVisitor, axe: str, failure: str
) -> None:
    async def fail(route: Route) -> None:
        if failure == "nothing":
            await route.abort()
        else:
            headers = {"retry-after": "7", "x-request-id": "0123"}
            await route.fulfill(status=int(failure), headers=headers, content_type="text/html", body="No")

    alice = await visit("alice")
    await alice.go("/calls")
    before = await rows(alice).count()
    await alice.page.route(MORE, fail)
    await more_of(alice).press("Enter")
    note = alice.page.locator(".more-row [data-request-error]")
    await expect(note).to_have_text(FAILURES[failure])
    await expect(heard(alice)).to_have_text(FAILURES[failure])
    await expect(more_of(alice)).to_be_focused()
    assert await violations(alice, axe) == []
    # Said again to whoever only hears it, though the words are the same.
    await alice.page.evaluate(
        "new MutationObserver(() => { window.heardAgain = true })"
        ".observe(document.getElementById('announcer'), { childList: true })"
    )
    await more_of(alice).press("Enter")
    await alice.page.wait_for_function("window.heardAgain")
    await expect(heard(alice)).to_have_text(FAILURES[failure])
    await expect(note).to_have_count(1)
    await alice.page.unroute(MORE)
    await more_of(alice).press("Enter")
    await expect(rows(alice).nth(before)).to_be_visible()
    await expect(note).to_have_count(0)
    await expect(heard(alice)).to_contain_text("more calls")
    forgive(alice)


@pytest.mark.parametrize("path", LISTS)
async def test_a_list_that_does_not_go_on_is_loaded_anew(visit: OpenVisitor, path: str) -> None:
    who, name = LISTS[path]
    visitor = await visit(who)
    await visitor.go(path)

    async def spoil(route: Route) -> None:
        await route.continue_(url=re.sub(r"cursor=[^&]+", "cursor=from-yesterday", route.request.url))

    await visitor.page.route(MORE, spoil)
    before = await rows(visitor).count()
    await more_of(visitor, name).click()
    note = visitor.page.locator(".more-row [data-request-error]")
    await expect(note).to_have_text(f"{BAD_CURSOR} Reload the list")
    await expect(heard(visitor)).to_have_text(f"{BAD_CURSOR} Reload the list")
    await visitor.follow(note.get_by_role("link", name="Reload the list"))
    assert visitor.path == path
    await expect(rows(visitor)).to_have_count(before)
    forgive(visitor)


async def test_more_of_a_session_that_ended_leads_to_sign_in_and_back(visit: OpenVisitor) -> None:
    alice = await visit("alice")
    await alice.go("/calls?status=completed")
    await alice.context.clear_cookies()
    await more_of(alice).click()
    await expect(alice.page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert alice.path == "/sign-in?callbackUrl=%2Fcalls%3Fstatus%3Dcompleted"
    assert await rows(alice).count() == 0
    forgive(alice)


async def test_a_panel_of_a_session_that_ended_leads_to_sign_in(visit: OpenVisitor) -> None:
    ben = await visit("ben")
    await ben.go("/calls")
    await rows(ben).first.get_by_role("link").click()
    await expect(review(ben)).to_be_visible()
    await ben.context.clear_cookies()
    await review(ben).get_by_text("Unlock personal details").click()
    await expect(ben.page).to_have_url(re.compile(r"/sign-in\?callbackUrl="))
    forgive(ben)
