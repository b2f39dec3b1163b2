"""The portal in another language than English, as a person with a phone meets it.

Alice chooses Vietnamese, walks, and chooses English again, because everybody shares the demo. The one thing a
newcomer would get wrong: what callers said, names and codes stay as they are, so words are looked for in what
the portal itself says.
"""

from __future__ import annotations

import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

from playwright.async_api import expect

from tests.browser.access import bad_colours, violations
from tests.browser.conftest import OpenVisitor
from tests.browser.places import Place
from tests.browser.visitor import Visitor

PICTURES: Final = os.environ.get("AIDIAL_PICTURES")
PHONE: Final = {"width": 390, "height": 844}
STOPS: Final = (
    Place("dashboard", "/", "alice"),
    Place("calls", "/calls", "alice"),
    Place("review", "/calls?expand=", "alice"),
    Place("status", "/status", "alice"),
    Place("account", "/account", "alice"),
    Place("settings", "/settings", "alice"),
    Place("hours", "/settings?section=business-hours", "alice"),
    Place("notifications", "/settings?section=notifications", "alice"),
    Place("nowhere", "/nowhere", "alice", 404),
)
SAID: Final = """() => [...document.querySelectorAll(
    'nav span, h1, h2, label, button, th[scope=col], dt, summary, .field-help, .empty p, .kpi-label')]
  .filter(one => one.checkVisibility()).map(one => one.innerText)"""
ENGLISH: Final = re.compile(
    r"\b(the|and|with|your|this|that|from|of|are|is|calls?|started|caller|status)\b", re.IGNORECASE
)
SIDEWAYS: Final = "() => document.documentElement.scrollWidth - innerWidth"


async def look(visitor: Visitor, axe: str, name: str) -> None:
    """axe by day and by night, nothing that scrolls sideways whichever way one reads, the language said."""
    page = visitor.page
    assert await page.evaluate("document.documentElement.lang") == "vi", name
    for scheme in ("light", "dark"):
        await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        looked = violations(visitor, axe) if scheme == "light" else bad_colours(visitor)
        assert await looked == [], f"{name}, {scheme}"
        if PICTURES:
            await page.screenshot(path=Path(PICTURES) / f"vi-{name}-{scheme}.png", full_page=True)
    assert [words for words in await page.evaluate(SAID) if ENGLISH.search(words)] == [], name
    assert await page.evaluate(SIDEWAYS) <= 0, name
    await page.evaluate("document.documentElement.dir = 'rtl'")
    assert await page.evaluate(SIDEWAYS) <= 0, f"{name}, from right to left"
    if PICTURES:
        await page.screenshot(path=Path(PICTURES) / f"rtl-{name}.png", full_page=True)


async def choose(visitor: Visitor, tag: str) -> None:
    """On the account page, which is drawn anew in that language."""
    await visitor.go("/account")
    await visitor.page.locator("#value-language").select_option(tag)
    async with visitor.page.expect_navigation():
        await visitor.page.locator("form.settings-form button[type=submit]").click()
    await visitor.ready()
    await expect(visitor.page.locator("html")).to_have_attribute("lang", tag)


@asynccontextmanager
async def in_vietnamese(visitor: Visitor) -> AsyncIterator[None]:
    await choose(visitor, "vi")
    try:
        yield
    finally:
        # In another tab: where a test ended half-way, words may wait that are not let go without asking.
        await choose(replace(visitor, page=await visitor.context.new_page()), "en-AU")


async def test_sign_in_follows_the_browser(visit: OpenVisitor, axe: str) -> None:
    visitor = await visit(locale="vi-VN", viewport=PHONE)
    assert await visitor.go("/sign-in") == 200
    await expect(visitor.page.get_by_role("heading", name="Đăng nhập")).to_be_visible()
    await look(visitor, axe, "sign-in")


async def test_alice_walks_through_the_portal_in_vietnamese(visit: OpenVisitor, axe: str) -> None:
    visitor = await visit("alice", viewport=PHONE, reduced_motion="reduce")
    async with in_vietnamese(visitor):
        for place in STOPS:
            await place.open(visitor)
            await look(visitor, axe, place.name)


async def test_scripts_speak_vietnamese_too(visit: OpenVisitor) -> None:
    visitor = await visit("alice")
    async with in_vietnamese(visitor):
        await visitor.go("/calls")
        await visitor.page.keyboard.press("Control+K")
        palette = visitor.page.locator("#palette")
        await expect(palette.get_by_role("option", name="Dùng giao diện tối")).to_be_visible()
        await expect(palette.get_by_role("option", name="Cài đặt")).to_be_visible()
        await visitor.page.keyboard.press("Escape")
        await visitor.go("/account")
        first_name = visitor.page.locator("#value-first_name")
        name = await first_name.input_value()
        await first_name.fill("")
        await visitor.page.locator("form.settings-form button[type=submit]").click()
        problem = visitor.page.get_by_role("alert").filter(has_text="Một số mục cần sửa")
        await expect(problem.get_by_role("link", name="Tên: ")).to_be_visible()
        # Nothing is left unsaved, or the page would ask before it lets go.
        await first_name.fill(name)
        await visitor.page.locator("form.settings-form button[type=submit]").click()
        await expect(visitor.page.locator("form.settings-form[data-changed]")).to_have_count(0)
