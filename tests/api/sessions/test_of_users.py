"""A partner administrator looks after the sessions of a client's users."""

from __future__ import annotations

from aidial_contract.ids import new_id
from tests.api.calls.lines import leave_priya, open_business
from tests.api.governance.clinics import partner_of
from tests.api.sessions.newcomers import invite
from tests.people import ALICE, BAYSIDE, CHLOE, HARBOUR, NORTHSIDE
from tests.support.api import World


async def test_priya_sees_and_ends_the_sessions_of_a_user_of_her_client(world: World) -> None:
    newcomer = await invite(world, CHLOE)
    first, second = [await world.sign_in(newcomer) for _ in range(2)]
    path = f"/v1/clients/{HARBOUR}/users/{first.user_id}/sessions"
    listed = (await world.priya.get(path)).json["sessions"]
    assert [one["session_id"] for one in listed] == [second.session_id, first.session_id]
    assert not any(one["current"] for one in listed)
    ended = await world.priya.delete(path)
    assert (ended.status, ended.json) == (200, {"revoked": 2})
    for session in (first, second):
        refused = await session.get("/v1/projects")
        assert (refused.status, refused.code) == (401, "session_revoked")
        assert refused.json["details"] == {"ended": "revoked_by_administrator"}
        *_, event = await world.events(session.session_id)
        assert (event["action"], event["why"]) == ("sessions.session.revoked", "revoked_by_administrator")
        assert (event["client_id"], event["actor_id"]) == (HARBOUR, world.priya.user_id)
    assert (await world.priya.get(path)).json == {"sessions": []}
    assert (await world.priya.delete(path)).json == {"revoked": 0}


async def test_priya_finds_who_is_signed_in_and_ends_one_of_them(world: World) -> None:
    business = await open_business(world, "Australia/Sydney")
    await partner_of(world, business)
    path = f"/v1/clients/{business.client_id}/sessions"
    try:
        other = await world.sign_in(business.staff.someone)
        listed = (await world.priya.get(path)).json["sessions"]
        assert [one["session_id"] for one in listed] == [
            other.session_id,
            business.staff.session_id,
            business.admin.session_id,
        ]
        assert (listed[0]["person"], listed[0]["role"]) == (business.staff.someone.email, "client_staff")
        page = (await world.priya.get(f"{path}?limit=2")).json
        rest = (await world.priya.get(f"{path}?limit=2&cursor={page['next_cursor']}")).json
        assert page["sessions"] + rest["sessions"] == listed
        assert rest["next_cursor"] is None
        assert (await world.priya.delete(f"{path}/{other.session_id}")).status == 204
        assert (await other.get("/v1/projects")).code == "session_revoked"
        assert (await business.staff.get("/v1/projects")).status == 200
        *_, event = await world.events(other.session_id)
        assert (event["action"], event["why"]) == ("sessions.session.revoked", "revoked_by_administrator")
        assert (event["client_id"], event["actor_id"]) == (business.client_id, world.priya.user_id)
        assert other.session_id not in str((await world.priya.get(path)).json)
        answers = [await world.priya.delete(f"{path}/{other.session_id}")]
        for somebody in (business.admin, world.alice, world.tom, world.ada, world.mallory):
            answers += [
                await somebody.get(path),
                await somebody.delete(f"{path}/{business.staff.session_id}"),
            ]
        for session_id in (world.alice.session_id, world.priya.session_id, new_id(), "nonsense"):
            answers.append(await world.priya.delete(f"{path}/{session_id}"))
        assert {answer.status for answer in answers} == {404}
        assert (await business.staff.get("/v1/projects")).status == 200
    finally:
        await leave_priya(world)


async def test_everybody_else_and_everybody_elses_users_are_the_same_404(world: World) -> None:
    alice = world.alice.user_id
    own = f"/v1/clients/{HARBOUR}/users/{alice}/sessions"
    answers = [
        await somebody.ask(method, own)
        for somebody in (world.alice, world.chloe, world.tom, world.ada, world.mallory)
        for method in ("GET", "DELETE")
    ]
    for client_id, user_id in (
        (BAYSIDE, alice),
        (NORTHSIDE, world.mallory.user_id),
        (HARBOUR, world.mallory.user_id),
        (HARBOUR, world.priya.user_id),
        (HARBOUR, new_id()),
        (HARBOUR, "nonsense"),
        ("nobody-s", alice),
    ):
        answers.append(await world.priya.delete(f"/v1/clients/{client_id}/users/{user_id}/sessions"))
    assert {answer.status for answer in answers} == {404}
    assert len({one.body.replace(one.headers["x-request-id"].encode(), b"") for one in answers}) == 1
    assert (await world.alice.get("/v1/projects")).status == 200
    assert world.alice.someone is ALICE
