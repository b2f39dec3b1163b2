"""How a session lasts and ends: idle time, absolute time, touches, revocation heard by every process."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest

from aidial_contract.headers import AIDIAL_SESSION
from aidial_contract.ids import new_id
from tests.people import ALICE, CHLOE, PRIYA
from tests.support.api import Asker, SignedIn, World, running_api


async def written(world: World, person: SignedIn) -> tuple[object, ...]:
    """The version of the row itself: it changes with any write."""
    (row,) = await world.sql(
        "SELECT xmin::text, ctid::text, xmax::text FROM sessions WHERE session_id = $1", person.session_id
    )
    return tuple(row)


async def state(person: SignedIn) -> str:
    answer = await person.get(f"/v1/sessions/{person.session_id}/state")
    return str(answer.json["state"] if answer.status == 200 else answer.code)


async def test_asking_for_the_state_keeps_nothing_alive(world: World) -> None:
    alice = await world.sign_in(ALICE)
    await world.age_session(alice.session_id, minutes=20)
    before = await written(world, alice)
    answer = await alice.get(f"/v1/sessions/{alice.session_id}/state")
    assert answer.json.keys() == {"state", "idle_expires_at", "absolute_expires_at", "degraded"}
    left = datetime.fromisoformat(answer.json["idle_expires_at"]) - datetime.now(UTC)
    assert timedelta(minutes=9) < left <= timedelta(minutes=10)
    assert await written(world, alice) == before


async def test_a_session_expires_when_nobody_touches_it(world: World) -> None:
    alice = await world.sign_in(ALICE)
    assert await state(alice) == "active"
    await world.age_session(alice.session_id, minutes=26)
    assert await state(alice) == "expiring"
    await world.age_session(alice.session_id, minutes=4, seconds=1)
    assert await state(alice) == "session_expired"
    touch = await alice.post(f"/v1/sessions/{alice.session_id}/touch")
    assert (touch.status, touch.code) == (401, "session_expired")


async def test_a_touch_slides_the_idle_window(world: World) -> None:
    alice = await world.sign_in(ALICE)
    await world.age_session(alice.session_id, minutes=26)
    answer = await alice.post(f"/v1/sessions/{alice.session_id}/touch")
    assert (answer.status, answer.json["state"]) == (200, "active")
    left = datetime.fromisoformat(answer.json["idle_expires_at"]) - datetime.now(UTC)
    assert timedelta(minutes=29) < left <= timedelta(minutes=30)
    assert len(await world.events(alice.session_id)) == 1


async def test_a_touch_soon_after_another_writes_nothing(world: World) -> None:
    alice = await world.sign_in(ALICE)
    for minutes in (0, 2):
        await world.age_session(alice.session_id, minutes=minutes)
        await alice.post(f"/v1/sessions/{alice.session_id}/touch")
        before = await written(world, alice)
        again = await alice.post(f"/v1/sessions/{alice.session_id}/touch")
        assert again.status == 200
        assert await written(world, alice) == before


async def test_no_touch_reaches_beyond_the_absolute_end(world: World) -> None:
    alice = await world.sign_in(ALICE)
    await world.age_session(alice.session_id, hours=11, minutes=57)
    # It was used all the time.
    await world.sql(
        "UPDATE sessions SET idle_expires_at = now() + interval '1 minute' WHERE session_id = $1",
        alice.session_id,
    )
    answer = await alice.post(f"/v1/sessions/{alice.session_id}/touch")
    assert answer.json["idle_expires_at"] == answer.json["absolute_expires_at"]
    assert answer.json["state"] == "expiring"
    await world.age_session(alice.session_id, minutes=4)
    assert await state(alice) == "session_expired"


async def test_a_revocation_is_heard_by_every_process_within_a_second(world: World) -> None:
    async with running_api(world.environ) as other:
        chloe = await world.sign_in(CHLOE)
        elsewhere = Asker(other.http, chloe.headers)
        assert (await elsewhere.get("/v1/projects")).status == 200
        signed_out = await chloe.post(f"/v1/sessions/{chloe.session_id}/sign-out", {})
        assert signed_out.status == 204
        revoked_at = time.monotonic()
        here = await chloe.get("/v1/projects")
        assert (here.status, here.code) == (401, "session_revoked")
        there = await elsewhere.refused_after("/v1/projects", revoked_at)
        assert there.code == "session_revoked"


@pytest.mark.parametrize("what", ["another person's", "an unknown", "no uuid"])
async def test_a_bearer_goes_with_a_session_of_the_same_person(world: World, what: str) -> None:
    session_id = {"another person's": world.mallory.session_id, "an unknown": new_id(), "no uuid": "x"}[what]
    answer = await world.alice.get("/v1/projects", **{AIDIAL_SESSION: session_id})
    assert (answer.status, answer.code) == (401, "session_invalid")


async def test_a_bearer_without_a_session_is_asked_for_one(world: World) -> None:
    answer = await world.bearer_only(ALICE).get("/v1/projects")
    assert (answer.status, answer.code) == (401, "session_missing")


ROWS_OF_THE_CURRENT: tuple[tuple[str, str, object], ...] = (
    ("GET", "state", None),
    ("POST", "touch", None),
    ("POST", "sign-out", {}),
    ("POST", "refresh-lease", None),
    ("PUT", "tokens", {"expected_generation": 0, "tokens": "v1.abc"}),
)


@pytest.mark.parametrize(("method", "what", "body"), ROWS_OF_THE_CURRENT, ids=lambda one: str(one)[:12])
async def test_every_session_but_the_one_that_asks_is_the_same_404(
    world: World, method: str, what: str, body: object
) -> None:
    other_of_alice = await world.sign_in(ALICE)
    bodies = set()
    for session_id in (world.mallory.session_id, other_of_alice.session_id, new_id(), "x"):
        answer = await world.alice.ask(method, f"/v1/sessions/{session_id}/{what}", body)
        assert (answer.status, answer.code) == (404, "not_found")
        bodies.add(answer.body.replace(answer.json["request_id"].encode(), b""))
    assert len(bodies) == 1
    assert await state(other_of_alice) == "active"
    assert await state(world.mallory) == "active"


@pytest.mark.parametrize(("method", "what", "body"), ROWS_OF_THE_CURRENT, ids=lambda one: str(one)[:12])
async def test_a_key_has_no_session(world: World, method: str, what: str, body: object) -> None:
    path = f"/v1/sessions/{world.alice.session_id}/{what}"
    answer = await world.harbour_manage.ask(method, path, body)
    assert (answer.status, answer.code) == (403, "auth_mode_not_allowed")


async def test_a_refused_refresh_makes_the_session_expired(world: World) -> None:
    priya = await world.sign_in(PRIYA)
    path = f"/v1/sessions/{priya.session_id}/sign-out"
    assert (await priya.post(path, {"reason": "refresh_refused"})).status == 204
    assert await state(priya) == "session_expired"
    *_, event = await world.events(priya.session_id)
    assert (event["action"], event["why"]) == ("sessions.session.expired", "refresh_refused")
