"""How lists look is remembered by the browser: row height and columns of calls."""

from __future__ import annotations

import re

import pytest

from tests.people import ALICE, CHLOE
from tests.support.portal import Browser, Page, Town

OFFERED = "duration.outcome.sentiment.agent.project"


def table_classes(page: Page) -> set[str]:
    """What the table of calls leaves out."""
    found = re.search(r'<table class="table calls-table([^"]*)"', page.text)
    assert found
    return set(found[1].split())


def is_compact(page: Page) -> bool:
    return ' data-density="compact"' in page.text.partition(">\n<head")[0].partition("<head")[0]


async def choose(browser: Browser, query: str, came_from: str = "/calls?range=7d", **headers: str) -> Page:
    return await browser.get(f"/display?{query}", referer=browser.url.rstrip("/") + came_from, **headers)


async def test_alice_chooses_compact_rows_and_every_page_keeps_them(town: Town) -> None:
    async with town.visitor(ALICE) as alice:
        assert not is_compact(await alice.get("/calls"))
        chosen = await choose(alice, "rows=compact")
        assert (chosen.status, chosen.location) == (302, "/calls?range=7d")
        page = await alice.get("/support")
        assert is_compact(page)
        assert re.search(r'value="compact" aria-pressed="true"', page.text)
        await choose(alice, "rows=comfortable")
        assert not is_compact(await alice.get("/calls"))


async def test_alice_leaves_columns_out_in_her_browser_and_in_no_address(town: Town) -> None:
    async with town.visitor(ALICE) as alice:
        assert table_classes(await alice.get("/calls")) == set()
        chosen = await choose(alice, f"of={OFFERED}&duration=on&agent=on&project=on")
        assert chosen.location == "/calls?range=7d"
        page = await alice.get("/calls")
        assert table_classes(page) == {"without-outcome", "without-sentiment"}
        assert re.search(r'name="agent"[^>]* checked', page.text)
        assert not re.search(r'name="outcome" autocomplete="off" checked', page.text)
        # Where there is one project its column is not offered: that choice stays as it was.
        await choose(alice, f"of={OFFERED}&duration=on&outcome=on&sentiment=on&agent=on")
        await choose(alice, "of=duration.outcome.sentiment.agent&duration=on&outcome=on&sentiment=on")
        assert table_classes(await alice.get("/calls")) == {"without-agent", "without-project"}
    async with town.visitor(ALICE) as elsewhere:
        assert table_classes(await elsewhere.get("/calls")) == set()


async def test_another_sites_page_changes_nothing(town: Town) -> None:
    async with town.visitor(CHLOE) as chloe:
        answer = await choose(chloe, f"rows=compact&of={OFFERED}", sec_fetch_site="cross-site")
        assert answer.status == 302
        page = await chloe.get("/calls")
        assert (is_compact(page), table_classes(page)) == (False, set())


@pytest.mark.parametrize(
    "referer",
    [
        "",
        "https://evil.example/calls",
        "{origin}.evil.example/",
        "{origin}//evil.example/",
        "{origin}/display?rows=compact",
    ],
)
async def test_it_leads_back_to_a_page_of_ours_and_nowhere_else(town: Town, referer: str) -> None:
    alice = await town.of(ALICE)
    answer = await alice.get("/display", referer=referer.format(origin=alice.url.rstrip("/")))
    assert (answer.status, answer.location) == (302, "/")


async def test_a_stranger_signs_in_first(town: Town) -> None:
    async with town.stranger() as stranger:
        answer = await stranger.get("/display?rows=compact")
        assert answer.status == 302
        assert "aidial.density" not in str(answer.headers)
