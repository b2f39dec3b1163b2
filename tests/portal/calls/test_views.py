"""Saved views on the page of the list and on their own."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tests.people import ADA, ALICE, BEN, FRONT_DESK, HARBOUR, PRIYA

if TYPE_CHECKING:
    from tests.support.portal import Browser, Page, Town

PATH = "/api/call-views"


def menu(page: Page) -> str:
    """The menu of saved views."""
    found = re.search(r'<details class="menu views-menu".*?</details>', page.text, re.DOTALL)
    return found[0] if found else ""


async def save(browser: Browser, path: str, *views: dict[str, Any]) -> Page:
    now = (await browser.get(path)).json["version"]
    return await browser.change("PUT", path, {"expected_version": now, "views": list(views)})


async def test_ben_picks_a_view_that_he_saved(town: Town) -> None:
    ben = await town.of(BEN)
    view = {"name": "Missed & short", "query": {"status": "missed", "max_duration": "60"}}
    assert (await save(ben, PATH, view)).json["views"] == [view]
    page = await ben.get("/calls")
    assert "/calls?status=missed&max_duration=60" in page.links("/calls?")
    assert "Missed &amp; short" in menu(page)
    assert "Saved views" in menu(page)
    picked = await ben.get("/calls?status=missed&max_duration=60")
    assert '<span class="menu-name">Missed &amp; short</span>' in menu(picked)
    assert "Save these filters as" not in menu(picked)
    assert "Missed &amp; short" not in menu(await (await town.of(ALICE)).get("/calls"))


async def test_filters_are_offered_to_be_saved_without_the_callers_number(town: Town) -> None:
    alice = await town.of(ALICE)
    assert "Save these filters as" not in menu(await alice.get("/calls"))
    page = await alice.get(f"/calls?project_id={FRONT_DESK}&status=missed&caller=567")
    form = menu(page)
    assert "Save these filters as" in form
    assert 'name="views/0/query/status" value="missed"' in form
    assert "The caller's number is left out" in page.words
    assert '"567"' not in form


async def test_views_are_managed_on_a_page_of_their_own(town: Town) -> None:
    ben = await town.of(BEN)
    await save(ben, PATH, {"name": "Upset", "query": {"sentiment": "upset"}}, {"name": "All", "query": {}})
    page = await ben.get("/calls/views")
    assert page.status == 200
    for text in ('value="Upset"', 'name="views/0/query/sentiment" value="upset"', 'value="All"'):
        assert text in page.text
    await save(ben, PATH)
    assert "No saved views yet" in (await ben.get("/calls/views")).words


async def test_a_partner_keeps_views_by_client(town: Town) -> None:
    priya = await town.of(PRIYA)
    path = f"{PATH}?client_id={HARBOUR}"
    await save(priya, path, {"name": "Front desk", "query": {"project_id": FRONT_DESK}})
    assert menu(await priya.get("/calls")) == ""
    assert "Choose a project first" in (await priya.get("/calls/views")).words
    assert "Front desk" in menu(await priya.get(f"/calls?project_id={FRONT_DESK}"))
    assert (await priya.get(PATH)).status == 400
    assert (await (await town.of(ADA)).get(path)).status == 404
