"""`/settings?section=active-sessions`: where one is signed in, for those who manage their own sessions."""

from __future__ import annotations

import pytest

from tests.people import ADA, ALICE, BEN, CHLOE, PRIYA, TOM, Someone
from tests.support.portal import Town
from tests.together.newcomers import newcomer, session_id_of

PAGE = "/settings?section=active-sessions"


@pytest.mark.parametrize("someone", [ALICE, BEN, CHLOE], ids=lambda one: one.name)
async def test_each_client_role_finds_this_device_and_a_way_to_the_page(town: Town, someone: Someone) -> None:
    visitor = await town.of(someone)
    page = await visitor.get(PAGE)
    assert page.status == 200
    assert "This device" in page.words
    assert f'data-delete="/api/sessions/{session_id_of(town, visitor)}"' not in page.text
    assert PAGE in page.links("/settings?")


async def test_another_device_is_named_and_can_be_signed_out(town: Town) -> None:
    someone = await newcomer(town)
    async with town.visitor(someone) as here, town.visitor(someone) as there:
        other = session_id_of(town, there)
        page = await here.get(PAGE)
        assert f'data-delete="/api/sessions/{other}"' in page.text
        assert "Sign out all other devices" in page.words
        assert "Sign out everywhere" in page.words
        assert (await here.change("DELETE", f"/api/sessions/{other}")).status == 204
        page = await here.get(PAGE)
        assert other not in page.text
        assert "Sign out everywhere" not in page.words


async def test_the_old_name_leads_to_the_new_one(town: Town) -> None:
    answer = await (await town.of(CHLOE)).get("/settings?section=session-management")
    assert (answer.status, answer.location) == (302, PAGE)


@pytest.mark.parametrize("someone", [PRIYA, TOM, ADA], ids=lambda one: one.name)
async def test_others_have_no_such_section_by_either_name(town: Town, someone: Someone) -> None:
    visitor = await town.of(someone)
    for path in (PAGE, "/settings?section=session-management"):
        assert (await visitor.get(path)).status == 404
