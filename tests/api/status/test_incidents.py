"""Incidents: published by AiDial's people, seen by whom they concern, resolved, and remembered for a week."""

from __future__ import annotations

import pytest

from aidial_contract.ids import new_id
from aidial_contract.lifecycle import INCIDENTS
from tests.api.status.incidents import incident, new_incident
from tests.people import AFTER_HOURS, FRONT_DESK, NORTHSIDE_LINE
from tests.support.api import World
from tests.support.askers import Asker


async def seen(asker: Asker, incident_id: str) -> set[str]:
    """Where somebody sees an incident: `active`, `history`, `list`, `banner`."""
    report = (await asker.get("/v1/status")).json
    listed = (await asker.get("/v1/incidents?limit=100")).json
    context = (await asker.get("/v1/session-context")).json
    places = {
        "active": report["incidents"],
        "history": report["history"],
        "list": listed["incidents"],
        "banner": context["incidents"],
    }
    return {name for name, found in places.items() if incident_id in {one["incident_id"] for one in found}}


async def test_an_operator_publishes_and_everybody_sees_it_until_it_is_resolved(world: World) -> None:
    before = (await world.alice.get("/v1/status")).json["overall"]
    async with incident(world.omar, severity="critical") as opened:
        assert opened["state"] == "investigating"
        assert (opened["version"], opened["concerns_everybody"]) == (1, True)
        everybody: list[Asker] = [world.alice, world.chloe, world.tom, world.mallory, world.ada]
        for somebody in (*everybody, world.harbour_read):
            assert await seen(somebody, opened["incident_id"]) == {"active", "list", "banner"}
            assert (await somebody.get("/v1/status")).json["overall"] == "critical_disruption"
        path = f"/v1/incidents/{opened['incident_id']}"
        said = {"state": "monitoring", "message": "A fix is in place.", "expected_version": 1}
        changed = await world.ada.patch(path, said)
        assert (changed.status, changed.json["incident"]["version"]) == (200, 2)
        assert [one["message"] for one in changed.json["incident"]["updates"]] == [
            "A fix is in place.",
            "We are looking into it.",
        ]
        done = await world.omar.patch(path, {"state": "resolved", "expected_version": 2})
        assert done.json["incident"]["resolved_at"] is not None
        assert done.json["incident"]["duration_seconds"] >= 0
        assert done.json["incident"]["allowed"] == []
        assert await seen(world.alice, opened["incident_id"]) == {"history", "list"}
        assert (await world.alice.get("/v1/status")).json["overall"] == before
        events = await world.events(opened["incident_id"])
        assert [event["action"] for event in events] == [
            "status.incident.published",
            *2 * ["status.incident.updated"],
        ]


async def test_history_forgets_after_seven_days_and_the_list_does_not(world: World) -> None:
    async with incident(world.omar) as opened:
        pass
    assert await seen(world.alice, opened["incident_id"]) == {"history", "list"}
    await world.sql(
        "UPDATE incidents SET resolved_at = resolved_at - interval '7 days 1 second' WHERE incident_id = $1",
        opened["incident_id"],
    )
    assert await seen(world.alice, opened["incident_id"]) == {"list"}


async def test_an_incident_of_some_lines_concerns_those_who_reach_one(world: World) -> None:
    async with incident(world.omar, severity="major", project_ids=[AFTER_HOURS, NORTHSIDE_LINE]) as opened:
        incident_id = opened["incident_id"]
        assert opened["project_ids"] == sorted([AFTER_HOURS, NORTHSIDE_LINE])
        for somebody, theirs in (
            (world.alice, AFTER_HOURS),
            (world.priya, AFTER_HOURS),
            (world.mallory, NORTHSIDE_LINE),
        ):
            assert await seen(somebody, incident_id) == {"active", "list", "banner"}
            shown = (await somebody.get(f"/v1/incidents/{incident_id}")).json["incident"]
            assert shown["project_ids"] == [theirs]
            assert shown["concerns_everybody"] is False
        strangers: list[Asker] = [world.chloe, world.bella, world.bayside_manage]
        for stranger in strangers:
            assert await seen(stranger, incident_id) == set()
            assert (await stranger.get(f"/v1/incidents/{incident_id}")).code == "not_found"


@pytest.mark.parametrize(
    ("severities", "overall"),
    [
        (["minor"], "minor_issue"),
        (["minor", "major"], "service_degradation"),
        (["major", "critical", "minor"], "critical_disruption"),
    ],
)
async def test_the_gravest_active_incident_decides(world: World, severities: list[str], overall: str) -> None:
    assert (await world.alice.get("/v1/status")).json["overall"] == "operational"
    made = [
        (await world.omar.post("/v1/incidents", new_incident(severity=one, project_ids=[FRONT_DESK]))).json
        for one in severities
    ]
    try:
        report = (await world.alice.get("/v1/status")).json
        assert report["overall"] == overall
        gravest_first = sorted(severities, key=["critical", "major", "minor"].index)
        assert [one["severity"] for one in report["incidents"]] == gravest_first
    finally:
        for one in made:
            path = f"/v1/incidents/{one['incident']['incident_id']}"
            await world.omar.patch(path, {"state": "resolved", "expected_version": 1})


@pytest.mark.parametrize("state", INCIDENTS.states)
async def test_an_incident_goes_only_where_its_lifecycle_says(world: World, state: str) -> None:
    for wanted in INCIDENTS.states:
        async with incident(world.omar, project_ids=[FRONT_DESK]) as opened:
            path = f"/v1/incidents/{opened['incident_id']}"
            first = {"state": state, "message": "First.", "expected_version": 1}
            assert (await world.omar.patch(path, first)).status == 200
            then = {"state": wanted, "message": "Then.", "expected_version": 2}
            answer = await world.omar.patch(path, then)
            if INCIDENTS.may_go(state, wanted):
                assert answer.json["incident"]["state"] == wanted
            else:
                assert (answer.status, answer.code) == (409, "state_conflict")
                assert answer.json["details"] == {
                    "current_state": state,
                    "allowed": list(INCIDENTS.allowed[state]),
                }


async def test_two_operators_at_once_do_not_overwrite_each_other(world: World) -> None:
    async with incident(world.omar, project_ids=[FRONT_DESK]) as opened:
        path = f"/v1/incidents/{opened['incident_id']}"
        said = {"state": "identified", "message": "It is the carrier.", "expected_version": 1}
        assert (await world.omar.patch(path, said)).status == 200
        late = await world.ada.patch(path, {**said, "state": "monitoring"})
        assert (late.status, late.code) == (409, "version_conflict")
        assert late.json["details"] == {"current_version": 2}
        without = await world.ada.patch(path, {"state": "monitoring"})
        assert (without.status, without.code) == (428, "precondition_required")
        silent = await world.ada.patch(path, {"state": "identified", "expected_version": 2})
        assert silent.json["field_errors"][0]["field"] == "/message"
        assert (await world.ada.get(path)).json["incident"]["version"] == 2


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"severity": "huge"}, "/severity"),
        ({"title": "   "}, "/title"),
        ({"message": ""}, "/message"),
        ({"title": "x" * 201}, "/title"),
        ({"project_ids": [FRONT_DESK, FRONT_DESK.upper()]}, "/project_ids/1"),
        ({"project_ids": [FRONT_DESK] * 51}, "/project_ids"),
        ({"colour": "red"}, "/colour"),
    ],
)
async def test_a_bad_incident_names_the_field(world: World, wrong: dict[str, object], field: str) -> None:
    answer = await world.omar.post("/v1/incidents", new_incident(**wrong))
    assert (answer.status, answer.code) == (422, "validation_failed")
    assert [one["field"] for one in answer.json["field_errors"]] == [field]


async def test_a_project_that_is_not_there_publishes_nothing(world: World) -> None:
    (before,) = await world.sql("SELECT count(*) FROM incidents")
    for one in (new_id(), "nonsense"):
        answer = await world.omar.post("/v1/incidents", new_incident(project_ids=[FRONT_DESK, one]))
        assert (answer.status, answer.code) == (404, "not_found")
    assert await world.sql("SELECT count(*) FROM incidents") == [before]


async def test_what_customers_read_holds_no_number_of_anybody(world: World) -> None:
    said = {"title": "Ring 0412 345 678", "message": "Or write to sam@example.com."}
    async with incident(world.omar, project_ids=[FRONT_DESK], **said) as opened:
        assert opened["title"] == "Ring [PHONE]"
        assert opened["updates"][0]["message"] == "Or write to [EMAIL]."


async def test_the_list_is_paged_and_narrowed(world: World) -> None:
    made = []
    for _ in range(3):
        async with incident(world.omar, project_ids=[FRONT_DESK]) as opened:
            made.append(opened["incident_id"])
    found, path = [], "/v1/incidents?limit=2&state=resolved"
    cursor = ""
    for _ in range(2):
        page = (await world.alice.get(path + cursor)).json
        found += [one["incident_id"] for one in page["incidents"]]
        cursor = f"&cursor={page['next_cursor']}"
    assert found[:3] == made[::-1]
    other = await world.alice.get(f"/v1/incidents?limit=2{cursor}")
    assert (other.status, other.code) == (400, "invalid_cursor")


async def test_a_repeat_with_the_same_key_publishes_once(world: World) -> None:
    body, key = new_incident(project_ids=[FRONT_DESK]), new_id()
    first, again = [await world.omar.post("/v1/incidents", body, idempotency_key=key) for _ in range(2)]
    assert first.json == again.json
    assert again.headers["idempotency-replayed"] == "true"
