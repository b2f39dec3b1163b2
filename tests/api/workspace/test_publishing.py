"""Partners edit a project's draft and publish it; the runtime reads what was published."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from aidial_api.provisioning import NewClient, NewProject
from aidial_contract.ids import new_api_key, new_id
from tests.people import BAYSIDE, HARBOUR, NORTHSIDE_LINE, PARTNER, PHYSIO_LINE, PRIYA, TOM
from tests.support.api import World
from tests.support.askers import Asker, KeyHolder


def profile(name: str = "Reception", zone: str = "Australia/Perth") -> dict[str, Any]:
    return {"display_name": name, "timezone": zone}


@pytest.fixture
async def line(world: World) -> AsyncIterator[str]:
    """A new project of Bayside's that nobody has drafted or published."""
    project_id = new_id()
    await world.provisioner.add_client(
        NewClient(
            client_id=BAYSIDE,
            name="Bayside Physio",
            timezone="Australia/Perth",
            partner_org_id=PARTNER,
            lifecycle="active",
            projects=(
                NewProject(project_id=project_id, display_name="Second desk", timezone="Australia/Perth"),
            ),
        )
    )
    yield project_id
    for table in ("project_versions", "project_drafts", "projects"):
        await world.sql(f"DELETE FROM {table} WHERE project_id = $1", project_id)


async def save(asker: Asker, line: str, version: int, name: str) -> int:
    body = {"value": profile(name), "expected_version": version}
    answer = await asker.put(f"/v1/projects/{line}/draft/profile", body)
    assert answer.status == 200, answer
    return int(answer.json["version"])


async def test_a_draft_nobody_saved_is_what_the_project_is_now(world: World, line: str) -> None:
    answer = await world.tom.get(f"/v1/projects/{line}/draft/profile")
    assert answer.json == {
        "section": "profile",
        "version": 1,
        "value": profile("Second desk"),
        "is_published": False,
        "changed_at": None,
    }


async def test_priya_publishes_and_the_runtime_reads_it(world: World, line: str) -> None:
    version = await save(world.priya, line, 1, "Reception two")
    published = await world.priya.post(
        f"/v1/projects/{line}/publish", {"expected_version": version, "note": "the new name"}
    )
    assert published.status == 202
    assert (published.json["version"]["number"], published.json["version"]["note"]) == (1, "the new name")
    config = await world.bayside_manage.get(f"/v1/projects/{line}/runtime-config")
    assert (config.json["number"], config.json["profile"]) == (1, profile("Reception two"))
    same = await world.bayside_manage.get(
        f"/v1/projects/{line}/runtime-config", if_none_match=config.headers["etag"]
    )
    assert same.status == 304
    projects = (await world.bayside_manage.get("/v1/projects")).json["projects"]
    assert "Reception two" in {one["display_name"] for one in projects}
    events = [event["action"] for event in await world.events(line)]
    assert events == ["workspace.draft.saved", "workspace.version.published"]


async def test_before_the_first_publication_the_runtime_is_told_so(world: World, line: str) -> None:
    await save(world.priya, line, 1, "Not published")
    answer = await world.bayside_manage.get(f"/v1/projects/{line}/runtime-config")
    assert (answer.status, answer.code) == (409, "published_state_missing")


async def test_without_a_draft_there_is_nothing_to_publish(world: World, line: str) -> None:
    path = f"/v1/projects/{line}/publish"
    answer = await world.priya.post(path, {"expected_version": 1})
    assert (answer.status, answer.code) == (409, "draft_state_missing")
    version = await save(world.priya, line, 1, "Once")
    assert (await world.priya.post(path, {"expected_version": version})).status == 202
    again = await world.priya.post(path, {"expected_version": version})
    assert (again.status, again.code) == (409, "draft_state_missing")


async def test_a_stale_or_missing_version_changes_nothing(world: World, line: str) -> None:
    path = f"/v1/projects/{line}"
    await save(world.priya, line, 1, "First")
    for expected in (1, 3, 99):
        answer = await world.priya.put(
            f"{path}/draft/profile", {"value": profile("Lost"), "expected_version": expected}
        )
        assert (answer.status, answer.code) == (409, "version_conflict")
        assert answer.json["details"] == {"current_version": 2}
        answer = await world.priya.post(f"{path}/publish", {"expected_version": expected})
        assert (answer.status, answer.code) == (409, "version_conflict")
    for method, where, body in (
        ("PUT", f"{path}/draft/profile", {"value": profile("Lost")}),
        ("POST", f"{path}/publish", {}),
    ):
        answer = await world.priya.ask(method, where, body)
        assert (answer.status, answer.code) == (428, "precondition_required")
    kept = (await world.priya.get(f"{path}/draft/profile")).json
    assert (kept["version"], kept["value"]) == (2, profile("First"))


async def test_of_fifty_writers_one_wins_each_version(world: World, line: str) -> None:
    for version in (1, 2):
        bodies = [{"value": profile(f"Writer {n}"), "expected_version": version} for n in range(50)]
        answers = await asyncio.gather(
            *(world.priya.put(f"/v1/projects/{line}/draft/profile", body) for body in bodies)
        )
        statuses = [one.status for one in answers]
        assert statuses.count(200) == 1
        # On a busy machine some are told to come back: they wrote nothing either.
        assert set(statuses) <= {200, 409, 503}
    assert (await world.priya.get(f"/v1/projects/{line}/draft/profile")).json["version"] == 3


async def test_of_ten_publishers_one_publishes(world: World, line: str) -> None:
    version = await save(world.priya, line, 1, "Once only")
    path = f"/v1/projects/{line}/publish"
    answers = await asyncio.gather(
        *(world.priya.post(path, {"expected_version": version}) for _ in range(10))
    )
    assert sorted(one.status for one in answers) == [202] + [409] * 9
    listed = (await world.tom.get(f"/v1/projects/{line}/versions")).json
    assert [one["number"] for one in listed["versions"]] == [1]


async def test_versions_come_newest_first_page_by_page(world: World, line: str) -> None:
    for number in (1, 2, 3):
        version = await save(world.priya, line, number, f"Name {number}")
        await world.priya.post(f"/v1/projects/{line}/publish", {"expected_version": version})
    first = (await world.tom.get(f"/v1/projects/{line}/versions?limit=2")).json
    rest = (await world.tom.get(f"/v1/projects/{line}/versions?limit=2&cursor={first['next_cursor']}")).json
    assert [one["number"] for one in first["versions"] + rest["versions"]] == [3, 2, 1]
    other = await world.tom.get(f"/v1/projects/{PHYSIO_LINE}/versions?cursor={first['next_cursor']}")
    assert (other.status, other.code) == (400, "invalid_cursor")


async def test_every_wrong_field_of_a_profile_is_named(world: World, line: str) -> None:
    body = {"value": {"display_name": "", "timezone": "Sydney", "colour": "red"}, "expected_version": 0}
    answer = await world.priya.put(f"/v1/projects/{line}/draft/profile", body)
    assert (answer.status, answer.code) == (422, "validation_failed")
    named = {one["field"] for one in answer.json["field_errors"]}
    assert named == {"/value/display_name", "/value/timezone", "/value/colour", "/expected_version"}


@pytest.mark.parametrize("zone", ["localtime", "Factory"])
async def test_a_zone_the_database_does_not_know_is_none(world: World, line: str, zone: str) -> None:
    body = {"value": profile(" ", zone), "expected_version": 1}
    answer = await world.priya.put(f"/v1/projects/{line}/draft/profile", body)
    assert answer.status == 422
    assert {one["field"] for one in answer.json["field_errors"]} == {"/value/display_name", "/value/timezone"}


async def test_the_largest_version_is_stale_like_any_other(world: World, line: str) -> None:
    await save(world.priya, line, 1, "First")
    body = {"value": profile(), "expected_version": 2**31 - 1}
    answer = await world.priya.put(f"/v1/projects/{line}/draft/profile", body)
    assert (answer.status, answer.code) == (409, "version_conflict")


async def test_tom_looks_and_does_not_touch_and_a_rivals_project_is_missing(world: World, line: str) -> None:
    body = {"value": profile(), "expected_version": 1}
    assert (await world.tom.put(f"/v1/projects/{line}/draft/profile", body)).status == 404
    assert (await world.tom.post(f"/v1/projects/{line}/publish", {"expected_version": 1})).status == 404
    assert (await world.priya.get(f"/v1/projects/{NORTHSIDE_LINE}/draft/profile")).status == 404
    assert (await world.harbour_read.get(f"/v1/projects/{line}/runtime-config")).status == 404
    assert (await world.bayside_manage.get(f"/v1/projects/{line}/draft/profile")).code == (
        "auth_mode_not_allowed"
    )
    assert (await world.priya.get(f"/v1/projects/{line}/draft/colours")).status == 404
    assert {PRIYA.partner_org_id, TOM.partner_org_id} == {PARTNER}


async def test_a_key_that_reads_may_read_what_was_published(world: World) -> None:
    text, _ = new_api_key("live")
    await world.provisioner.add_key(HARBOUR, text, scope="read", description="reads")
    reader = Asker(world.api.http, {"x-api-key": text})
    assert isinstance(world.harbour_read, KeyHolder)
    answer = await reader.get(f"/v1/projects/{PHYSIO_LINE}/runtime-config")
    assert answer.status == 404
