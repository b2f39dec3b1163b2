"""One's own account, and the second factor that is missing."""

from __future__ import annotations

import asyncio
import re

import pytest

from tests.people import ADA, ALICE, CHLOE, HARBOUR, OSCAR, PRIYA
from tests.support.portal import Page, Town
from tests.together.newcomers import newcomer

CLOSED = ("/ops", "/ops/components", "/calls", "/settings", "/settings?section=notifications", "/nowhere")


async def test_alice_reads_who_she_is(town: Town) -> None:
    page = await (await town.of(ALICE)).get("/account")
    assert page.status == 200
    for word in ("Alice Example", "alice@harbour-dental.example", "Administrator", "Harbour Dental"):
        assert word in page.words


async def test_the_profile_section_is_the_account_for_everybody(town: Town) -> None:
    for someone in (ALICE, CHLOE, PRIYA, ADA):
        browser = await town.of(someone)
        page = await browser.get("/settings?section=profile")
        assert (page.status, someone.email in page.text) == (200, True)
        assert (await browser.get("/settings?section=nothing-there-is")).status == 404


def others(page: Page) -> set[str]:
    """What ends each other session of the list."""
    return set(re.findall(r'data-delete="(/api/sessions/[^"]+)"', page.text))


async def test_chloe_signs_out_her_other_device(town: Town) -> None:
    async with town.visitor(CHLOE) as here, town.stranger() as there:
        before = others(await here.get("/account"))
        await town.sign_in(there, CHLOE)
        page = await here.get("/account")
        assert "Sign out all other devices" in page.words
        (path,) = others(page) - before
        assert (await here.change("DELETE", path)).status == 204
        assert (await there.get("/calls")).location == "/access-denied"
        told = await there.get("/access-denied")
        assert told.status == 404
        assert "You have been signed out" in told.words
        assert (await here.get("/calls")).status == 200


async def test_priya_ends_the_sessions_of_a_clients_user_who_is_told_so(town: Town) -> None:
    someone = await newcomer(town)
    async with town.visitor(someone) as browser:
        (row,) = await town.sql("SELECT user_id FROM users WHERE email = $1", someone.email)
        path = f"/api/partner/clients/{HARBOUR}/users/{row['user_id']}/sessions"
        priya = await town.of(PRIYA)
        listed = (await priya.get(path)).json["sessions"]
        assert [one["current"] for one in listed] == [False]
        ended = await priya.change("DELETE", path)
        assert (ended.status, ended.json) == (200, {"revoked": 1})
        async with asyncio.timeout(5):
            while (refused := await browser.get("/api/session/state")).status == 200:
                pass
        assert (refused.status, refused.json["code"]) == (401, "session_revoked")
        told = await browser.get("/access-denied")
        assert "ended by whoever manages your organisation's accounts" in told.words


async def test_signing_in_again_gives_a_new_session_and_ends_the_former(town: Town) -> None:
    someone = await newcomer(town)
    async with town.visitor(someone) as browser:
        (former,) = (await browser.get("/api/sessions")).json["sessions"]
        await town.sign_in(browser, someone)
        (now,) = (await browser.get("/api/sessions")).json["sessions"]
        assert now["current"]
        assert now["session_id"] != former["session_id"]
        (row,) = await town.sql(
            "SELECT revoked_reason FROM sessions WHERE session_id = $1", former["session_id"]
        )
        assert row["revoked_reason"] == "replaced"


async def test_partners_and_operators_have_no_session_list(town: Town) -> None:
    for someone in (PRIYA, ADA):
        page = await (await town.of(someone)).get("/account")
        assert page.status == 200
        assert "Where you are signed in" not in page.words


async def test_oscar_without_a_second_factor_finds_his_account_and_nothing_else(town: Town) -> None:
    oscar = await town.of(OSCAR)
    home = await oscar.get("/")
    assert (home.status, home.location) == (302, "/account")
    page = await oscar.get("/account")
    assert page.status == 200
    assert "Set up and use a second factor" in page.words
    assert page.links("/ops") == []
    for path in CLOSED:
        assert (await oscar.get(path)).status == 404, path
    for path in ("/api/calls", "/api/projects", "/api/analytics/summary"):
        assert (await oscar.get(path)).status == 404, path


async def test_ada_with_her_second_factor_reads_that_it_is_satisfied(town: Town) -> None:
    page = await (await town.of(ADA)).get("/account")
    assert "Satisfied" in page.words


@pytest.mark.parametrize("someone", [ALICE, OSCAR])
async def test_refreshing_the_security_status_answers_the_policy(town: Town, someone: object) -> None:
    browser = await town.of(ALICE if someone is ALICE else OSCAR)
    answer = await browser.change("POST", "/api/session/mfa-refresh")
    assert answer.status == 200
    assert set(answer.json) == {"required", "satisfied", "state", "allowed_factors"}
