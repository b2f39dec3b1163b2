"""The portal's own back-channel row: it forwards the issuer's token, and believes nothing itself."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest

from tests.matrix.portal_expected import assert_is_error
from tests.matrix.portal_requests import FORM, logout_token
from tests.matrix.portal_visitors import ask
from tests.together.newcomers import (
    AT_ONCE_S,
    SESSION,
    another_portal,
    at,
    claims_of,
    cookies_of,
    is_refused,
    newcomer,
    within,
)

if TYPE_CHECKING:
    from tests.support.portal import Browser, Town

PATH = "/api/auth/backchannel-logout"
FAMILY = "protected"


def token_for(town: Town, browser: Browser) -> str:
    """What the issuer says when the sign-in of a browser ends."""
    claims = claims_of(town, cookies_of(browser)[SESSION])
    return logout_token(town, claims["sub"], claims["sid"])


@pytest.mark.parametrize("kind", ["form", "json"])
async def test_the_issuers_word_ends_the_session_without_cookie_or_csrf_proof(town: Town, kind: str) -> None:
    someone = await newcomer(town)
    async with town.visitor(someone) as browser:
        body = {"logout_token": token_for(town, browser), "other": "ignored"}
        sent = urlencode(body) if kind == "form" else json.dumps(body)
        headers = {"content-type": FORM if kind == "form" else "application/json"}
        # No browser sends this; one that did would come from another site.
        page = await ask(town, "POST", PATH, headers | {"sec-fetch-site": "cross-site"}, sent)
        assert (page.status, page.body, page.headers["cache-control"]) == (200, b"", "no-store")
        await within(AT_ONCE_S, lambda: is_refused(browser))
        page = await ask(town, "POST", PATH, headers, sent)
        assert_is_error(page, FAMILY, "malformed_request")


@pytest.mark.parametrize(
    ("body", "content_type", "code"),
    [
        ("", FORM, "malformed_request"),
        ("other=1", FORM, "malformed_request"),
        ("logout_token=", FORM, "malformed_request"),
        ("logout_token=a&logout_token=b", FORM, "malformed_request"),
        ("logout_token=not.a.token", FORM, "malformed_request"),
        ("{", "application/json", "malformed_request"),
        ("{}", "application/json", "malformed_request"),
        ('{"logout_token": 7}', "application/json", "malformed_request"),
        ("[]", "application/json", "malformed_request"),
        ("x", "text/plain", "unsupported_media_type"),
        ("logout_token=" + "x" * 20_000, FORM, "malformed_request"),
        ("logout_token=" + "x" * 70_000, FORM, "body_too_large"),
    ],
)
async def test_what_is_no_notice_is_a_bad_request(
    town: Town, body: str, content_type: str, code: str
) -> None:
    page = await ask(town, "POST", PATH, {"content-type": content_type}, body)
    assert_is_error(page, FAMILY, code)


async def test_a_sessions_own_tokens_are_no_notice(town: Town) -> None:
    someone = await newcomer(town)
    async with town.visitor(someone) as browser:
        bearer = claims_of(town, cookies_of(browser)[SESSION])["access_token"]
        page = await ask(town, "POST", PATH, {"content-type": FORM}, urlencode({"logout_token": bearer}))
        assert_is_error(page, FAMILY, "malformed_request")
        assert not await is_refused(browser)


async def test_the_issuer_may_try_again_while_the_api_is_away(town: Town) -> None:
    someone = await newcomer(town)
    async with town.visitor(someone) as browser:
        form = {"logout_token": token_for(town, browser)}
        async with another_portal(town, api_base_url="http://127.0.0.1:1") as url, town.stranger() as issuer:
            page = await at(issuer, url).post_form(PATH, form)
            assert_is_error(page, FAMILY, "dependency_unavailable")
        assert not await is_refused(browser)
        assert (await ask(town, "POST", PATH, {"content-type": FORM}, urlencode(form))).status == 200
        await within(AT_ONCE_S, lambda: is_refused(browser))
