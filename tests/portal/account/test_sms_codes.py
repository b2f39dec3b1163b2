"""Codes by SMS on the account page: whom they are shown to, and in which order requests are refused."""

from __future__ import annotations

import pytest

from aidial_contract.limits import Numbers
from tests.people import ADA, ALICE, BEN, CHLOE, OSCAR, PRIYA, TOM, Someone
from tests.support.portal import Town
from tests.together.newcomers import another_portal, at, newcomer

PATH = "/api/auth/mfa-sms-enrol"
MOBILE = {"mobile": "0412 345 678"}


@pytest.mark.parametrize("someone", [ALICE, PRIYA], ids=lambda one: one.name)
async def test_administrators_read_who_gets_their_number_before_they_give_it(
    town: Town, someone: Someone
) -> None:
    visitor = await town.of(someone)
    page = await visitor.get("/account")
    for words in ("Codes by SMS", "Twilio Inc. (United States)", "AiDial Pty Ltd", "Code by SMS"):
        assert words in page.words
    assert f'data-json="{PATH}"' in page.text
    answer = await visitor.change("POST", PATH, MOBILE)
    assert (answer.status, answer.json) == (200, {"phone_tail": "+61 ... 678"})
    assert town.identity.provider.phones[someone.subject].number == "+61412345678"


@pytest.mark.parametrize("someone", [BEN, CHLOE, TOM, ADA, OSCAR], ids=lambda one: one.name)
async def test_others_have_neither_the_card_nor_the_route(town: Town, someone: Someone) -> None:
    visitor = await town.of(someone)
    assert "Codes by SMS" not in (await visitor.get("/account")).words
    for body in (MOBILE, {"mobile": "not a number"}, {}):
        answer = await visitor.change("POST", PATH, body)
        assert (answer.status, answer.json["error"]["code"]) == (404, "not_found")


async def test_it_is_refused_in_this_order(town: Town) -> None:
    """Session, CSRF, role, rate, number: the facts name the last two the other way, the contract decides."""
    async with town.stranger() as nobody:
        assert (await nobody.ask("POST", PATH, json=MOBILE)).json["error"]["code"] == "session_missing"
    ben = await town.of(BEN)
    unproven = await ben.ask("POST", PATH, json=MOBILE, headers={"sec-fetch-site": "same-origin"})
    assert unproven.status == 403
    someone = await newcomer(town)
    async with town.visitor(someone) as admin, another_portal(town, numbers=Numbers()) as url:
        here = at(admin, url)
        wrong = await here.change("POST", PATH, {"mobile": "02 9123 4567"})
        assert (wrong.status, wrong.json["error"]["code"]) == (422, "validation_failed")
        errors = wrong.json["error"]["details"]["field_errors"]
        assert [one["code"] for one in errors] == ["not_an_australian_mobile"]
        for _ in range(4):
            assert (await here.change("POST", PATH, MOBILE)).status == 200
        for body in (MOBILE, {"mobile": "02 9123 4567"}):
            assert (await here.change("POST", PATH, body)).status == 429
