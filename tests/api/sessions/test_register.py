"""Registering a session: what proves a sign-in, how long a session lasts, how many there may be."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from aidial_contract.headers import AIDIAL_SESSION
from tests.api.sessions.newcomers import invite
from tests.people import ALICE, BEN, CARLA, MALLORY, NOBODY
from tests.support.api import RunningApi, World, running_api
from tests.support.askers import patiently
from tests.support.issuer import API_AUDIENCE, PORTAL_CLIENT_ID


@pytest.fixture
async def strict_api(world: World) -> AsyncIterator[RunningApi]:
    """An API with the default number of sessions a person."""
    environ = {name: text for name, text in world.environ.items() if name != "AIDIAL_SESSIONS_PER_USER"}
    async with running_api(environ) as api:
        yield api


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


async def test_alice_registers_and_gets_half_an_hour_and_half_a_day(world: World) -> None:
    before = datetime.now(UTC)
    answer = await world.register(ALICE, device_label="Safari on iPhone")
    assert answer.status == 201
    assert answer.json.keys() == {"session_id", "state", "idle_expires_at", "absolute_expires_at"}
    assert answer.json["state"] == "active"
    idle, absolute = (moment(answer.json[f"{end}_expires_at"]) for end in ("idle", "absolute"))
    assert timedelta(0) <= idle - before - timedelta(minutes=30) < timedelta(seconds=10)
    assert timedelta(0) <= absolute - before - timedelta(hours=12) < timedelta(seconds=10)
    (row,) = await world.sql("SELECT * FROM sessions WHERE session_id = $1", answer.json["session_id"])
    assert (row["device_label"], str(row["ip"]), row["subject"]) == (
        "Safari on iPhone",
        "127.0.0.1",
        ALICE.subject,
    )
    assert row["sid"]
    assert abs((row["auth_time"] - before).total_seconds()) < 10
    (event,) = await world.events(answer.json["session_id"])
    assert (event["action"], event["actor_id"]) == ("sessions.session.created", world.alice.user_id)


@pytest.mark.parametrize("someone", [NOBODY, CARLA], ids=lambda someone: someone.name)
async def test_a_person_without_an_assignment_signs_in_to_nothing(world: World, someone: Any) -> None:
    signed_in = await world.sign_in(someone)
    context = await signed_in.get("/v1/session-context")
    assert (context.status, context.json["assigned"], context.json["role"]) == (200, False, None)
    for path in ("/v1/calls", "/v1/projects", "/v1/sessions", f"/v1/calls/{world.calls['front-1']}"):
        refused = await signed_in.get(path)
        assert (refused.status, refused.code) == (404, "not_found"), path


WRONG_CLAIMS: dict[str, dict[str, Any]] = {
    "another client": {"aud": ["other"]},
    "authorised party is another client": {"azp": "other"},
    "several audiences, no authorised party": {"aud": [PORTAL_CLIENT_ID, "other"], "azp": None},
    "another issuer": {"iss": "http://127.0.0.1:1"},
    "another subject": {"sub": MALLORY.subject},
    "nonce nobody sent": {"nonce": "surprise"},
    "a logout token": {"events": {"http://schemas.openid.net/event/backchannel-logout": {}}},
    "signed in tomorrow": {"auth_time": int(time.time()) + 86_400},
    "auth_time is no time": {"auth_time": "now"},
    "no end": {"exp": None},
}


@pytest.mark.parametrize("claims", WRONG_CLAIMS.values(), ids=WRONG_CLAIMS.keys())
async def test_an_id_token_that_proves_nothing_is_refused(world: World, claims: dict[str, Any]) -> None:
    answer = await world.register(ALICE, id_token=world.id_token(ALICE, **claims))
    assert (answer.status, answer.code) == (401, "token_invalid")
    assert answer.headers["www-authenticate"].startswith("Bearer ")


async def test_an_old_id_token_is_refused(world: World) -> None:
    answer = await world.register(ALICE, id_token=world.id_token(ALICE, exp=int(time.time()) - 60))
    assert (answer.status, answer.code) == (401, "token_expired")


async def test_an_access_token_is_no_id_token(world: World) -> None:
    token = world.issuer.access_token(ALICE.subject, azp=PORTAL_CLIENT_ID, email_verified=True)
    answer = await world.register(ALICE, id_token=token)
    assert (answer.status, answer.code) == (401, "token_invalid")


@pytest.mark.parametrize(
    ("sent", "status"), [("n-1", 201), ("n-2", 401), (None, 401)], ids=["same", "other", "none"]
)
async def test_the_nonce_is_the_one_the_portal_sent(world: World, sent: str | None, status: int) -> None:
    answer = await world.register(ALICE, id_token=world.id_token(ALICE, nonce="n-1"), nonce=sent)
    assert answer.status == status


@pytest.mark.parametrize(
    ("body", "failing"),
    [
        ({"device_label": ""}, "/device_label"),
        ({"device_label": "a\u0000b"}, "/device_label"),
        ({"id_token": 7}, "/id_token"),
        ({"tokens": "not sealed at all"}, "/tokens"),
        ({"mfa_satisfied": True}, "/mfa_satisfied"),
    ],
    ids=str,
)
async def test_a_registration_of_the_wrong_shape_names_the_field(
    world: World, body: dict[str, Any], failing: str
) -> None:
    answer = await world.register(ALICE, **body)
    assert (answer.status, answer.code) == (422, "validation_failed")
    assert [one["field"] for one in answer.json["field_errors"]] == [failing]


async def test_the_sixth_session_ends_the_oldest(world: World, strict_api: RunningApi) -> None:
    newcomer, api = await invite(world), strict_api
    first = await world.sign_in(newcomer, api=api)
    others = [await world.sign_in(newcomer, api=api) for _ in range(4)]
    assert (await first.get("/v1/projects")).status == 200
    sixth = await world.sign_in(newcomer, api=api)
    refused = await first.get("/v1/projects")
    assert (refused.status, refused.code) == (401, "session_revoked")
    for alive in (*others, sixth):
        assert (await alive.get("/v1/projects")).status == 200
    *_, revoked = await world.events(first.session_id)
    assert (revoked["action"], revoked["why"]) == ("sessions.session.revoked", "concurrent_limit")


async def test_ten_sign_ins_at_once_leave_five_sessions(world: World, strict_api: RunningApi) -> None:
    newcomer = await invite(world)
    first = await world.sign_in(newcomer, api=strict_api)
    answers = await asyncio.gather(
        *(patiently(partial(world.register, newcomer, api=strict_api)) for _ in range(10))
    )
    assert [answer.status for answer in answers] == [201] * 10
    rows = await world.sql("SELECT state FROM sessions WHERE user_id = $1", first.user_id)
    assert sorted(row["state"] for row in rows) == ["active"] * 5 + ["revoked"] * 6


async def test_signing_in_anew_takes_the_place_of_the_session_sent_along(world: World) -> None:
    before = await world.sign_in(BEN)
    body = {"id_token": world.id_token(BEN), "device_label": "Firefox on Linux"}
    assert (await before.post("/v1/sessions", body)).status == 201
    refused = await before.get("/v1/projects")
    assert (refused.status, refused.code) == (401, "session_revoked")


async def test_a_key_cannot_register_a_session(world: World) -> None:
    body = {"id_token": world.id_token(ALICE), "device_label": "a machine"}
    answer = await world.harbour_manage.post("/v1/sessions", body)
    assert (answer.status, answer.code) == (403, "auth_mode_not_allowed")


async def test_a_session_that_ended_cannot_be_sent_along(world: World) -> None:
    answer = await world.bearer_only(ALICE).post(
        "/v1/sessions", {}, **{AIDIAL_SESSION: world.mallory.session_id}
    )
    assert (answer.status, answer.code) == (401, "session_invalid")


async def test_the_audience_of_the_api_is_not_the_portals(world: World) -> None:
    answer = await world.register(ALICE, id_token=world.id_token(ALICE, aud=[API_AUDIENCE]))
    assert (answer.status, answer.code) == (401, "token_invalid")
