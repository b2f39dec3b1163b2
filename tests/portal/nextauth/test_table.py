"""Whatever next-auth would answer under `/api/auth/`, the portal's table lets through to its actions.

The one thing a newcomer would get wrong: `test_differential.py` asks the actions alone, past the table.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.people import ALICE

if TYPE_CHECKING:
    from tests.support.portal import Page, Town

MISCONFIGURED = {
    "message": "There is a problem with the server configuration. Check the server logs for more information."
}
ALWAYS_NEW = {"date", "x-request-id", "set-cookie"}


def said(page: Page) -> dict[str, str]:
    """The headers of an answer and its cookies' names, without what differs from one to the next."""
    headers = {
        name.lower(): re.sub(r"'nonce-[^']+'", "'nonce'", value)
        for name, value in page.headers.items()
        if name.lower() not in ALWAYS_NEW
    }
    return headers | {"cookies": " ".join(sorted(line.partition("=")[0] for line in page.cookies))}


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("path", ["/api/auth", "/api/auth/"])
async def test_a_path_without_an_action_is_a_misconfiguration(town: Town, method: str, path: str) -> None:
    async with town.stranger() as browser:
        page = await browser.ask(method, path)
    assert (page.status, page.json) == (500, MISCONFIGURED)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("providers", 200),
        ("csrf", 200),
        ("session", 200),
        ("signin", 302),
        ("signin/zitadel", 302),
        ("signout", 200),
        ("verify-request", 200),
        ("error?error=SessionRequired", 302),
        ("callback/zitadel?error=access_denied", 302),
        ("nothing", 400),
        ("_log", 400),
        ("", 500),
    ],
)
async def test_head_is_answered_as_get_without_a_body(town: Town, path: str, status: int) -> None:
    async with town.stranger() as browser:
        got = await browser.get(f"/api/auth/{path}")
        browser.http.cookie_jar.clear()
        head = await browser.ask("HEAD", f"/api/auth/{path}")
    assert (got.status, head.status, head.body) == (status, status, b"")
    assert said(head) == said(got)


async def test_head_of_alices_session_is_answered_as_she_is(town: Town) -> None:
    alice = await town.of(ALICE)
    got, head = await alice.get("/api/auth/session"), await alice.ask("HEAD", "/api/auth/session")
    assert got.json["user"]["email"] == ALICE.email
    assert (head.status, head.body, said(head)) == (200, b"", said(got))
    assert "next-auth.session-token" in said(head)["cookies"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "signin/whoever", 302),
        ("POST", "signin/whoever", 302),
        ("GET", "nothing/of", 400),
        ("POST", "nothing/of", 400),
    ],
)
async def test_words_behind_the_second_change_nothing(
    town: Town, method: str, path: str, status: int
) -> None:
    async with town.stranger() as browser:
        shorter = await browser.ask(method, f"/api/auth/{path}")
        for more in ("/that", "/that/is/longer"):
            browser.http.cookie_jar.clear()
            longer = await browser.ask(method, f"/api/auth/{path}{more}")
            assert (longer.status, longer.body) == (status, shorter.body)
            assert said(longer) == said(shorter)


@pytest.mark.parametrize(
    ("method", "path"),
    [("PUT", "session"), ("DELETE", ""), ("GET", "session/"), ("GET", "session%2f"), ("GET", "/session")],
)
async def test_what_no_row_holds_is_the_portals_own_404(town: Town, method: str, path: str) -> None:
    async with town.stranger() as browser:
        page = await browser.ask(method, f"/api/auth/{path}")
    assert page.status == 404
    assert b'"not_found"' in page.body
