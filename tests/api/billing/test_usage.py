"""What a tenant used this month: counted from its calls, in its own zone, to the minute and the cent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from aidial_api.provisioning import NewPerson
from aidial_contract.access import Role
from aidial_contract.ids import new_id
from tests.api.billing.accounts import billed_business, bookkeeper
from tests.api.calls.lines import Business, open_business
from tests.people import BAYSIDE, BEN, FRONT_DESK, HARBOUR, NORTHSIDE, Someone
from tests.support.api import World
from tests.support.world_calls import new_call

SYDNEY = ZoneInfo("Australia/Sydney")


def this_month(timezone: ZoneInfo = SYDNEY) -> str:
    return f"{datetime.now(timezone):%Y-%m}"


async def talk(business: Business, line: str, seconds: int, **more: Any) -> None:
    """A completed call of so long that ended just now."""
    ended = datetime.now(UTC)
    started = ended - timedelta(seconds=seconds)
    times: dict[str, Any] = {"started_at": started.isoformat(), "ended_at": ended.isoformat(), "turns": []}
    await business.deliver(new_call(line, new_id(), **{**times, **more}))


async def test_alice_sees_what_harbour_used_and_what_is_left(world: World) -> None:
    usage = (await world.alice.get("/v1/usage")).json
    assert (usage["client_id"], usage["period"]) == (HARBOUR, this_month())
    assert usage["plan"]["name"] == "Starter"
    assert usage["included_minutes"] == 300
    assert usage["is_current"] is True
    assert usage["timezone"] == "Australia/Sydney"
    assert datetime.fromisoformat(usage["resets_at"]).astimezone(SYDNEY).day == 1
    assert {"Front desk", "After hours", "Old line"} == {one["display_name"] for one in usage["projects"]}
    assert usage["minutes_used"] == sum(one["minutes"] for one in usage["projects"])


async def test_minutes_are_counted_by_line_and_beyond_the_plan_they_cost(world: World) -> None:
    business = await billed_business(world, "Australia/Sydney", "Australia/Sydney", "Australia/Sydney")
    first, second, _ = business.lines
    at_once = datetime.now(SYDNEY)
    if at_once.day == 1 and at_once.hour < 6:
        return  # calls of hours do not fit into a month this young
    for _ in range(3):
        await talk(business, first, 6_000 - 1)
    await talk(business, second, 61, sms_status="delivered")
    await talk(business, second, 1, sms_status="failed")
    await talk(business, second, 300, status="missed", end_reason="missed")
    usage = (await business.admin.get("/v1/usage")).json
    by_line = {one["project_id"]: (one["minutes"], one["sms"], one["state"]) for one in usage["projects"]}
    assert by_line[first] == (300, 0, "over_limit")
    assert by_line[second] == (2, 1, "over_limit")
    assert by_line[business.lines[2]] == (0, 0, "not_active_yet")
    assert (usage["minutes_used"], usage["overage_minutes"], usage["state"]) == (302, 2, "over_limit")
    lines = [(one["quantity"], one["amount_minor"]) for one in usage["estimate"]["lines"]]
    assert lines == [(1, 14_900), (2, 90), (1, 12)]
    assert usage["estimate"]["subtotal_minor"] == 15_002
    assert usage["estimate"]["tax_minor"] == 1_500
    assert usage["estimate"]["total_minor"] == 16_502


async def test_a_plan_that_is_mostly_used_says_so(world: World) -> None:
    business = await billed_business(world)
    at_once = datetime.now(SYDNEY)
    if at_once.day == 1 and at_once.hour < 6:
        return
    for _ in range(4):
        await talk(business, business.lines[0], 3_600)
    usage = (await business.admin.get("/v1/usage")).json
    assert (usage["minutes_used"], usage["state"]) == (240, "approaching_limit")


async def test_a_tenant_that_is_not_billed_yet_sees_its_minutes_and_no_price(world: World) -> None:
    business = await open_business(world, "Australia/Perth")
    await talk(business, business.lines[0], 60)
    usage = (await business.admin.get("/v1/usage")).json
    assert (usage["state"], usage["plan"], usage["estimate"]) == ("not_active_yet", None, None)
    assert usage["minutes_used"] == 1
    assert (await business.admin.get("/v1/invoices")).json == {"invoices": [], "next_cursor": None}


async def test_discounts_and_adjustments_are_shown_and_taken_off(world: World) -> None:
    business = await billed_business(world)
    keeper, month = bookkeeper(world), this_month()
    await keeper.add_discount(business.client_id, "Partner discount", 15, month)
    await keeper.add_adjustment(business.client_id, "Goodwill for the outage", -2_000, month)
    await keeper.add_adjustment(business.client_id, "Of another month", -50, "2020-01")
    usage = (await business.admin.get("/v1/usage")).json
    (discount,) = usage["discounts"]
    assert (discount["percent"], discount["last_period"], discount["is_applied"]) == (15.0, None, True)
    assert [(one["amount_minor"], one["is_applied"]) for one in usage["adjustments"]] == [
        (-2_000, True),
        (-50, False),
    ]
    assert [one["amount_minor"] for one in usage["estimate"]["lines"]] == [14_900, -2_235, -2_000]


async def test_a_manager_of_one_line_sees_the_other_lines_only_as_a_sum(world: World) -> None:
    """The bill is the tenant's, and the names of lines out of reach are not the manager's."""
    business = await billed_business(world, "Australia/Sydney", "Australia/Hobart")
    first, second = business.lines
    await talk(business, first, 60)
    await talk(business, second, 120)
    someone = Someone(f"M{new_id()[-12:]}", business.client_id, Role.CLIENT_MANAGER, business.client_id)
    await world.provisioner.add_person(
        NewPerson(
            email=someone.email,
            first_name=someone.first_name,
            last_name="Example",
            role=Role.CLIENT_MANAGER,
            client_id=business.client_id,
            projects=((business.client_id, first),),
        )
    )
    manager = await world.sign_in(someone)
    answer = await manager.get("/v1/usage")
    usage = answer.json
    assert [(one["project_id"], one["minutes"]) for one in usage["projects"]] == [(first, 1), (None, 2)]
    assert usage["minutes_used"] == 3
    assert second.encode() not in answer.body
    assert b"Hobart" not in answer.body


async def test_who_may_look_at_usage(world: World) -> None:
    for somebody in (world.alice, world.ben, world.bella, world.mallory):
        assert (await somebody.get("/v1/usage")).status == 200
    for path in ("/v1/usage", "/v1/invoices", f"/v1/usage?client_id={HARBOUR}"):
        for somebody in (world.chloe, world.tom, world.ada, world.omar, world.nobody, world.carla):
            answer = await somebody.get(path)
            assert (answer.status, answer.code) == (404, "not_found"), path
    assert (await world.harbour_manage.get("/v1/usage")).code == "auth_mode_not_allowed"


async def test_priya_says_which_client_and_reaches_only_her_own(world: World) -> None:
    invoice_id = world.invoices["harbour-1"]
    for path in ("/v1/usage", "/v1/invoices", f"/v1/invoices/{invoice_id}", f"/v1/invoices/{invoice_id}/pdf"):
        nameless = await world.priya.get(path)
        assert (nameless.status, nameless.code) == (400, "malformed_request")
        assert [one["field"] for one in nameless.json["field_errors"]] == ["query.client_id"]
        assert (await world.priya.get(f"{path}?client_id={HARBOUR}")).status == 200
        assert (await world.priya.get(f"{path}?client_id={NORTHSIDE}")).code == "not_found"
    assert (await world.priya.get(f"/v1/usage?client_id={BAYSIDE}")).json["client_id"] == BAYSIDE
    other = await world.priya.get(f"/v1/invoices/{invoice_id}?client_id={BAYSIDE}")
    assert (other.status, other.code) == (404, "not_found")
    nowhere = await world.priya.get(f"/v1/invoices/{new_id()}")
    assert nowhere.code == "malformed_request"


async def test_alice_may_name_her_own_client_and_no_other(world: World) -> None:
    assert (await world.alice.get(f"/v1/usage?client_id={HARBOUR}")).status == 200
    assert (await world.alice.get(f"/v1/usage?client_id={BAYSIDE}")).code == "not_found"
    assert BEN.client_id == HARBOUR
    wrong = await world.alice.get(f"/v1/usage?project_id={FRONT_DESK}")
    assert wrong.code == "unsupported_query_parameter"
