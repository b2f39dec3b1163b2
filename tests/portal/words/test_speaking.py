"""People read the portal in their own language, and English is what it always was."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Final

from tests.people import ALICE, CHLOE
from tests.support.portal import Town
from tests.together.newcomers import newcomer

PROFILE: Final = "/api/settings/profile"
NO_EVENT: Final = "/audit-log?from=2001-01-01&to=2001-01-02"
"""Events of other tests hold English words that people wrote."""
SECTIONS: Final = ("tenant-settings", "business-hours", "notifications", "data-exports", "data-deletion")
PAGES: Final = (
    *(
        "/",
        "/calls",
        "/support",
        "/support/new",
        NO_EVENT,
        "/status",
        "/account",
        "/billing/usage",
        "/nowhere",
    ),
    *(f"/settings?section={section}" for section in SECTIONS),
)
ENGLISH: Final = re.compile(r"\b(the|and|with|your|this|that|from|of|to|are|is)\b", re.IGNORECASE)
"""What no Vietnamese sentence holds."""
SAID: Final = frozenset({"h1", "h2", "label", "legend", "th", "dt", "summary", "nav", "title"})
"""Where the portal speaks itself; elsewhere stand the words of callers, and of other tests."""


class Reader(HTMLParser):
    """What the portal itself says on a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self._within = 0
        self.said: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 - its own
        self._within += tag in SAID

    def handle_endtag(self, tag: str) -> None:
        self._within -= tag in SAID

    def handle_data(self, data: str) -> None:
        if self._within:
            self.said.append(data)


async def test_before_sign_in_the_browser_chooses_and_errors_follow(town: Town) -> None:
    async with town.stranger() as browser:
        page = await browser.get("/sign-in", accept_language="vi-VN,vi;q=0.9")
        assert '<html lang="vi">' in page.text
        assert "Đăng nhập" in page.words
        page = await browser.get("/access-denied", accept_language="vi")
        assert "Bạn đã đăng xuất" in page.words
        page = await browser.get("/sign-in", accept_language="fr")
        assert '<html lang="en-AU">' in page.text


async def test_an_administrator_chooses_vietnamese_and_every_page_follows(town: Town) -> None:
    someone = await newcomer(town)
    async with town.visitor(someone) as browser:
        page = await browser.get("/account")
        assert '<option value="vi" lang="vi">Tiếng Việt</option>' in page.text
        document = (await browser.get(PROFILE)).json
        value = {"first_name": "Nga", "last_name": "Nguyễn", "language": "vi"}
        saved = await browser.change(
            "PUT", PROFILE, {"expected_version": document["version"], "value": value}
        )
        assert saved.status == 200, saved.text
        # Whatever the browser asks for.
        for path in PAGES:
            page = await browser.get(path, accept_language="en-AU")
            assert '<html lang="vi">' in page.text, path
            said = Reader(page.text).said
            assert len(said) > 5, path
            assert [words for words in said if ENGLISH.search(words)] == [], path
        refused = await browser.change("PUT", PROFILE, {"expected_version": 1, "value": value})
        # What programs read stays English, with a key; the page's scripts say it in its language.
        assert refused.json["error"]["message"] == "Someone else changed this first."


async def test_english_is_as_it_was_whatever_the_browser_asks_for(town: Town) -> None:
    chloe = await town.of(CHLOE)
    page = await chloe.get("/calls", accept_language="vi")
    assert page.text.startswith('<!doctype html>\n<html lang="en-AU">\n<head>\n')
    for whole in (
        '<a class="skip-link" href="#content">Skip to the content</a>',
        "<h1>Calls</h1>",
        '<th scope="col" role="columnheader" class="col-caller">Caller</th>',
        "<p>You will be signed out to keep your callers' details safe.</p>",
    ):
        assert whole in page.text
    alice = await town.of(ALICE)
    page = await alice.get("/nowhere", accept_language="vi")
    assert "<dt>What to do</dt><dd>Check the address, or go to the start page.</dd>" in page.text
