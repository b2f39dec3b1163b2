"""What is set for each project: who sees how much of it, how it is saved, and what the runtime gets of it."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec

from aidial_contract.ids import new_id
from tests.api.settings.clinics import Clinic
from tests.people import FRONT_DESK
from tests.support.api import World
from tests.support.askers import Answer

LIMITS = {
    "greeting": " Hill Street Clinic, good morning. ",
    "interruptible": False,
    "max_duration_minutes": 25,
}
KEPT = LIMITS | {"greeting": "Hill Street Clinic, good morning."}
BEFORE = {"greeting": "", "interruptible": True, "max_duration_minutes": 15}
EDIT = {
    "section", "mode", "version", "working", "published", "publish_status", "observed_at", "last_changed",
    "provenance",
}  # fmt: skip


def path(clinic: Clinic, section: str = "call-limits") -> str:
    return f"/v1/projects/{clinic.project_id}/settings/{section}"


async def save(clinic: Clinic, value: Any = LIMITS, version: int = 1) -> Answer:
    return await clinic.alice.put(path(clinic), {"expected_version": version, "value": value})


async def runtime(clinic: Clinic) -> dict[str, Any]:
    answer = await clinic.key.get(f"/v1/projects/{clinic.project_id}/runtime-config")
    assert answer.status == 200, answer
    found: dict[str, Any] = answer.json
    return found


async def test_a_project_that_nobody_set_anything_for_has_version_one(clinic: Clinic) -> None:
    document = (await clinic.alice.get(path(clinic))).json
    assert set(document) == EDIT
    assert (document["section"], document["mode"], document["version"]) == ("call-limits", "edit", 1)
    assert document["working"] == document["published"] == BEFORE
    assert (document["publish_status"], document["last_changed"]) == ("published", None)
    assert document["provenance"] == {"working": "set_up", "published_version": None}


async def test_what_alice_saves_is_what_the_runtime_reads(clinic: Clinic) -> None:
    assert (await clinic.key.get(f"/v1/projects/{clinic.project_id}/runtime-config")).status == 409
    answer = await save(clinic)
    assert answer.status == 200, answer
    document = answer.json
    assert (document["version"], document["working"], document["published"]) == (2, KEPT, KEPT)
    assert document["publish_status"] == "published"
    assert document["last_changed"]["by"] == clinic.alice.someone.email
    assert (await clinic.alice.get(path(clinic))).json == document
    config = await runtime(clinic)
    assert config["hangup"] == {"max_duration": {"timeout_seconds": 1500}}
    assert config["greeting"] == {"text": KEPT["greeting"], "interruptible": False}
    assert config["profile"] == {"display_name": "Desk", "timezone": "Australia/Hobart"}
    assert config["number"] == 1
    assert document["provenance"] == {"working": "saved", "published_version": 1}
    # Another section's save is the next version of the project, and this one is in it as well.
    await clinic.save(path(clinic, "transfer-settings"), {"after_hours": False})
    document = (await clinic.ben.get(path(clinic))).json
    assert document["provenance"] == {"working": "saved", "published_version": 2}


async def test_a_manager_gets_a_document_without_the_words(clinic: Clinic) -> None:
    await save(clinic)
    answer = await clinic.ben.get(path(clinic))
    assert (answer.json["mode"], answer.json["restricted"]) == ("summary", ["greeting"])
    assert answer.json["working"] == answer.json["published"] == KEPT | {"greeting": None}
    assert b"good morning" not in answer.body


async def test_the_partner_administrator_reads_and_everybody_else_finds_nothing(world: World) -> None:
    limits = f"/v1/projects/{FRONT_DESK}/settings/call-limits"
    assert (await world.priya.get(limits)).json["mode"] == "summary"
    change = {"expected_version": 1, "value": LIMITS}
    answers = [
        *[await one.get(limits) for one in (world.chloe, world.ada, world.omar, world.mallory)],
        *[await one.put(limits, change) for one in (world.ben, world.chloe, world.priya, world.mallory)],
        await world.ben.put(limits, b"not json"),
        await world.alice.get(f"/v1/projects/{new_id()}/settings/call-limits"),
        await world.alice.get("/v1/projects/nobody-s/settings/call-limits"),
        await world.alice.get(f"/v1/projects/{FRONT_DESK}/settings/nothing"),
    ]
    assert {answer.status for answer in answers} == {404}
    assert len({one.body.replace(one.headers["x-request-id"].encode(), b"") for one in answers}) == 1
    assert (await world.harbour_manage.get(limits)).code == "auth_mode_not_allowed"


async def test_a_save_names_the_version_and_is_refused_over_another(clinic: Clinic) -> None:
    assert (await clinic.alice.put(path(clinic), {"value": LIMITS})).code == "precondition_required"
    for stale in (0, 2):
        answer = await save(clinic, version=stale)
        assert (answer.status, answer.code) == (409, "version_conflict")
        assert answer.json["details"]["current_version"] == 1
    assert (await clinic.alice.get(path(clinic))).json["version"] == 1
    assert await _events(clinic) == []
    assert (await clinic.key.get(f"/v1/projects/{clinic.project_id}/runtime-config")).status == 409


async def test_of_many_saves_at_once_over_one_version_one_is_kept(clinic: Clinic) -> None:
    values = [LIMITS | {"max_duration_minutes": minutes} for minutes in range(5, 15)]
    answers = await asyncio.gather(*[save(clinic, value) for value in values])
    assert sorted(answer.status for answer in answers) == [200, *[409] * 9]
    won = next(answer.json for answer in answers if answer.status == 200)
    config = await runtime(clinic)
    assert config["hangup"]["max_duration"]["timeout_seconds"] == won["working"]["max_duration_minutes"] * 60
    assert config["number"] == 1


async def test_what_does_not_fit_is_named_field_by_field(clinic: Clinic) -> None:
    bad = {"greeting": "x" * 501, "interruptible": "no", "max_duration_minutes": 31, "persona": "kind"}
    answer = await save(clinic, bad)
    assert (answer.status, answer.code) == (422, "validation_failed")
    assert {one["field"]: one["code"] for one in answer.json["field_errors"]} == {
        "/value/greeting": "too_long",
        "/value/interruptible": "wrong_type",
        "/value/max_duration_minutes": "too_large",
        "/value/persona": "unknown",
    }
    for minutes in (4, 5.5, "15", None):
        assert (await save(clinic, LIMITS | {"max_duration_minutes": minutes})).status == 422
    for minutes, version in ((5, 1), (30, 2)):
        assert (await save(clinic, LIMITS | {"max_duration_minutes": minutes}, version)).status == 200
    assert (await save(clinic, LIMITS | {"greeting": "x" * 500}, 3)).status == 200


async def test_each_save_leaves_one_event_with_the_names_of_what_changed(clinic: Clinic) -> None:
    await save(clinic)
    await save(clinic, LIMITS | {"interruptible": True}, 2)
    assert await _events(clinic) == [
        ("settings.call_limits.updated", ["greeting", "interruptible", "max_duration_minutes"]),
        ("settings.call_limits.updated", ["interruptible"]),
    ]


async def _events(clinic: Clinic) -> list[tuple[str, list[str]]]:
    rows = await clinic.world.sql(
        "SELECT action, technical FROM audit_events"
        " WHERE client_id = $1 AND project_id = $2 AND target_kind = 'settings' ORDER BY event_id",
        clinic.client_id,
        clinic.project_id,
    )
    return [(row["action"], msgspec.json.decode(row["technical"])["fields"]) for row in rows]


async def test_a_save_publishes_no_draft_of_the_partner_and_a_partner_keeps_what_alice_saved(
    world: World,
) -> None:
    project = f"/v1/projects/{FRONT_DESK}"
    draft = (await world.priya.get(f"{project}/draft/profile")).json
    value = {"display_name": "Draft of Priya", "timezone": "Australia/Perth"}
    draft = (
        await world.priya.put(
            f"{project}/draft/profile", {"value": value, "expected_version": draft["version"]}
        )
    ).json
    version = (await world.alice.get(f"{project}/settings/call-limits")).json["version"]
    saved = await world.alice.put(
        f"{project}/settings/call-limits", {"expected_version": version, "value": LIMITS}
    )
    assert saved.status == 200, saved
    config = (await world.harbour_manage.get(f"{project}/runtime-config")).json
    assert config["profile"]["display_name"] != "Draft of Priya"
    assert config["hangup"]["max_duration"]["timeout_seconds"] == 1500
    assert (await world.priya.get(f"{project}/draft/profile")).json["is_published"] is False
    back = {"display_name": "Front desk", "timezone": "Australia/Sydney"}
    draft = (
        await world.priya.put(
            f"{project}/draft/profile", {"value": back, "expected_version": draft["version"]}
        )
    ).json
    published = await world.priya.post(f"{project}/publish", {"expected_version": draft["version"]})
    assert published.status == 202, published
    config = (await world.harbour_manage.get(f"{project}/runtime-config")).json
    assert config["hangup"]["max_duration"]["timeout_seconds"] == 1500
    assert (await world.alice.get(f"{project}/settings/call-limits")).json["publish_status"] == "published"


async def test_after_a_partner_went_back_to_an_older_version_a_save_is_pending(clinic: Clinic) -> None:
    await save(clinic)
    await save(clinic, LIMITS | {"max_duration_minutes": 6}, 2)
    # What going back to a version does: the next one has the content of the first.
    await clinic.world.sql(
        "INSERT INTO project_versions (client_id, project_id, number, content)"
        " SELECT client_id, project_id, 3, content FROM project_versions"
        " WHERE project_id = $1 AND number = 1",
        clinic.project_id,
    )
    document = (await clinic.alice.get(path(clinic))).json
    assert document["publish_status"] == "pending_publish"
    assert document["working"]["max_duration_minutes"] == 6
    assert document["published"]["max_duration_minutes"] == 25
    assert (await runtime(clinic))["hangup"]["max_duration"]["timeout_seconds"] == 1500
    again = await save(clinic, document["working"], document["version"])
    assert again.json["publish_status"] == "published"
    assert (await runtime(clinic))["hangup"]["max_duration"]["timeout_seconds"] == 360


async def test_a_live_call_is_overdue_by_what_was_saved(clinic: Clinic) -> None:
    await save(clinic, LIMITS | {"max_duration_minutes": 7})
    rows = await clinic.world.sql(
        "SELECT max_duration_minutes FROM projects WHERE project_id = $1", clinic.project_id
    )
    assert rows[0]["max_duration_minutes"] == 7


async def test_what_was_saved_before_is_kept(clinic: Clinic) -> None:
    await save(clinic)
    await save(clinic, LIMITS | {"max_duration_minutes": 6}, 2)
    rows = await clinic.world.sql(
        "SELECT version, value FROM project_settings_history WHERE project_id = $1 ORDER BY version",
        clinic.project_id,
    )
    minutes = [msgspec.json.decode(row["value"])["max_duration_minutes"] for row in rows]
    assert list(zip([row["version"] for row in rows], minutes, strict=True)) == [(1, 15), (2, 25), (3, 6)]
