"""What a client's plan includes: who reads how much of it, who saves it over which version, what it does."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from aidial_api.provisioning import set_entitlement
from tests.api.calls.lines import Business
from tests.api.support.tickets import failing
from tests.people import HARBOUR, NORTHSIDE
from tests.support.api import World
from tests.support.askers import Answer, Asker

OWN = "/v1/settings/entitlements"
EVERYTHING = {"recording_download": True, "api_key_management": True}


def path_of(business: Business, *more: str) -> str:
    return "/".join((OWN, *more)) + f"?client_id={business.client_id}"


async def save(partner: Asker, business: Business, **value: bool) -> Answer:
    """Save over the current version; what is not named is included."""
    version = (await partner.get(path_of(business))).json["version"]
    body = {"value": EVERYTHING | value, "expected_version": version}
    return await partner.put(path_of(business), body)


async def test_a_client_for_whom_nothing_was_saved_has_everything(world: World, clinic: Business) -> None:
    document = (await world.priya.get(path_of(clinic))).json
    assert document["working"] == document["published"] == EVERYTHING
    assert (document["section"], document["client_id"]) == ("entitlements", clinic.client_id)
    assert (document["mode"], document["version"], document["last_changed"]) == ("edit", 1, None)


async def test_partners_and_aidials_administrators_save_what_the_client_reads(
    world: World, clinic: Business
) -> None:
    assert (await save(world.priya, clinic, recording_download=False)).json["version"] == 2
    assert (await save(world.ada, clinic, api_key_management=False)).json["version"] == 3
    own = (await clinic.admin.get(OWN)).json
    assert (own["mode"], own["version"]) == ("summary", 3)
    assert own["working"] == {"recording_download": True, "api_key_management": False}
    assert "restricted" not in own
    assert (await clinic.admin.get(path_of(clinic))).json == own


async def test_managers_read_a_summary(world: World) -> None:
    document = (await world.ben.get(OWN)).json
    assert (document["mode"], document["client_id"]) == ("summary", HARBOUR)
    assert document["working"] == {"recording_download": True, "api_key_management": None}
    assert document["restricted"] == ["api_key_management"]


async def test_to_everybody_else_there_is_no_such_section(world: World, clinic: Business) -> None:
    for somebody in (clinic.staff, world.tom, world.omar, world.mallory, world.alice):
        for path in (path_of(clinic), path_of(clinic, "history")):
            answer = await somebody.get(path)
            assert (answer.status, answer.code) == (404, "not_found")
    for somebody in (clinic.admin, clinic.staff, world.tom, world.omar):
        body = {"value": EVERYTHING, "expected_version": 1}
        assert (await somebody.put(path_of(clinic), body)).status == 404
    assert (await world.priya.get(f"{OWN}?client_id={NORTHSIDE}")).status == 404


async def test_whoever_looks_after_several_names_one(world: World) -> None:
    for somebody in (world.priya, world.ada):
        for path in (OWN, f"{OWN}/history"):
            nameless = await somebody.get(path)
            assert (nameless.status, failing(nameless)) == (400, {"query.client_id": "required"})


async def test_a_save_names_its_version_and_of_many_at_once_one_wins(world: World, clinic: Business) -> None:
    path = path_of(clinic)
    missing = await world.priya.put(path, {"value": EVERYTHING})
    assert (missing.status, missing.code) == (428, "precondition_required")
    body = {"value": EVERYTHING | {"recording_download": False}, "expected_version": 1}
    answers = await asyncio.gather(*(world.priya.put(path, body) for _ in range(5)))
    assert sorted(one.status for one in answers) == [200, 409, 409, 409, 409]
    stale = next(one for one in answers if one.status == 409)
    assert (stale.code, stale.json["details"]) == ("version_conflict", {"current_version": 2})
    saved = await world.priya.get(path)
    assert saved.json["last_changed"]["by"].startswith("priya@")
    assert (await world.priya.get(path, if_none_match=saved.headers["etag"])).status == 304


async def test_a_save_says_it_all_and_what_aidial_does_not_enforce_is_no_entitlement(
    world: World, clinic: Business
) -> None:
    value: dict[str, Any] = {"recording_download": True, "outbound_calling": True}
    answer = await world.priya.put(path_of(clinic), {"value": value, "expected_version": 1})
    assert failing(answer) == {
        "/value/api_key_management": "required",
        "/value/outbound_calling": "unknown",
    }
    assert (await world.priya.get(path_of(clinic))).json["version"] == 1


async def test_each_save_is_one_event_with_what_changed(world: World, clinic: Business) -> None:
    await save(world.priya, clinic, recording_download=False)
    rows = await world.sql(
        "SELECT * FROM audit_events WHERE client_id = $1 AND action = 'entitlements.entitlement.updated'",
        clinic.client_id,
    )
    (event,) = rows
    assert event["target_id"] == "entitlements"
    assert '"recording_download": [true, false]' in event["technical"]
    assert "api_key_management" not in event["technical"]


async def test_its_history_says_who_changed_what_as_far_as_the_reader_sees_it(
    world: World, clinic: Business
) -> None:
    await save(world.priya, clinic, recording_download=False)
    await save(world.ada, clinic)
    await save(world.priya, clinic, api_key_management=False)
    seen = (await clinic.admin.get(f"{OWN}/history")).json
    assert (seen["mode"], [one["version"] for one in seen["history"]]) == ("summary", [4, 3, 2])
    changes = [one["changes"] for one in seen["history"]]
    assert changes[0] == [{"field": "api_key_management", "before": True, "after": False}]
    assert changes[2] == [{"field": "recording_download", "before": True, "after": False}]
    newest = (await world.priya.get(path_of(clinic, "history") + "&limit=1")).json
    assert [one["version"] for one in newest["history"]] == [4]
    assert newest["next_cursor"]


async def test_a_manager_does_not_even_see_that_something_about_keys_changed(world: World) -> None:
    path = f"{OWN}?client_id={HARBOUR}"
    try:
        version = (await world.ada.get(path)).json["version"]
        body = {"value": EVERYTHING | {"api_key_management": False}, "expected_version": version}
        assert (await world.ada.put(path, body)).status == 200
        assert (await world.ben.get(f"{OWN}/history")).json["history"] == []
        body = {"value": dict.fromkeys(EVERYTHING, False) | {"api_key_management": True}}
        assert (await world.ada.put(path, body | {"expected_version": version + 1})).status == 200
        (seen,) = (await world.ben.get(f"{OWN}/history")).json["history"]
        assert [one["field"] for one in seen["changes"]] == ["recording_download"]
        assert seen["restricted"] == []
    finally:
        await _forget(world)


async def _forget(world: World) -> None:
    """The front desk's plan as if nobody had ever saved it."""
    for table in ("client_settings", "client_settings_history"):
        await world.sql(f"DELETE FROM {table} WHERE client_id = $1 AND section = 'entitlements'", HARBOUR)


async def test_without_management_of_keys_none_is_made_or_rotated_and_those_there_work_and_end(
    world: World, clinic: Business
) -> None:
    new = {"client_id": clinic.client_id, "scope": "read", "description": "the booking system"}
    made = await world.priya.post("/v1/api-keys", new)
    key = f"/v1/api-keys/{made.json['api_key']['api_key_id']}"
    await save(world.priya, clinic, api_key_management=False)
    for somebody in (world.priya, world.ada):
        for path, body in (("/v1/api-keys", new), (f"{key}/rotate?client_id={clinic.client_id}", None)):
            answer = await somebody.post(path, body)
            assert (answer.status, answer.code) == (403, "entitlement_required")
    listed = await world.priya.get(f"/v1/api-keys?client_id={clinic.client_id}")
    (kept,) = (one for one in listed.json["api_keys"] if key.endswith(one["api_key_id"]))
    assert kept["state"] == "active"
    assert (await clinic.key.get("/v1/session-context")).status == 200
    assert (await world.priya.post(f"{key}/revoke", {})).status == 200
    await save(world.priya, clinic)
    assert (await world.priya.post("/v1/api-keys", new)).status == 201


async def test_what_the_command_line_sets_is_what_is_read(world: World, clinic: Business) -> None:
    owner = world.urls.owner_url
    assert await set_entitlement(owner, clinic.client_id, "recording_download", included=False)
    document = (await world.priya.get(path_of(clinic))).json
    assert document["working"] == EVERYTHING | {"recording_download": False}
    assert (document["version"], document["last_changed"]["by"]) == (2, "AiDial")
    assert (await save(world.priya, clinic)).json["version"] == 3


async def test_the_command_keeps_what_was_before_and_its_event_says_what_changed(
    world: World, clinic: Business
) -> None:
    owner = world.urls.owner_url
    assert await set_entitlement(owner, clinic.client_id, "api_key_management", included=False)
    (change,) = (await world.priya.get(path_of(clinic, "history"))).json["history"]
    told = [(one["field"], one["before"], one["after"]) for one in change["changes"]]
    assert told == [("api_key_management", True, False)]
    ((technical,),) = await world.sql(
        "SELECT technical FROM audit_events WHERE client_id = $1"
        " AND action = 'entitlements.entitlement.updated' ORDER BY at DESC LIMIT 1",
        clinic.client_id,
    )
    assert json.loads(technical) == {"changed": {"api_key_management": [True, False]}}
