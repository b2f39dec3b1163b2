"""A partner administrator looks after the sessions of a client's users."""

from __future__ import annotations

from aidial_contract.ids import new_id
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
