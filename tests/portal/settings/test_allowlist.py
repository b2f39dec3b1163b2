"""Somebody whose network is not on their organisation's list, at the portal."""

from __future__ import annotations

import time

from aidial_contract.ids import new_id
from tests.people import BAYSIDE, BELLA, HARBOUR, MALLORY, PRIYA
from tests.portal.settings.closing import ALLOWLIST, ELSEWHERE, OFFICE, TENANT, closed, from_
from tests.support.portal import Browser, Town

AWAY = from_(ELSEWHERE)


async def test_each_family_says_so_in_its_own_way(town: Town) -> None:
    mallory = await town.of(MALLORY)
    async with closed(mallory):
        calls = await mallory.get("/api/calls", **AWAY)
        assert (calls.status, calls.json["error"]) == (403, "ip_not_allowed")
        projects = await mallory.get("/api/projects", **AWAY)
        assert (projects.status, projects.json["code"]) == (403, "ip_not_allowed")
        for path in (ALLOWLIST, TENANT, "/api/sessions"):
            page = await mallory.get(path, **AWAY)
            assert (page.status, page.json["error"]["code"]) == (403, "ip_not_allowed")
        assert (await mallory.get("/api/analytics/summary", **AWAY)).json["ok"] is False
        assert (await mallory.get("/api/calls", **from_(OFFICE))).status == 200
        assert (await mallory.get("/api/calls", **from_(f"::ffff:{OFFICE}"))).status == 200


async def test_a_page_says_what_happened_and_whom_to_ask(town: Town) -> None:
    mallory = await town.of(MALLORY)
    async with closed(mallory):
        for path in (
            "/",
            "/calls",
            "/audit-log",
            "/support/new",
            "/billing/payment-methods",
            "/settings",
            "/settings?section=ip-allowlist",
        ):
            page = await mallory.get(path, **AWAY)
            assert page.status == 403, path
            for words in (
                "You cannot come in from this network",
                ELSEWHERE,
                "Your organisation's administrator",
            ):
                assert words in page.words
            assert page.headers["x-request-id"] in page.text
            assert page.links("/account") == ["/account"]


async def test_somebody_shut_out_sees_their_account_and_can_sign_out(town: Town) -> None:
    admin = await town.of(MALLORY)
    async with town.stranger() as browser, closed(admin):
        await town.sign_in(browser, MALLORY)
        browser.http.headers.update({"x-forwarded-for": ELSEWHERE})
        for path in ("/account", "/settings?section=profile"):
            page = await browser.get(path)
            assert page.status == 200
            assert f"add your address, {ELSEWHERE}" in page.words
        assert (await browser.get("/api/session/state")).json["state"] == "active"
        assert (await browser.get("/api/calls")).status == 403
        await browser.sign_out()
        assert (await browser.get("/account")).location.startswith("/sign-in")


async def test_the_address_is_judged_last(town: Town) -> None:
    """Role, scope, a bad query and a missing proof are told first, as from anywhere."""
    mallory = await town.of(MALLORY)
    async with closed(mallory):
        for path in ("/ops", f"/calls?project_id={new_id()}", "/nowhere", "/settings?section=nothing"):
            assert (await mallory.get(path, **AWAY)).status == 404, path
        assert (await mallory.get("/api/settings/nothing", **AWAY)).status == 404
        assert (await mallory.get(f"/api/calls?client_id={HARBOUR}", **AWAY)).status == 404
        assert (await mallory.get("/api/calls?unknown=1", **AWAY)).status == 400
        headers = {"sec-fetch-site": "same-origin", "x-forwarded-for": ELSEWHERE}
        page = await mallory.ask("PUT", TENANT, headers=headers)
        assert page.json["error"]["code"] == "csrf_missing"
        page = await mallory.change("PUT", TENANT, {"value": {}}, **AWAY)
        assert page.json["error"]["code"] == "validation_failed"


async def test_a_browser_cannot_say_that_it_is_elsewhere(town: Town) -> None:
    mallory = await town.of(MALLORY)
    async with closed(mallory):
        lied = {"x_aidial_client_ip": OFFICE, "forwarded": f"for={OFFICE}", "x_real_ip": OFFICE}
        assert (await mallory.get("/api/calls", **lied, **AWAY)).status == 403
        # Only the nearest proxy's word counts, not what the visitor wrote before it.
        assert (await mallory.get("/api/calls", **from_(f"{OFFICE}, {ELSEWHERE}"))).status == 403


async def until(browser: Browser, status: int) -> None:
    """Ask until the answer is so; what was asked a second later is not answered otherwise any more."""
    since = time.monotonic()
    while True:
        asked = time.monotonic()
        if (await browser.get("/api/calls", **AWAY)).status == status:
            return
        assert asked - since < 1


async def test_it_takes_effect_and_is_lifted_within_a_second(town: Town) -> None:
    mallory = await town.of(MALLORY)
    await until(mallory, 200)
    async with closed(mallory):
        await until(mallory, 403)
    await until(mallory, 200)


async def test_a_partner_meets_it_where_they_ask_about_that_client(town: Town) -> None:
    bella, priya = await town.of(BELLA), await town.of(PRIYA)
    async with closed(bella):
        page = await priya.get(f"/api/calls?client_id={BAYSIDE}", **AWAY)
        assert (page.status, page.json["error"]) == (403, "ip_not_allowed")
        assert (await priya.get(f"/api/calls?client_id={BAYSIDE}", **from_(OFFICE))).status == 200
        assert (await priya.get(f"/api/calls?client_id={HARBOUR}", **AWAY)).status == 200
        listed = (await priya.get("/api/projects", **AWAY)).json["projects"]
        assert {one["client_id"] for one in listed} == {HARBOUR}
        assert (await priya.get("/calls", **AWAY)).status == 200
