"""Who may change something on the portal: Fetch Metadata, Origin, token and cookie in every combination."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest

from aidial_contract.headers import API_KEY
from aidial_portal.kernel.route import Kind
from aidial_portal.routes import all_rows
from tests.matrix.portal_expected import assert_is_error, family
from tests.matrix.portal_requests import example, is_public
from tests.matrix.portal_visitors import BY_NAME, CSRF, SESSION, Papers, ask, papers_from, papers_of, without
from tests.people import ALICE, HARBOUR
from tests.together.newcomers import another_portal, newcomer

if TYPE_CHECKING:
    from tests.support.portal import Page, Town

TOUCH = "/api/session/touch"
SITES = ("same-origin", "same-site", "cross-site", "none", None)
ORIGINS = ("ours", "http://evil.example", "null", None)
TOKENS = ("good", "another session's", "tampered", "missing")
READABLE = [row for row in all_rows() if not is_public(row) and row.kind is Kind.API]
PAGES = [row for row in all_rows() if not is_public(row) and row.kind is Kind.PAGE]
UNSAFE = [row for row in READABLE if row.unsafe]


async def alices(town: Town) -> Papers:
    """Alice's papers."""
    return await papers_of(town, BY_NAME["alice"])


async def others_token(town: Town) -> str:
    """A token that is good for somebody else's session."""
    return (await papers_of(town, BY_NAME["mallory"])).csrf


def expected(site: str | None, origin: str | None, token: str, cookie: str) -> str:
    """The contract's sentence, once more; "" for what may pass."""
    from_here = site == "same-origin" if site is not None else origin == "ours"
    if not from_here:
        return "cross_site_request"
    if "missing" in {token, cookie}:
        return "csrf_missing"
    return "" if (token, cookie) == ("good", "good") else "csrf_invalid"


@pytest.mark.parametrize("site", SITES)
@pytest.mark.parametrize("origin", ORIGINS)
async def test_a_change_passes_only_from_our_own_page_with_its_own_token(
    town: Town, site: str | None, origin: str | None
) -> None:
    papers = await alices(town)
    texts = {
        "good": papers.csrf,
        "another session's": await others_token(town),
        "tampered": papers.csrf[:-1] + ("A" if papers.csrf[-1] != "A" else "B"),
    }
    for token, cookie in product(TOKENS, TOKENS):
        own = without(papers, CSRF)
        if cookie != "missing":
            own = replace(own, cookies={**own.cookies, CSRF: texts[cookie]})
        headers = {"cookie": own.cookie}
        if token != "missing":
            headers["x-csrf-token"] = texts[token]
        if site is not None:
            headers["sec-fetch-site"] = site
        if origin is not None:
            headers["origin"] = town.url if origin == "ours" else origin
        page = await ask(town, "POST", TOUCH, headers)
        code = expected(site, origin, token, cookie)
        if code:
            assert_is_error(page, "transport", code)
            assert not page.cookies
        else:
            assert page.status == 200, (token, cookie)


@pytest.mark.parametrize("row", UNSAFE, ids=lambda row: row.name)
async def test_every_change_asks_for_the_proof(town: Town, row: Any) -> None:
    papers = await alices(town)
    good = await example(town, row)
    kind = family(row.method, row.path)
    page = await ask(town, row.method, good.path, {"cookie": papers.cookie})
    assert_is_error(page, kind, "cross_site_request")
    page = await ask(town, row.method, good.path, {"cookie": papers.cookie, "sec-fetch-site": "same-origin"})
    assert_is_error(page, kind, "csrf_missing")


@pytest.mark.parametrize("row", [*READABLE, *PAGES], ids=lambda row: row.name)
async def test_a_key_or_a_bearer_from_a_browser_is_refused_and_goes_no_further(
    town: Town, row: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, told = town.api.app, []
    answer = app._answer

    async def heard(scope: Any, receive: Any, send: Any) -> None:
        told.append(dict(scope["headers"]))
        await answer(scope, receive, send)

    monkeypatch.setattr(app, "_answer", heard)
    papers = await alices(town)
    key = town.keys[HARBOUR]
    for credential in (
        {API_KEY: key},
        {"authorization": f"Bearer {key}"},
        {"authorization": f"bEaReR {key}"},
    ):
        headers = papers.headers(unsafe=row.unsafe) | credential
        page = await ask(town, row.method, (await example(town, row)).path, headers)
        assert_is_error(page, family(row.method, row.path), "browser_credential_rejected")
    assert all(key.encode() not in b" ".join(headers.values()) for headers in told)


async def test_another_scheme_of_authorization_is_ignored(town: Town) -> None:
    headers = (await alices(town)).headers(unsafe=False) | {"authorization": "Basic YWxpY2U6c2VjcmV0"}
    assert (await ask(town, "GET", "/api/projects", headers)).status == 200


async def test_somebody_anonymous_with_a_key_is_told_to_sign_in_not_that_the_key_is_good(town: Town) -> None:
    for key in (town.keys[HARBOUR], "adk_live_nonsense"):
        page = await ask(town, "GET", "/api/projects", {API_KEY: key})
        assert_is_error(page, "transport", "session_missing")


def _broken(value: str) -> dict[str, str]:
    secure = f"__Secure-{SESSION}"
    return {
        "twice": f"{SESSION}={value}; {SESSION}={value}",
        "whole and in pieces": f"{SESSION}={value}; {SESSION}.0={value}",
        "under both names": f"{SESSION}={value}; {secure}={value}",
        "a missing piece": f"{SESSION}.0={value[:100]}; {SESSION}.2={value[100:]}",
        "nine pieces": "; ".join(f"{SESSION}.{number}={value[:9]}" for number in range(9)),
        "a piece that is none": f"{SESSION}.x={value}",
    }


POLICIES = ("/api/auth/session", "/api/auth/csrf", "/api/session/state", "/api/session/csrf")


@pytest.mark.parametrize("how", list(_broken("v")))
async def test_a_session_cookie_that_breaks_the_policy_is_403_on_auth_and_session_and_401_elsewhere(
    town: Town, how: str
) -> None:
    cookie = _broken((await alices(town)).cookies[SESSION])[how]
    for path in POLICIES:
        page = await ask(town, "GET", path, {"cookie": cookie})
        assert_is_error(page, family("GET", path), "session_cookie_policy")
    for path in ("/api/projects", "/api/calls", "/api/sessions", "/api/analytics/summary"):
        page = await ask(town, "GET", path, {"cookie": cookie})
        assert_is_error(page, family("GET", path), "session_invalid")
    page = await ask(town, "GET", "/calls", {"cookie": cookie})
    assert (page.status, page.location) == (302, "/sign-in?callbackUrl=%2Fcalls")


async def test_an_https_portal_refuses_the_plain_name_and_takes_the_secure_one(town: Town) -> None:
    value = (await alices(town)).cookies[SESSION]
    async with another_portal(town, nextauth_url=town.url.replace("http://", "https://")) as url:
        page = await _at(town, url, "/api/session/state", f"{SESSION}={value}")
        assert_is_error(page, "transport", "session_cookie_policy")
        page = await _at(town, url, "/api/projects", f"{SESSION}={value}")
        assert_is_error(page, "transport", "session_invalid")
        assert page.headers["strict-transport-security"].startswith("max-age=")
        # next-auth has one key for both names: only the name says that the cookie came over https.
        assert (await _at(town, url, "/api/projects", f"__Secure-{SESSION}={value}")).status == 200


async def _at(town: Town, url: str, path: str, cookie: str) -> Page:
    async with town.stranger() as browser:
        browser.url = url
        page = await browser.ask("GET", path, headers={"cookie": cookie})
        browser.url = town.url
        return page


async def test_two_tabs_hold_the_same_token_and_both_go_on_working(town: Town) -> None:
    browser = await town.of(ALICE)
    first = (await browser.get("/calls")).text
    second = (await browser.get("/account")).text
    marker = '<meta name="csrf-token" content="'
    tokens = {page.split(marker)[1].split('"')[0] for page in (first, second)}
    tokens.add((await browser.get("/api/session/csrf")).json["csrf_token"])
    assert len(tokens) == 1
    headers = {"x-csrf-token": tokens.pop(), "sec-fetch-site": "same-origin"}
    for _ in range(2):
        answer = await browser.ask("POST", TOUCH, headers=headers)
        assert (answer.status, answer.cookies) == (200, ())


async def test_the_token_changes_when_somebody_signs_in_anew(town: Town) -> None:
    someone = await newcomer(town)
    async with town.visitor(someone) as browser:
        before = await papers_from(browser)
        await town.sign_in(browser, someone)
        after = await papers_from(browser)
        assert before.csrf != after.csrf
        stale = replace(after, cookies={**after.cookies, CSRF: before.csrf}, csrf=before.csrf)
        page = await ask(town, "POST", TOUCH, stale.headers(unsafe=True))
        assert_is_error(page, "transport", "csrf_invalid")
        assert (await ask(town, "POST", TOUCH, after.headers(unsafe=True))).status == 200


async def test_a_planted_token_cookie_is_replaced_by_the_next_page(town: Town) -> None:
    papers = await alices(town)
    planted = replace(papers, cookies={**papers.cookies, CSRF: await others_token(town)})
    page = await ask(town, "GET", "/calls", planted.headers(unsafe=False))
    (fresh,) = [cookie for cookie in page.cookies if cookie.startswith(f"{CSRF}=")]
    assert "HttpOnly" in fresh
    assert "SameSite=Lax" in fresh
    assert "Path=/" in fresh
    token = fresh.partition("=")[2].partition(";")[0]
    good = replace(papers, cookies={**papers.cookies, CSRF: token}, csrf=token)
    assert (await ask(town, "POST", TOUCH, good.headers(unsafe=True))).status == 200
