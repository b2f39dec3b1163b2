"""How a session lives and ends, over portal, API, database and issuer together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.identity import query_of
from tests.support.portal import Browser
from tests.together.newcomers import (
    AT_ONCE_S,
    SESSION,
    another_portal,
    at,
    cookies_of,
    is_refused,
    let_end,
    look,
    newcomer,
    session_id_of,
    sql,
    within,
)

if TYPE_CHECKING:
    from tests.support.portal import Page, Town


async def leave(browser: Browser) -> Page:
    """Sign out as the page's own form does."""
    token = (await browser.get("/api/auth/csrf")).json["csrfToken"]
    return await browser.post_form("/api/auth/signout", {"csrfToken": token, "callbackUrl": "/sign-in"})


async def test_signing_out_ends_the_session_at_every_portal_within_a_second(town: Town) -> None:
    someone = await newcomer(town)
    async with another_portal(town) as url, town.visitor(someone) as browser, town.stranger() as thief:
        thief.http.cookie_jar.update_cookies({SESSION: cookies_of(browser)[SESSION]})
        elsewhere = at(thief, url)
        assert not await is_refused(browser)
        assert not await is_refused(elsewhere)
        answer = await leave(browser)
        assert answer.status == 302
        assert answer.headers["clear-site-data"] == '"cache", "storage"'
        assert query_of(answer.location).keys() == {
            "client_id",
            "post_logout_redirect_uri",
            "state",
            "logout_hint",
        }
        assert SESSION not in cookies_of(browser)
        await within(AT_ONCE_S, lambda: is_refused(elsewhere))
        assert (await elsewhere.get("/api/auth/session")).json == {}


async def test_the_other_sessions_end_and_this_one_goes_on(town: Town) -> None:
    someone = await newcomer(town)
    async with town.visitor(someone) as here, town.visitor(someone) as there, another_portal(town) as url:
        far = at(there, url)
        assert not await is_refused(far)
        assert (await here.change("POST", "/api/sessions/revoke-others")).json == {"revoked": 1}
        await within(AT_ONCE_S, lambda: is_refused(far))
        assert not await is_refused(here)
        listed = (await here.get("/api/sessions")).json["sessions"]
        assert [one["current"] for one in listed] == [True]


async def test_one_session_is_ended_by_its_owner_from_another(town: Town) -> None:
    someone = await newcomer(town)
    async with town.visitor(someone) as here, town.visitor(someone) as there:
        gone = session_id_of(town, there)
        assert (await here.change("DELETE", f"/api/sessions/{gone}")).status == 204
        await within(AT_ONCE_S, lambda: is_refused(there))
        again = await here.change("DELETE", f"/api/sessions/{gone}")
        assert again.status == 404


async def test_signing_in_again_gives_a_new_session_and_ends_the_one_this_browser_had(town: Town) -> None:
    """Fixation-proof, a step-up included: whoever knew the session of before has nothing of the one after."""
    someone = await newcomer(town)
    async with town.visitor(someone) as browser, town.stranger() as thief:
        before = session_id_of(town, browser)
        thief.http.cookie_jar.update_cookies({SESSION: cookies_of(browser)[SESSION]})
        assert not await is_refused(thief)
        await town.sign_in(browser, someone)
        after = session_id_of(town, browser)
        assert after != before
        assert not await is_refused(browser)
        await within(AT_ONCE_S, lambda: is_refused(thief))
        (row,) = await sql(town, "SELECT state, revoked_reason FROM sessions WHERE session_id = $1", before)
        assert (row["state"], row["revoked_reason"]) == ("revoked", "replaced")


async def test_a_planted_session_is_not_what_somebody_signs_in_to(town: Town) -> None:
    someone, planter = await newcomer(town), await newcomer(town)
    async with town.visitor(planter) as theirs, town.stranger() as browser:
        browser.http.cookie_jar.update_cookies({SESSION: cookies_of(theirs)[SESSION]})
        await town.sign_in(browser, someone)
        assert session_id_of(town, browser) != session_id_of(town, theirs)
        own = (await browser.get("/api/sessions")).json["sessions"]
        assert [one["session_id"] for one in own] == [session_id_of(town, browser)]
        assert not await is_refused(theirs)


async def told_why(browser: Browser, path: str = "/calls") -> str:
    """What a page says whose session is over; its cookies are gone."""
    page = await browser.get(path)
    assert (page.status, page.location) == (302, "/access-denied")
    assert SESSION not in cookies_of(browser)
    page = await browser.get(page.location)
    assert page.status == 404
    return page.words


async def test_a_sixth_session_ends_the_first_whose_page_says_so(town: Town) -> None:
    someone = await newcomer(town)
    async with town.visitor(someone) as oldest, town.visitor(someone) as second:
        for _ in range(4):
            # Not a visitor: those sign out when they leave.
            async with town.stranger() as browser:
                await town.sign_in(browser, someone)
                browser.http.cookie_jar.clear()
        await within(AT_ONCE_S, lambda: is_refused(oldest))
        assert not await is_refused(second)
        (row,) = await sql(
            town, "SELECT revoked_reason FROM sessions WHERE session_id = $1", session_id_of(town, oldest)
        )
        assert row["revoked_reason"] == "concurrent_limit"
        words = await told_why(oldest)
        assert "signed out" in words.lower()
        assert "session" in words.lower()


@pytest.mark.parametrize(
    ("column", "why"), [("idle_expires_at", "idle"), ("absolute_expires_at", "absolute")]
)
async def test_a_session_left_alone_too_long_is_over_and_says_so(town: Town, column: str, why: str) -> None:
    someone = await newcomer(town)
    async with town.visitor(someone) as browser:
        await let_end(town, session_id_of(town, browser), column)
        await within(AT_ONCE_S, lambda: is_refused(browser))
        answer = await look(browser, "/api/session/state")
        assert (answer.status, answer.json["code"]) == (401, "session_expired"), why
        words = await told_why(browser)
        assert "again" in words.lower()


async def test_what_ended_sessions_say_differs_by_why(town: Town) -> None:
    someone = await newcomer(town)
    async with town.visitor(someone) as revoked, town.visitor(someone) as here, town.visitor(someone) as idle:
        await let_end(town, session_id_of(town, idle))
        gone = session_id_of(town, revoked)
        assert (await here.change("DELETE", f"/api/sessions/{gone}")).status == 204
        await within(AT_ONCE_S, lambda: is_refused(revoked))
        await within(AT_ONCE_S, lambda: is_refused(idle))
        assert await told_why(revoked) != await told_why(idle)


async def test_a_portal_that_starts_anew_knows_its_people_by_their_cookies(town: Town) -> None:
    someone = await newcomer(town)
    async with town.visitor(someone) as browser:
        token = (await browser.get("/api/session/csrf")).json["csrf_token"]
        for _ in range(2):
            async with another_portal(town) as url:
                again = at(browser, url)
                assert (await again.get("/calls")).status == 200
                assert (await again.get("/api/session/csrf")).json["csrf_token"] == token
                assert (await again.change("POST", "/api/session/touch")).status == 200


async def test_another_portals_secret_opens_nothing_here(town: Town) -> None:
    someone = await newcomer(town)
    async with (
        town.visitor(someone) as browser,
        another_portal(town, nextauth_secret="a different secret of at least thirty-two bytes") as url,
    ):
        answer = await look(at(browser, url), "/api/projects")
        assert (answer.status, answer.json["code"]) == (401, "session_invalid")


async def test_signing_out_at_the_issuer_ends_the_portals_session(town: Town) -> None:
    """Back-channel logout, whole: issuer, portal, API, and the browser that finds out."""
    someone = await newcomer(town)
    async with town.visitor(someone) as browser, town.visitor(someone) as other:
        assert not await is_refused(browser)
        issuer = town.identity.issuer
        form = {"client_id": town.identity.client_id, "post_logout_redirect_uri": f"{town.url}/sign-in"}
        async with browser.http.get(
            f"{issuer}/oidc/v1/end_session", params=form, allow_redirects=False
        ) as answer:
            assert answer.status == 302
        await within(AT_ONCE_S, lambda: is_refused(browser))
        assert not await is_refused(other)
        (row,) = await sql(
            town,
            "SELECT actor_kind, why FROM audit_events WHERE target_id = $1 ORDER BY event_id DESC LIMIT 1",
            session_id_of(town, browser),
        )
        assert (row["actor_kind"], row["why"]) == ("system", "backchannel_logout")
        assert "signed out" in (await told_why(browser)).lower()
