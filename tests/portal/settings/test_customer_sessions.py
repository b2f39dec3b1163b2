"""`/settings?section=customer-sessions`: a partner administrator sees who is signed in, and ends it."""

from __future__ import annotations

import pytest

from tests.people import ADA, ALICE, BAYSIDE, CHLOE, HARBOUR, NORTHSIDE, PRIYA, TOM, Someone
from tests.support.portal import Town
from tests.together.newcomers import is_refused, newcomer, session_id_of

PAGE = "/settings?section=customer-sessions"
PATH = f"/api/partner/clients/{HARBOUR}"


async def test_priya_ends_one_session_of_somebody_and_then_all(town: Town) -> None:
    priya, someone = await town.of(PRIYA), await newcomer(town, CHLOE)
    async with town.visitor(someone) as here, town.visitor(someone) as there:
        one, other = session_id_of(town, here), session_id_of(town, there)
        page = await priya.get(f"{PAGE}&client_id={HARBOUR}")
        assert f"{someone.first_name} Newcomer" in page.words
        assert someone.email in page.words
        for session_id in (one, other):
            assert f'data-delete="{PATH}/sessions/{session_id}"' in page.text
        assert (await priya.change("DELETE", f"{PATH}/sessions/{other}")).status == 204
        assert await is_refused(there)
        assert not await is_refused(here)
        listed = (await priya.get(f"{PATH}/sessions")).json["sessions"]
        (theirs,) = [row for row in listed if row["person"] == someone.email]
        assert theirs["session_id"] == one
        ended = await priya.change("DELETE", f"{PATH}/users/{theirs['user_id']}/sessions")
        assert ended.json == {"revoked": 1}
        assert await is_refused(here)
        assert someone.email not in (await priya.get(f"{PAGE}&client_id={HARBOUR}")).words


async def test_the_section_is_in_the_menu_and_asks_which_client(town: Town) -> None:
    priya = await town.of(PRIYA)
    page = await priya.get(PAGE)
    assert PAGE in page.links("/settings?")
    assert {f'value="{one}"' in page.text for one in (HARBOUR, BAYSIDE)} == {True}
    assert (await priya.get(f"{PAGE}&client_id={NORTHSIDE}")).status == 404
    assert (await priya.get(f"{PAGE}&client_id=No%20Id")).status == 404


@pytest.mark.parametrize("someone", [ALICE, TOM, ADA], ids=lambda one: one.name)
async def test_nobody_else_has_the_section_or_its_rows(town: Town, someone: Someone) -> None:
    browser = await town.of(someone)
    assert (await browser.get(f"{PAGE}&client_id={HARBOUR}")).status == 404
    assert (await browser.get(f"{PATH}/sessions")).status == 404
    own = session_id_of(town, browser)
    assert (await browser.change("DELETE", f"{PATH}/sessions/{own}")).status == 404
    assert (await browser.get("/api/session/state")).json["state"] == "active"
