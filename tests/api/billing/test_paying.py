"""The payment portal, and who is sent invoices."""

from __future__ import annotations

import asyncio

import pytest

from tests.api.calls.lines import open_business
from tests.people import HARBOUR
from tests.support.api import World

RETURN = {"return_url": "https://portal.example/billing/payment-methods"}
PATH = "/v1/billing-recipients"


async def test_alice_and_ben_are_led_to_where_payments_are_looked_after(world: World) -> None:
    for somebody in (world.alice, world.ben):
        answer = await somebody.post("/v1/payment-portal", RETURN)
        assert answer.status == 201
        assert answer.json == {"url": "https://portal.example/billing/how-to-pay"}
    event = (await world.events(HARBOUR))[-1]
    assert event["action"] == "billing.payment_portal.opened"
    assert event["technical"] is None


async def test_nobody_else_is(world: World) -> None:
    for somebody in (world.chloe, world.priya, world.tom, world.ada, world.carla):
        answer = await somebody.post("/v1/payment-portal", RETURN)
        assert (answer.status, answer.code) == (404, "not_found")
    assert (await world.harbour_manage.post("/v1/payment-portal", RETURN)).code == "auth_mode_not_allowed"


async def test_the_way_back_is_an_address(world: World) -> None:
    for wrong in ({}, {"return_url": "/billing"}, {"return_url": "javascript:alert(1)"}, {"return_url": 7}):
        answer = await world.alice.post("/v1/payment-portal", wrong)
        assert (answer.status, answer.code) == (422, "validation_failed")
        assert [one["field"] for one in answer.json["field_errors"]] == ["/return_url"]


@pytest.mark.parametrize(
    "wrong", ["http://[", "https://[::1", "https://\u2100.com/", "https://:80/", "https://a:b@c/"]
)
async def test_a_way_back_that_is_no_address_does_not_shut_billing_for_others(
    world: World, wrong: str
) -> None:
    for _ in range(4):
        answer = await world.alice.post("/v1/payment-portal", {"return_url": wrong})
        assert (answer.status, answer.code) == (422, "validation_failed")
    assert (await world.bella.get("/v1/usage")).status == 200


async def test_alice_says_who_is_sent_invoices(world: World) -> None:
    business = await open_business(world, "Australia/Sydney")
    alice = business.admin
    assert (await alice.get(PATH)).json == {"version": 1, "recipients": []}
    people = ["accounts@harbour.example", "owner@harbour.example"]
    saved = await alice.put(PATH, {"expected_version": 1, "recipients": people})
    assert (saved.status, saved.json) == (200, {"version": 2, "recipients": people})
    assert (await alice.get(PATH)).json == saved.json
    emptied = await alice.put(PATH, {"expected_version": 2, "recipients": []})
    assert emptied.json == {"version": 3, "recipients": []}
    (row,) = await world.sql(
        "SELECT addresses FROM billing_recipients WHERE client_id = $1", business.client_id
    )
    assert b"harbour" not in row["addresses"]
    events = await world.events(business.client_id)
    assert [one["action"] for one in events] == ["billing.recipients.updated"] * 2
    assert "harbour" not in str([one["technical"] for one in events])


async def test_a_list_somebody_else_changed_is_not_overwritten(world: World) -> None:
    business = await open_business(world, "Australia/Sydney")
    body = {"recipients": ["a@b.example"]}
    assert (await business.admin.put(PATH, body)).code == "precondition_required"
    for stale in (2, 7):
        answer = await business.admin.put(PATH, {**body, "expected_version": stale})
        assert (answer.status, answer.code) == (409, "version_conflict")
        assert answer.json["details"] == {"current_version": 1}
    assert (await business.admin.get(PATH)).json["version"] == 1
    for version in (1, 2):
        many = await asyncio.gather(
            *(
                business.admin.put(PATH, {"expected_version": version, "recipients": [f"p{n}@b.example"]})
                for n in range(10)
            )
        )
        assert sorted(one.status for one in many) == [200] + [409] * 9
        assert {one.json["details"]["current_version"] for one in many if one.status == 409} == {version + 1}


async def test_every_wrong_address_is_named(world: World) -> None:
    wrong = {"expected_version": 1, "recipients": ["a@b.example", "nobody", "A@B.example", "x@y\u0000z", 7]}
    answer = await world.alice.put(PATH, wrong)
    assert (answer.status, answer.code) == (422, "validation_failed")
    assert {(one["field"], one["code"]) for one in answer.json["field_errors"]} >= {
        ("/recipients/1", "format"),
        ("/recipients/2", "repeated"),
        ("/recipients/4", "wrong_type"),
    }
    many = {"expected_version": 1, "recipients": [f"p{n}@b.example" for n in range(11)]}
    assert (await world.alice.put(PATH, many)).json["field_errors"][0]["field"] == "/recipients"


async def test_the_list_is_the_administrators_alone(world: World) -> None:
    for somebody in (world.ben, world.chloe, world.priya, world.tom, world.ada):
        assert (await somebody.get(PATH)).code == "not_found"
        assert (await somebody.put(PATH, {"expected_version": 1, "recipients": []})).code == "not_found"
