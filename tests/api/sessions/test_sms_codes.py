"""Codes by SMS: who may give a phone, where AiDial let them, and that nothing of the number stays here."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp import web

from aidial_api.provisioning import set_sms_codes
from tests.api.calls.lines import open_business
from tests.api.sessions.newcomers import invite
from tests.people import PRIYA
from tests.support.api import World
from tests.support.askers import Answer, Asker, SignedIn
from tests.support.ids import without_ids

PATH = "/v1/second-factor/sms"
MOBILE = "0412 345 678"
GIVEN = "sessions.second_factor.phone_given"
EVERYBODYS = ["totp", "recovery_code"]
OTHERS = ("ben", "chloe", "tom", "ada", "omar", "oscar", "nobody")


async def give(asker: Asker, mobile: Any = MOBILE) -> Answer:
    return await asker.post(PATH, {"mobile": mobile})


async def factors(asker: Asker) -> list[str]:
    found: list[str] = (await asker.get("/v1/session-context")).json["mfa"]["allowed_factors"]
    return found


async def test_a_phone_is_verified_first_and_takes_codes_then(world: World) -> None:
    admin = await world.sign_in(await invite(world))
    answer = await give(admin)
    assert (answer.status, answer.json) == (200, {"phone_tail": "+61 ... 678"})
    phone = world.issuer.phones[admin.someone.subject]
    assert phone == {"phone": "+61412345678", "isVerified": False}
    phone["isVerified"] = True
    assert (await give(admin, "+61 412 345 678")).status == 200
    assert phone["takes_codes"] is True
    assert (await give(admin, "0412 345 679")).json == {"phone_tail": "+61 ... 679"}
    assert phone["isVerified"] is False


async def test_the_event_holds_the_end_of_the_number_and_nothing_else_does(world: World) -> None:
    admin = await world.sign_in(await invite(world))
    await give(admin, "0498 765 432")
    (event,) = [one for one in await world.events(admin.session_id) if one["action"] == GIVEN]
    assert str(event["actor_id"]) == admin.user_id
    assert "+61 ... 432" in str(event["technical"])
    for table in ("audit_events", "users", "sessions"):
        rows = await world.sql(f"SELECT t::text AS line FROM {table} t WHERE t::text LIKE '%98765432%'")
        assert not any("98765432" in without_ids(row["line"]) for row in rows)


async def test_priya_gives_hers_before_she_has_a_second_factor(world: World) -> None:
    priya = await world.sign_in(PRIYA, second_factor=False)
    assert await factors(priya) == [*EVERYBODYS, "email_otp", "sms_otp"]
    assert (await give(priya)).status == 200


@pytest.mark.parametrize("name", OTHERS)
async def test_no_other_role_has_it_whatever_they_send(world: World, name: str) -> None:
    somebody: SignedIn = getattr(world, name)
    for mobile in (MOBILE, "not a number", 7):
        answer = await give(somebody, mobile)
        assert (answer.status, answer.code) == (404, "not_found")
    assert "sms_otp" not in await factors(somebody)


async def test_it_is_off_until_aidial_turns_it_on(world: World) -> None:
    business = await open_business(world, "Australia/Sydney")
    assert await factors(business.admin) == [*EVERYBODYS, "email_otp"]
    for mobile in (MOBILE, "not a number"):
        assert (await give(business.admin, mobile)).code == "not_found"
    assert await set_sms_codes(world.urls.owner_url, client_id=business.client_id, allowed=True)
    assert await factors(business.admin) == [*EVERYBODYS, "email_otp", "sms_otp"]
    assert (await give(business.admin)).status == 200
    events = await world.events(business.client_id)
    assert [one["action"] for one in events] == ["entitlements.sms_codes.updated"]
    assert await set_sms_codes(world.urls.owner_url, client_id=business.client_id, allowed=False)
    assert (await give(business.admin)).code == "not_found"
    assert not await set_sms_codes(world.urls.owner_url, client_id="no-such-client", allowed=True)


@pytest.mark.parametrize(
    "mobile",
    [
        "02 9123 4567",
        "+64 21 123 4567",
        "+1 415 555 2671",
        "0412 345",
        "1300 123 456",
        "0412 345 678 x9",
        "me",
    ],
)
async def test_only_australian_mobiles_are_taken(world: World, mobile: str) -> None:
    answer = await give(world.alice, mobile)
    assert (answer.status, answer.code) == (422, "validation_failed")
    errors = [(one["field"], one["code"]) for one in answer.json["field_errors"]]
    assert errors == [("/mobile", "not_an_australian_mobile")]


@pytest.mark.parametrize("mobile", ["0412345678", "0412-345-678", "(0412) 345 678", "+61 412 345 678"])
async def test_a_mobile_may_be_written_as_people_do(world: World, mobile: str) -> None:
    assert (await give(world.alice, mobile)).json == {"phone_tail": "+61 ... 678"}


async def test_an_issuer_that_fails_is_503_and_nothing_is_recorded(world: World) -> None:
    admin = await world.sign_in(await invite(world))
    path = f"/v2/users/{admin.someone.subject}"

    async def broken(_: web.Request) -> web.StreamResponse:
        return web.json_response({"code": 13}, status=500)

    world.issuer.instead[path] = broken
    answer = await give(admin)
    assert (answer.status, answer.code) == (503, "dependency_unavailable")
    assert "345" not in without_ids(str(answer.json))
    assert [one for one in await world.events(admin.session_id) if one["action"] == GIVEN] == []
    del world.issuer.instead[path]
    assert (await give(admin)).status == 200


async def test_a_key_has_no_phone(world: World) -> None:
    assert (await give(world.harbour_manage)).code == "auth_mode_not_allowed"
