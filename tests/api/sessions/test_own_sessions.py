"""Looking after one's own sessions: the list, ending one, ending the others, signing out."""

from __future__ import annotations

import time

import pytest

from aidial_contract.ids import new_id
from tests.api.sessions.newcomers import invite
from tests.people import ADA, ALICE, BEN, CHLOE, NOBODY, OMAR, PEOPLE, PRIYA, TOM, Someone
from tests.support.api import World

NAMES = "session_id", "device", "location", "created_at", "last_active_at", "current"


@pytest.mark.parametrize("like", [ALICE, BEN, CHLOE], ids=lambda someone: someone.name)
async def test_client_people_see_their_sessions_the_current_one_first(world: World, like: Someone) -> None:
    newcomer = await invite(world, like)
    first, second, third = [await world.sign_in(newcomer) for _ in range(3)]
    answer = await second.get("/v1/sessions")
    assert answer.status == 200
    listed = answer.json["sessions"]
    assert [one["session_id"] for one in listed] == [
        second.session_id,
        third.session_id,
        first.session_id,
    ]
    assert [one["current"] for one in listed] == [True, False, False]
    assert tuple(listed[0]) == NAMES
    assert listed[0]["device"] == "Firefox on Linux"


@pytest.mark.parametrize("someone", [PRIYA, TOM, ADA, OMAR, NOBODY], ids=lambda someone: someone.name)
async def test_other_roles_have_no_list_to_look_after(world: World, someone: Someone) -> None:
    signed_in = await world.sign_in(someone)
    for method, path in (
        ("GET", "/v1/sessions"),
        ("POST", "/v1/sessions/revoke-others"),
        ("DELETE", f"/v1/sessions/{signed_in.session_id}"),
    ):
        answer = await signed_in.ask(method, path)
        assert (answer.status, answer.code) == (404, "not_found"), path
    assert (await signed_in.get(f"/v1/sessions/{signed_in.session_id}/state")).status == 200


async def test_alice_ends_one_of_her_sessions_and_it_is_refused_at_once(world: World) -> None:
    newcomer = await invite(world)
    here, there = await world.sign_in(newcomer), await world.sign_in(newcomer)
    assert (await there.get("/v1/projects")).status == 200
    assert (await here.delete(f"/v1/sessions/{there.session_id}")).status == 204
    refused = await there.get("/v1/projects")
    assert (refused.status, refused.code) == (401, "session_revoked")
    again = await here.delete(f"/v1/sessions/{there.session_id}")
    assert (again.status, again.code) == (404, "not_found")
    *_, event = await world.events(there.session_id)
    assert (event["action"], event["why"], event["actor_id"]) == (
        "sessions.session.revoked",
        "revoked_by_owner",
        here.user_id,
    )
    assert [one["session_id"] for one in (await here.get("/v1/sessions")).json["sessions"]] == [
        here.session_id
    ]


async def test_ending_the_current_session_is_signing_out(world: World) -> None:
    alice = await world.sign_in(ALICE)
    assert (await alice.delete(f"/v1/sessions/{alice.session_id}")).status == 204
    assert (await alice.get("/v1/projects")).code == "session_revoked"
    *_, event = await world.events(alice.session_id)
    assert event["why"] == "signed_out"


@pytest.mark.parametrize("whose", ["the rival's", "a colleague's", "nobody's", "no id"])
async def test_a_session_that_is_not_ones_own_cannot_be_ended(world: World, whose: str) -> None:
    session_id = {
        "the rival's": world.mallory.session_id,
        "a colleague's": world.ben.session_id,
        "nobody's": new_id(),
        "no id": "x",
    }[whose]
    answer = await world.alice.delete(f"/v1/sessions/{session_id}")
    assert (answer.status, answer.code) == (404, "not_found")
    assert (await world.mallory.get("/v1/projects")).status == 200
    assert (await world.ben.get("/v1/projects")).status == 200


async def test_ending_the_others_leaves_the_one_that_asks(world: World) -> None:
    newcomer = await invite(world)
    people = [await world.sign_in(newcomer) for _ in range(3)]
    answer = await people[1].post("/v1/sessions/revoke-others")
    assert (answer.status, answer.json) == (200, {"revoked": 2})
    assert [(await one.get("/v1/projects")).status for one in people] == [401, 200, 401]
    assert (await people[1].post("/v1/sessions/revoke-others")).json == {"revoked": 0}


@pytest.mark.parametrize("someone", PEOPLE, ids=lambda someone: someone.name)
async def test_everybody_can_sign_out_whatever_they_may_do(world: World, someone: Someone) -> None:
    signed_in = await world.sign_in(someone, second_factor=False)
    answer = await signed_in.post(f"/v1/sessions/{signed_in.session_id}/sign-out", {})
    assert answer.status == 204
    after = await signed_in.get("/v1/session-context")
    assert (after.status, after.code) == (401, "session_revoked")
    *_, event = await world.events(signed_in.session_id)
    assert (event["action"], event["why"]) == ("sessions.session.revoked", "signed_out")


async def test_signing_out_works_with_a_token_past_its_end(world: World) -> None:
    alice = await world.sign_in(ALICE)
    late = f"Bearer {world.issuer.access_token(ALICE.subject, exp=int(time.time()) - 3_600)}"
    assert (await alice.get("/v1/projects", authorization=late)).code == "token_expired"
    path = f"/v1/sessions/{alice.session_id}/sign-out"
    assert (await alice.post(path, {}, authorization=late)).status == 204
