"""What a project's calls may be: partners publish it, deliveries are told by it, everybody reads labels."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from aidial_contract.ids import new_id
from tests.api.calls.lines import Business, leave_priya, open_business
from tests.people import BAYSIDE, NORTHSIDE_LINE, PHYSIO_LINE
from tests.support.api import World
from tests.support.askers import Answer, Asker
from tests.support.world_calls import new_call

BOOKED = {"code": "appointment_booked", "label": "Appointment booked"}
ASKED = {"code": "question_answered", "label": "Question answered"}
NOTHING: dict[str, Any] = {"outcomes": [], "resolutions": [], "call_types": []}


@pytest.fixture
async def clinic(world: World) -> AsyncIterator[Business]:
    """A business of Bayside's partner whose lines have published nothing."""
    yield await open_business(world, "Australia/Perth", "Australia/Perth")
    await leave_priya(world)


async def partner(world: World, clinic: Business) -> Asker:
    """Priya, who was assigned to it."""
    await world.sql(
        "INSERT INTO assignments (client_id, user_id) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        clinic.client_id,
        world.user_ids["priya"],
    )
    world.api.hear()
    return world.priya


async def publish(asker: Asker, line: str, **lists: Any) -> Answer:
    path = f"/v1/projects/{line}"
    version = (await asker.get(f"{path}/draft/taxonomy")).json["version"]
    saved = await asker.put(
        f"{path}/draft/taxonomy", {"value": {**NOTHING, **lists}, "expected_version": version}
    )
    assert saved.status == 200, saved
    named = {"section": "taxonomy", "expected_version": saved.json["version"]}
    return await asker.post(f"{path}/publish", named)


async def outcome_of(clinic: Business, line: str, said: str | None) -> Any:
    return (await clinic.deliver(new_call(line, new_id(), outcome=said))).json["outcome"]


async def test_what_a_project_published_tells_its_calls(world: World, clinic: Business) -> None:
    priya, line = await partner(world, clinic), clinic.lines[0]
    assert await outcome_of(clinic, line, "anything at all") == "anything at all"
    published = await publish(priya, line, outcomes=[BOOKED, ASKED])
    assert (published.status, published.json["version"]["number"]) == (202, 1)
    for said, kept in (
        ("appointment_booked", "appointment_booked"),
        ("APPOINTMENT BOOKED", "appointment_booked"),
        ("anything at all", "unclassified"),
        (None, "unclassified"),
    ):
        assert await outcome_of(clinic, line, said) == kept
    # Lists that are empty, and other projects, take any word.
    call = await clinic.deliver(new_call(line, new_id(), resolution="any", call_type=None))
    assert (call.json["resolution"], call.json["call_type"]) == ("any", None)
    assert await outcome_of(clinic, clinic.lines[1], "anything at all") == "anything at all"
    path = call.headers["location"]
    for said, kept in (("Question answered", "question_answered"), ("other", "unclassified")):
        assert (await clinic.key.patch(path, {"outcome": said}, if_match="*")).json["outcome"] == kept
    config = await clinic.key.get(f"/v1/projects/{line}/runtime-config")
    assert config.json["taxonomy"]["outcomes"] == [BOOKED, ASKED]
    assert config.json["profile"]["timezone"] == "Australia/Perth"


async def test_everybody_reads_the_labels_of_their_own_projects(world: World, clinic: Business) -> None:
    await publish(await partner(world, clinic), clinic.lines[0], outcomes=[BOOKED], resolutions=[ASKED])
    mine = (await clinic.staff.get("/v1/taxonomies")).json["taxonomies"]
    assert mine == [
        {
            "project_id": clinic.lines[0],
            "client_id": clinic.client_id,
            "outcomes": [BOOKED],
            "resolutions": [ASKED],
            "call_types": [],
        }
    ]
    assert (await world.mallory.get("/v1/taxonomies")).json == {"taxonomies": []}


async def test_sections_are_published_one_by_one_and_keep_each_other(world: World, clinic: Business) -> None:
    priya, line = await partner(world, clinic), clinic.lines[1]
    profile = {"display_name": "Second desk", "timezone": "Australia/Perth"}
    path = f"/v1/projects/{line}"
    saved = await priya.put(f"{path}/draft/profile", {"value": profile, "expected_version": 1})
    await publish(priya, line, call_types=[ASKED])
    assert (await priya.get(f"{path}/draft/profile")).json["is_published"] is False
    answers = await asyncio.gather(
        priya.post(f"{path}/publish", {"expected_version": saved.json["version"]}),
        publish(priya, line, call_types=[BOOKED]),
    )
    assert [answer.status for answer in answers] == [202, 202]
    config = (await clinic.key.get(f"{path}/runtime-config")).json
    assert (config["number"], config["profile"], config["taxonomy"]["call_types"]) == (3, profile, [BOOKED])


async def test_only_those_who_manage_projects_change_it(world: World) -> None:
    path = f"/v1/projects/{PHYSIO_LINE}/draft/taxonomy"
    assert (await world.tom.get(path)).json["value"] == NOTHING
    body = {"value": NOTHING, "expected_version": 1}
    for somebody in (world.tom, world.bella, world.mallory):
        assert (await somebody.put(path, body)).code == "not_found"
    elsewhere = f"/v1/projects/{NORTHSIDE_LINE}/draft/taxonomy"
    assert (await world.priya.put(elsewhere, body)).code == "not_found"
    assert (await world.priya.put(path, {"value": NOTHING, "expected_version": 9})).code == "version_conflict"
    assert BAYSIDE in {one["client_id"] for one in (await world.bella.get("/v1/projects")).json["projects"]}


@pytest.mark.parametrize(
    ("term", "field", "code"),
    [
        ({"code": "Booked!", "label": "Booked"}, "code", "format"),
        ({"code": "unclassified", "label": "Other"}, "code", "not_allowed"),
        ({"code": BOOKED["code"], "label": "Twice"}, "code", "repeated"),
        ({"code": "blank", "label": "  "}, "label", "too_short"),
        ({"code": "long", "label": "x" * 81}, "label", "too_long"),
    ],
)
async def test_a_term_that_is_none_is_named(world: World, term: Any, field: str, code: str) -> None:
    value = {**NOTHING, "outcomes": [BOOKED, term]}
    answer = await world.priya.put(
        f"/v1/projects/{PHYSIO_LINE}/draft/taxonomy", {"value": value, "expected_version": 1}
    )
    assert (answer.status, answer.code) == (422, "validation_failed")
    named = [(one["field"], one["code"]) for one in answer.json["field_errors"]]
    assert named == [(f"/value/outcomes/1/{field}", code)]
