"""Who may open the activity log, and what it shows them."""

from __future__ import annotations

import pytest

from aidial_contract.ids import new_id
from tests.api.audit.logs import PATH, ids, open_log, read
from tests.people import AFTER_HOURS, FRONT_DESK, NORTHSIDE_LINE
from tests.support.api import World
from tests.support.world_calls import new_call


async def test_alice_sees_who_delivered_a_call_and_what_it_was(world: World) -> None:
    answer = await world.harbour_manage.post("/v1/calls", new_call(AFTER_HOURS, new_id()))
    call_id = answer.json["call_id"]
    (event,) = [one for one in await read(world.alice, limit="100") if one["target"]["id"] == call_id]
    last_four = world.harbour_manage.key[-4:]
    actor = event.pop("actor")
    assert (actor["kind"], actor["label"]) == ("key", f"key ending {last_four}")
    assert event["action"] == "calls.call.delivered"
    assert event["target"] == {"kind": "call", "id": call_id}
    assert (event["outcome"], event["project_id"], event["why"]) == ("done", AFTER_HOURS, None)
    technical = event["technical"]
    assert technical["request_id"] == answer.headers["x-request-id"]
    assert technical["source_ip"] == "127.0.0.1"
    assert technical["metadata"]["turns"] == len(new_call(AFTER_HOURS, "x")["turns"])
    assert technical["restricted"] == []


async def test_alice_sees_who_signed_in_and_out(world: World) -> None:
    chloe = await world.sign_in(world.chloe.someone)
    assert (await chloe.delete(f"/v1/sessions/{chloe.session_id}")).status == 204
    about = [one for one in await read(world.alice, limit="100") if one["target"]["id"] == chloe.session_id]
    assert [(one["action"], one["actor"]["label"]) for one in about] == [
        ("sessions.session.revoked", world.chloe.someone.email),
        ("sessions.session.created", world.chloe.someone.email),
    ]


async def test_ben_sees_the_same_events_with_addresses_and_metadata_marked_as_restricted(
    world: World,
) -> None:
    for_alice = {one["event_id"]: one for one in await read(world.alice, limit="50")}
    for_ben = await read(world.ben, limit="50")
    shared = [one for one in for_ben if one["event_id"] in for_alice]
    assert len(shared) > 5
    for one in shared:
        technical = one["technical"]
        assert technical["restricted"] == ["source_ip", "metadata"]
        assert technical["source_ip"] is technical["metadata"] is None
        assert technical["request_id"] == for_alice[one["event_id"]]["technical"]["request_id"]


@pytest.mark.parametrize("path", [PATH, f"{PATH}/actors"])
@pytest.mark.parametrize("name", ["chloe", "priya", "tom", "ada", "omar", "nobody", "carla"])
async def test_nobody_else_can_tell_that_there_is_a_log(world: World, name: str, path: str) -> None:
    answer = await getattr(world, name).get(path)
    assert (answer.status, answer.code) == (404, "not_found")


@pytest.mark.parametrize("path", [PATH, f"{PATH}/actors"])
async def test_no_key_opens_the_log(world: World, path: str) -> None:
    for key in (world.harbour_read, world.harbour_manage):
        answer = await key.get(path)
        assert (answer.status, answer.code) == (403, "auth_mode_not_allowed")


async def test_mallory_sees_nothing_of_harbours(world: World) -> None:
    written = {
        str(row["event_id"])
        for row in await world.sql("SELECT event_id FROM audit_events WHERE client_id = 'harbour-dental'")
    }
    harbours_people = {world.alice.user_id, world.ben.user_id, world.chloe.user_id}
    found = await read(world.mallory, limit="100")
    assert found
    assert not written & set(ids(found))
    for actor_id in harbours_people:
        assert await read(world.mallory, actor=actor_id) == []
    actors = (await world.mallory.get(f"{PATH}/actors")).json["actors"]
    assert actors
    assert not harbours_people & {one["id"] for one in actors}


async def test_a_foreign_project_is_the_404_of_a_missing_one_and_nothing_is_recorded(world: World) -> None:
    count = "SELECT count(*) FROM audit_events WHERE action = 'audit.viewed' AND actor_id = $1"
    (before,) = await world.sql(count, world.alice.user_id)
    answers = [
        await world.alice.get(f"{PATH}?project_id={one}") for one in (NORTHSIDE_LINE, new_id(), "none", "")
    ]
    answers.append(await world.chloe.get(PATH))
    assert {answer.status for answer in answers} == {404}
    bodies = {one.body.replace(one.headers["x-request-id"].encode(), b"") for one in answers}
    assert len(bodies) == 1
    assert await world.sql(count, world.alice.user_id) == [before]


async def test_a_manager_of_one_line_sees_its_events_and_those_of_no_line(world: World) -> None:
    log = await open_log(world)
    here, there = log.business.lines
    events = [
        await log.write("calls.call.delivered", project_id=here),
        await log.write("calls.call.delivered", project_id=there),
        await log.write("team.member.invited"),
    ]
    for_manager = await read(log.manager, to="2026-03-31")
    assert ids(for_manager) == [events[2], events[0]]
    assert ids(await read(log.admin, to="2026-03-31")) == events[::-1]
    only_here = await read(log.manager, project_id=here)
    assert ids(only_here) == [events[0]]
    assert (await log.manager.get(f"{PATH}?project_id={there}")).status == 404


async def test_events_of_a_line_are_narrowed_to_it(world: World) -> None:
    found = await read(world.alice, project_id=FRONT_DESK, limit="100")
    assert found
    assert {one["project_id"] for one in found} == {FRONT_DESK}
