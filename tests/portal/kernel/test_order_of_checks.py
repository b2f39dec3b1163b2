"""Adjacent pairs of the order of checks: both causes are there, the earlier one answers."""

from __future__ import annotations

import aiohttp
import pytest

from aidial_contract import errors
from aidial_contract.limits import Numbers
from aidial_serving import draining
from tests.portal.kernel.scripted import (
    RunningPortal,
    ScriptedApi,
    ScriptedIssuer,
    code_of,
    context_of,
    raw_exchange,
    running_portal,
)

PROJECT = "0192f0c1-2222-7000-8000-000000000001"


async def test_a_wrong_host_is_told_before_a_missing_session(portal: RunningPortal) -> None:
    status, _, body, closed = await raw_exchange(
        portal.port, b"GET /api/projects HTTP/1.1\r\nHost: elsewhere.example\r\n\r\n"
    )
    assert (status, code_of(body), closed) == (400, "host_invalid", True)


async def test_too_large_a_body_is_told_before_a_missing_session(
    portal: RunningPortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(draining, "IDLE_S", 0.2)
    host = f"Host: 127.0.0.1:{portal.port}"
    head = f"POST /api/session/touch HTTP/1.1\r\n{host}\r\nContent-Length: 2000000\r\n\r\n"
    status, _, body, closed = await raw_exchange(portal.port, head.encode())
    assert (status, code_of(body), closed) == (413, "body_too_large", True)


async def test_somebody_anonymous_with_a_key_is_told_to_sign_in(
    portal: RunningPortal, browser: aiohttp.ClientSession
) -> None:
    async with browser.get(f"{portal.url}/api/projects", headers={"x-api-key": "adk_x"}) as answer:
        assert (answer.status, code_of(await answer.read())) == (401, "session_missing")


async def test_a_revoked_session_is_told_before_its_missing_csrf_proof(
    portal: RunningPortal, api: ScriptedApi, browser: aiohttp.ClientSession
) -> None:
    api.context = errors.SESSION_REVOKED
    async with browser.post(f"{portal.url}/api/session/touch", headers=portal.signed_in()) as answer:
        assert (answer.status, code_of(await answer.read())) == (401, "session_revoked")
        assert any("next-auth.session-token=;" in one for one in answer.headers.getall("set-cookie"))


@pytest.mark.parametrize("credential", [{"X-API-Key": "adk_x"}, {"Authorization": "bearer abc"}])
async def test_a_browser_credential_is_told_before_a_cross_site_change(
    portal: RunningPortal, browser: aiohttp.ClientSession, credential: dict[str, str]
) -> None:
    sent = {**portal.changing(), "sec-fetch-site": "cross-site", **credential}
    async with browser.post(f"{portal.url}/api/session/touch", headers=sent) as answer:
        assert (answer.status, code_of(await answer.read())) == (403, "browser_credential_rejected")


async def test_a_browser_credential_is_told_before_a_broken_cookie_policy(
    portal: RunningPortal, browser: aiohttp.ClientSession
) -> None:
    twice = {"cookie": f"{portal.cookie()}; {portal.cookie()}", "x-api-key": "adk_x"}
    async with browser.get(f"{portal.url}/api/session/state", headers=twice) as answer:
        assert (answer.status, code_of(await answer.read())) == (403, "browser_credential_rejected")
    del twice["x-api-key"]
    async with browser.get(f"{portal.url}/api/session/state", headers=twice) as answer:
        assert (answer.status, code_of(await answer.read())) == (403, "session_cookie_policy")
    async with browser.get(f"{portal.url}/api/projects", headers=twice) as answer:
        assert (answer.status, code_of(await answer.read())) == (401, "session_invalid")


async def test_a_cross_site_change_is_told_before_its_missing_csrf_proof(
    portal: RunningPortal, browser: aiohttp.ClientSession
) -> None:
    for origin in ({"sec-fetch-site": "cross-site"}, {"origin": "http://evil.example"}, {}):
        sent = {**portal.signed_in(), **origin}
        async with browser.post(f"{portal.url}/api/session/touch", headers=sent) as answer:
            assert (answer.status, code_of(await answer.read())) == (403, "cross_site_request")
    sent = {**portal.signed_in(), "origin": portal.url}
    async with browser.post(f"{portal.url}/api/session/touch", headers=sent) as answer:
        assert (answer.status, code_of(await answer.read())) == (403, "csrf_missing")


async def test_a_csrf_token_of_another_session_is_invalid(
    portal: RunningPortal, browser: aiohttp.ClientSession
) -> None:
    token = portal.csrf("0192f0c1-9999-7000-8000-000000000001")
    sent = {
        **portal.changing(),
        "cookie": f"{portal.cookie()}; aidial.csrf={token}",
        "x-csrf-token": token,
    }
    async with browser.post(f"{portal.url}/api/session/touch", headers=sent) as answer:
        assert (answer.status, code_of(await answer.read())) == (403, "csrf_invalid")


async def test_a_bad_csrf_proof_is_told_before_a_full_limit(
    api_url: str, api: ScriptedApi, issuer: ScriptedIssuer, browser: aiohttp.ClientSession
) -> None:
    async with running_portal(api_url, issuer, numbers=Numbers(scale=0.002)) as portal:
        async with browser.get(f"{portal.url}/api/session/csrf", headers=portal.signed_in()) as answer:
            assert answer.status == 200
        sent = {**portal.signed_in(), "sec-fetch-site": "same-origin"}
        async with browser.post(f"{portal.url}/api/session/touch", headers=sent) as answer:
            assert (answer.status, code_of(await answer.read())) == (403, "csrf_missing")
        api.context = context_of(None)
        async with browser.get(f"{portal.url}/api/projects", headers=portal.signed_in()) as answer:
            assert (answer.status, code_of(await answer.read())) == (429, "rate_limited")
            assert int(answer.headers["retry-after"]) >= 1


@pytest.mark.parametrize(
    "context",
    [
        context_of(None),
        context_of(
            "partner_admin",
            mfa={"required": True, "satisfied": False, "state": "required", "allowed_factors": []},
        ),
        context_of("aidial_operator"),
    ],
    ids=["unassigned", "no second factor", "wrong role"],
)
async def test_every_denial_is_the_same_404_for_the_same_work(
    portal: RunningPortal, api: ScriptedApi, browser: aiohttp.ClientSession, context: dict[str, object]
) -> None:
    api.context = context
    url = f"{portal.url}/api/projects?unknown=1"
    async with browser.get(url, headers={**portal.signed_in(), "accept": "image/png"}) as answer:
        assert (answer.status, code_of(await answer.read())) == (404, "not_found")
    assert [line.rsplit("/", 1)[0] for line in api.lines] == ["GET /v1", "GET /v1/calls"]


async def test_a_pending_row_needs_neither_assignment_nor_second_factor(
    portal: RunningPortal, api: ScriptedApi, browser: aiohttp.ClientSession
) -> None:
    api.context = context_of(None)
    async with browser.get(f"{portal.url}/api/session/csrf", headers=portal.signed_in()) as answer:
        assert answer.status == 200


async def test_what_cannot_be_accepted_is_told_before_an_unknown_parameter(
    portal: RunningPortal, browser: aiohttp.ClientSession
) -> None:
    sent = {**portal.signed_in(), "accept": "text/html"}
    async with browser.get(f"{portal.url}/api/projects?a=1&b=2", headers=sent) as answer:
        assert (answer.status, code_of(await answer.read())) == (406, "not_acceptable")
    async with browser.get(f"{portal.url}/api/projects?a=1&b=2", headers=portal.signed_in()) as answer:
        body = await answer.json()
        assert (answer.status, body["code"]) == (400, "unsupported_query_parameter")
        assert [one["field"] for one in body["field_errors"]] == ["query.a", "query.b"]


async def test_unknown_paths_and_wrong_methods_are_not_found_for_everybody(
    portal: RunningPortal, api: ScriptedApi, browser: aiohttp.ClientSession
) -> None:
    for sent in ({}, portal.signed_in(), {"cookie": "next-auth.session-token=nonsense"}):
        for method, path in (("GET", "/api/nothing"), ("DELETE", "/api/projects"), ("GET", "/api")):
            async with browser.request(method, f"{portal.url}{path}", headers=sent) as answer:
                assert (answer.status, code_of(await answer.read())) == (404, "not_found")
    assert sum(line.startswith("GET /v1/calls/") for line in api.lines) == 3


async def test_an_unknown_page_is_404_for_the_signed_in_and_sign_in_for_the_anonymous(
    portal: RunningPortal, browser: aiohttp.ClientSession
) -> None:
    async with browser.get(f"{portal.url}/nowhere?a=b", allow_redirects=False) as answer:
        assert answer.status == 302
        assert answer.headers["location"] == "/sign-in?callbackUrl=%2Fnowhere%3Fa%3Db"
    async with browser.get(f"{portal.url}/nowhere", headers=portal.signed_in()) as answer:
        assert (answer.status, answer.content_type) == (404, "text/html")
        assert "'nonce-" in answer.headers["content-security-policy"]


async def test_a_revoked_session_on_a_page_is_told_why_it_ended(
    portal: RunningPortal, api: ScriptedApi, browser: aiohttp.ClientSession
) -> None:
    api.context = errors.SESSION_REVOKED
    async with browser.get(
        f"{portal.url}/nowhere", headers=portal.signed_in(), allow_redirects=False
    ) as answer:
        assert (answer.status, answer.headers["location"]) == (302, "/access-denied")
        cookies = answer.headers.getall("set-cookie")
        assert any(one.startswith("aidial.farewell=session_revoked.") for one in cookies)
        assert any(one.startswith("next-auth.session-token=; Max-Age=0") for one in cookies)


async def test_a_cookie_that_is_too_old_is_told_from_one_that_is_not_ours(
    portal: RunningPortal, browser: aiohttp.ClientSession
) -> None:
    for cookie, code in (
        (portal.cookie(max_age_s=-60), "session_expired"),
        ("next-auth.session-token=nonsense", "session_invalid"),
        (portal.cookie(access_token=None), "session_claims_missing"),
    ):
        async with browser.get(f"{portal.url}/api/projects", headers={"cookie": cookie}) as answer:
            assert (answer.status, code_of(await answer.read())) == (401, code)
