"""A tenant's own limits of sessions: they tighten AiDial's, for those that begin and those that are open."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.api.settings.clinics import Clinic, open_clinic
from tests.support.api import World

POLICY = "/v1/settings/session-policy"


@pytest.fixture
async def clinic(world: World) -> Clinic:
    return await open_clinic(world)


def left(text: str) -> timedelta:
    """How long until a moment."""
    return datetime.fromisoformat(text) - datetime.now(UTC)


async def test_without_a_word_of_the_tenant_aidials_limits_count(clinic: Clinic) -> None:
    document = (await clinic.alice.get(POLICY)).json
    assert (document["version"], document["mode"]) == (1, "edit")
    assert document["working"] == {
        "idle_minutes": None,
        "absolute_hours": None,
        "concurrent_sessions": None,
    }
    assert (await clinic.ben.get(POLICY)).json["mode"] == "summary"
    assert (await clinic.chloe.get(POLICY)).code == "not_found"


async def test_a_new_session_has_the_tenants_limits_and_a_longer_one_is_aidials(clinic: Clinic) -> None:
    await clinic.save(POLICY, {"idle_minutes": 10, "absolute_hours": 100, "concurrent_sessions": None})
    answer = await clinic.world.register(clinic.ben.someone)
    assert timedelta(minutes=9) < left(answer.json["idle_expires_at"]) <= timedelta(minutes=10)
    assert timedelta(hours=11) < left(answer.json["absolute_expires_at"]) <= timedelta(hours=12)


async def test_a_touch_slides_no_further_than_the_tenant_says(clinic: Clinic) -> None:
    await clinic.save(POLICY, {"idle_minutes": 10})
    await clinic.world.age_session(clinic.ben.session_id, minutes=8)
    touched = await clinic.ben.post(f"/v1/sessions/{clinic.ben.session_id}/touch")
    assert timedelta(minutes=9) < left(touched.json["idle_expires_at"]) <= timedelta(minutes=10)


async def test_open_sessions_end_no_later_than_the_new_limits_say(clinic: Clinic) -> None:
    world = clinic.world
    await world.age_session(clinic.chloe.session_id, minutes=20)
    assert (await clinic.chloe.get("/v1/projects")).status == 200
    assert (await clinic.save(POLICY, {"idle_minutes": 15, "absolute_hours": 1})).status == 200
    over = await clinic.chloe.get("/v1/projects")
    assert (over.status, over.code) == (401, "session_expired")
    ben = (await clinic.ben.get(f"/v1/sessions/{clinic.ben.session_id}/state")).json
    assert left(ben["absolute_expires_at"]) <= timedelta(hours=1)
    assert left(ben["idle_expires_at"]) <= timedelta(minutes=15)
    petra = (await clinic.petra.get(f"/v1/sessions/{clinic.petra.session_id}/state")).json
    assert left(petra["idle_expires_at"]) > timedelta(minutes=20), "partners are nobody's of this tenant"


async def test_one_device_more_than_the_tenant_allows_ends_the_oldest_and_says_why(clinic: Clinic) -> None:
    await clinic.save(POLICY, {"concurrent_sessions": 2})
    second = await clinic.world.sign_in(clinic.ben.someone)
    assert (await clinic.ben.get("/v1/projects")).status == 200
    third = await clinic.world.sign_in(clinic.ben.someone)
    refused = await clinic.ben.get("/v1/projects")
    assert (refused.status, refused.code) == (401, "session_revoked")
    assert refused.json["details"] == {"ended": "concurrent_limit"}
    for session in (second, third):
        assert (await session.get("/v1/projects")).status == 200


@pytest.mark.parametrize(
    "wrong", [{"idle_minutes": 4}, {"absolute_hours": 0}, {"concurrent_sessions": 101}, {"idle_minutes": 7.5}]
)
async def test_a_limit_out_of_bounds_names_the_field(clinic: Clinic, wrong: dict[str, float]) -> None:
    answer = await clinic.alice.put(POLICY, {"expected_version": 1, "value": wrong})
    assert (answer.status, answer.code) == (422, "validation_failed")
    assert [one["field"] for one in answer.json["field_errors"]] == [f"/value/{next(iter(wrong))}"]
