"""Who am I: what people and keys are told about themselves."""

from __future__ import annotations

import pytest

from tests.people import (
    AFTER_HOURS,
    BAYSIDE,
    FRONT_DESK,
    HARBOUR,
    NORTHSIDE,
    NORTHSIDE_LINE,
    OLD_LINE,
    PARTNER,
    PHYSIO_LINE,
)
from tests.support.api import World
from tests.support.world_calls import new_call

EVERY_HARBOUR_LINE = {FRONT_DESK, AFTER_HOURS, OLD_LINE}
REACH = {
    "alice": (HARBOUR, {HARBOUR}, EVERY_HARBOUR_LINE),
    "ben": (HARBOUR, {HARBOUR}, EVERY_HARBOUR_LINE),
    "chloe": (HARBOUR, {HARBOUR}, {FRONT_DESK}),
    "priya": (None, {HARBOUR, BAYSIDE}, EVERY_HARBOUR_LINE | {PHYSIO_LINE}),
    "tom": (None, {HARBOUR, BAYSIDE}, EVERY_HARBOUR_LINE | {PHYSIO_LINE}),
    "mallory": (NORTHSIDE, {NORTHSIDE}, {NORTHSIDE_LINE}),
    "ada": (None, set(), set()),
    "omar": (None, set(), set()),
}


@pytest.mark.parametrize("name", REACH)
async def test_people_are_told_their_role_tenant_and_reach(world: World, name: str) -> None:
    person = next(one for someone, one in world.people().items() if someone.name == name)
    client_id, clients, projects = REACH[name]
    context = (await person.get("/v1/session-context")).json
    assert (context["actor"], context["assigned"], context["key"]) == ("user", True, None)
    assert (context["role"], context["client_id"]) == (person.someone.role, client_id)
    assert context["partner_org"] == person.someone.partner_org_id
    assert {one["client_id"] for one in context["clients"]} == clients
    assert {one["project_id"] for one in context["projects"]} == projects
    assert context["user"]["email"] == person.someone.email


async def test_names_and_zones_come_along(world: World) -> None:
    context = (await world.priya.get("/v1/session-context")).json
    assert context["tenant_name"] == "Southern Cross Voice"
    assert context["partner_org"] == PARTNER
    assert context["clients"][0] == {
        "client_id": BAYSIDE,
        "name": "Bayside Physio",
        "timezone": "Australia/Perth",
    }
    (old,) = [one for one in context["projects"] if one["project_id"] == OLD_LINE]
    assert (old["display_name"], old["is_active"]) == ("Old line", False)


async def test_the_bearer_alone_is_enough_before_the_session(world: World) -> None:
    context = await world.bearer_only(world.priya.someone).get("/v1/session-context")
    assert (context.status, context.json["role"]) == (200, "partner_admin")
    assert context.json["mfa"]["satisfied"] is False


@pytest.mark.parametrize("scope", ["read", "manage"])
async def test_a_key_is_told_what_it_is(world: World, scope: str) -> None:
    key = world.harbour_read if scope == "read" else world.harbour_manage
    context = (await key.get("/v1/session-context")).json
    assert (context["actor"], context["user"], context["role"]) == ("key", None, None)
    assert context["key"] == {
        "api_key_id": key.key.split("_")[2],
        "scope": scope,
        "environment": "live",
        "expires_at": None,
    }
    assert (context["client_id"], context["tenant_name"], context["tenant_status"]) == (
        HARBOUR,
        "Harbour Dental",
        "active",
    )


@pytest.mark.parametrize(("name", "code"), [("expired", "api_key_expired"), ("revoked", "api_key_revoked")])
async def test_a_useless_key_is_told_why(world: World, name: str, code: str) -> None:
    key = world.expired_key if name == "expired" else world.revoked_key
    answer = await key.get("/v1/session-context")
    assert (answer.status, answer.code) == (401, code)


async def test_nobody_at_all_is_asked_for_credentials(world: World) -> None:
    answer = await world.anonymous.get("/v1/session-context")
    assert (answer.status, answer.code) == (401, "credentials_missing")


async def test_a_switched_off_line_keeps_its_calls_and_takes_no_more(world: World) -> None:
    for reader in (world.alice, world.priya, world.harbour_read):
        assert (await reader.get(f"/v1/calls/{world.calls['old-1']}")).status == 200
    assert (await world.chloe.get(f"/v1/calls/{world.calls['old-1']}")).status == 404
    refused = await world.harbour_manage.post("/v1/calls", new_call(OLD_LINE, "old-2"))
    assert (refused.status, refused.code) == (404, "not_found")
