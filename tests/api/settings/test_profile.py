"""One's own profile: administrators change five members of it, everybody else reads it."""

from __future__ import annotations

from typing import Any

from tests.api.settings.clinics import Clinic
from tests.people import OSCAR
from tests.support.api import World

PATH = "/v1/settings/profile"
MINE = {
    "first_name": " Alicia ",
    "last_name": "Example",
    "mobile": "0491 570 156",
    "timezone": "Australia/Perth",
    "language": "EN-au",
}
KEPT = MINE | {"first_name": "Alicia", "mobile": "+61491570156", "language": "en-AU"}


async def save(clinic: Clinic, value: Any, version: int | None = None) -> Any:
    known = (await clinic.alice.get(PATH)).json["version"] if version is None else version
    return await clinic.alice.put(PATH, {"expected_version": known, "value": value})


async def test_alice_changes_her_profile_and_is_known_by_it_at_once(clinic: Clinic) -> None:
    before = (await clinic.alice.get(PATH)).json
    assert (before["section"], before["mode"], before["last_changed"]) == ("profile", "edit", None)
    answer = await save(clinic, MINE)
    assert answer.status == 200, answer
    assert (answer.json["working"], answer.json["version"]) == (KEPT, before["version"] + 1)
    assert answer.json["last_changed"]["by"] == clinic.alice.someone.email
    assert (await clinic.alice.get(PATH)).json == answer.json
    user = (await clinic.alice.get("/v1/session-context")).json["user"]
    assert (user["first_name"], user["timezone"]) == ("Alicia", "Australia/Perth")
    again = await save(clinic, {"first_name": "Alicia", "last_name": ""})
    assert again.json["working"] == {
        "first_name": "Alicia", "last_name": "", "mobile": None, "timezone": None, "language": "en-AU",
    }  # fmt: skip


async def test_a_mobile_number_lies_sealed_and_is_in_no_event(clinic: Clinic) -> None:
    await save(clinic, MINE)
    (row,) = await clinic.world.sql("SELECT * FROM users WHERE email = $1", clinic.alice.someone.email)
    assert b"570156" not in bytes(row["mobile_encrypted"])
    (*_, event) = await clinic.world.events(str(row["user_id"]))
    assert (event["action"], event["client_id"]) == ("settings.profile.updated", clinic.client_id)
    assert "mobile" in event["technical"]
    assert "570156" not in str(dict(event))


async def test_an_older_version_is_a_conflict(clinic: Clinic) -> None:
    version = (await save(clinic, MINE)).json["version"]
    stale = await save(clinic, MINE, version - 1)
    assert (stale.status, stale.json["code"]) == (409, "version_conflict")
    assert stale.json["details"]["current_version"] == version


async def test_everybody_else_reads_their_own_and_changes_nothing(clinic: Clinic, world: World) -> None:
    for somebody in (clinic.ben, clinic.chloe, clinic.petra, world.ada, world.omar):
        document = (await somebody.get(PATH)).json
        assert (document["mode"], document["restricted"]) == ("summary", ["mobile"])
        assert document["working"]["mobile"] is None
        refused = await somebody.put(PATH, {"expected_version": 1, "value": MINE})
        assert (refused.status, refused.json["code"]) == (404, "not_found")


async def test_it_answers_whose_second_factor_is_missing(world: World) -> None:
    oscar = await world.sign_in(OSCAR)
    assert (await oscar.get(PATH)).json["mode"] == "summary"
    assert (await oscar.get("/v1/ops/tenants")).status == 404


async def test_what_cannot_be_is_refused_by_its_place(clinic: Clinic) -> None:
    wrong = {
        "first_name": "  ", "last_name": "x" * 101, "mobile": "02 9123 4567", "timezone": "Mars/Olympus",
        "language": "no language",
    }  # fmt: skip
    answer = await save(clinic, wrong)
    assert answer.status == 422
    found = {error["field"]: error["code"] for error in answer.json["field_errors"]}
    assert set(found) == {f"/value/{name}" for name in wrong}
    assert (found["/value/mobile"], found["/value/first_name"]) == ("format", "required")
