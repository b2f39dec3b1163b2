"""The sign-in page, walked through without JavaScript."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from tests.people import ALICE
from tests.support.identity import hidden_fields
from tests.support.portal import Town


async def test_the_page_asks_for_an_e_mail_address_and_nothing_else(town: Town) -> None:
    async with town.stranger() as browser:
        page = await browser.get("/sign-in")
        assert page.status == 200
        assert page.text.count("<input") - len(hidden_fields(page.text)) == 1
        assert 'type="email"' in page.text
        assert 'type="password"' not in page.text


async def test_a_signed_in_person_lands_where_they_wanted(town: Town) -> None:
    async with town.stranger() as browser:
        assert await town.sign_in(browser, ALICE, "/calls%3Fstatus%3Dmissed") == "/calls?status=missed"
        assert (await browser.get("/calls?status=missed")).status == 200


async def test_the_address_reaches_the_issuer_as_a_hint(town: Town) -> None:
    async with town.stranger() as browser:
        form = hidden_fields((await browser.get("/sign-in")).text) | {"email": " alice+x@harbour.example "}
        start = await browser.post_form("/sign-in", form)
        sent_on = await browser.post_form(start.location, form)
        assert sent_on.location.startswith(town.identity.issuer)
        assert parse_qs(urlsplit(sent_on.location).query)["login_hint"] == ["alice+x@harbour.example"]


@pytest.mark.parametrize(
    "email", ["", "alice", "alice@", "@x.example", "a b@x.example", "a@x", "<a@x.example>", "a@x.example\n"]
)
async def test_what_is_no_address_is_asked_for_again(town: Town, email: str) -> None:
    async with town.stranger() as browser:
        form = hidden_fields((await browser.get("/sign-in?callbackUrl=/calls")).text)
        page = await browser.post_form(
            "/sign-in", {**form, "email": f"{email}!" if email[-1:] == "\n" else email}
        )
        assert page.status == 422
        assert "Enter an e-mail address" in page.words
        assert hidden_fields(page.text)["callbackUrl"] == "/calls"


async def test_a_form_from_elsewhere_does_not_start_a_sign_in(town: Town) -> None:
    async with town.stranger() as browser:
        page = await browser.post_form("/sign-in", {"email": "a@x.example", "csrfToken": "made-up"})
        assert page.status == 403
        assert "login_hint" not in page.text


@pytest.mark.parametrize("back", ["https://evil.example/", "//evil.example", "javascript:alert(1)"])
async def test_the_way_back_stays_on_this_portal(town: Town, back: str) -> None:
    async with town.stranger() as browser:
        page = await browser.get(f"/sign-in?callbackUrl={back}")
        assert page.status == 200
        way_back = hidden_fields(page.text)["callbackUrl"]
        assert way_back.startswith("/")
        form = hidden_fields(page.text) | {"email": "a@x.example"}
        sent_on = await browser.post_form((await browser.post_form("/sign-in", form)).location, form)
        kept = next(cookie for cookie in sent_on.cookies if "callback-url" in cookie)
        assert "%3A%2F%2Fevil" not in kept


async def test_what_went_wrong_at_the_issuer_is_said_in_words(town: Town) -> None:
    async with town.stranger() as browser:
        page = await browser.get("/sign-in?error=AccessDenied")
        assert "This account cannot sign in here." in page.words
        odd = await browser.get("/sign-in?error=<script>alert(1)</script>")
        assert "<script>alert" not in odd.text


async def test_alice_signs_out_without_a_script(town: Town) -> None:
    async with town.visitor(ALICE) as alice:
        form = hidden_fields((await alice.get("/calls")).text)
        assert form["csrfToken"]
        left = await alice.post_form("/api/auth/signout", form)
        assert left.status == 302
        assert (await alice.get("/calls")).location.startswith("/sign-in")
