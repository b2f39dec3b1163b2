"""Programs that come with a bearer of the issuer: they act like a key of their tenant and scope, no more."""

from __future__ import annotations

import time

import pytest

from aidial_api.provisioning_services import (
    add_service_account,
    list_service_accounts,
    revoke_service_account,
)
from aidial_contract.ids import new_id
from tests.api.kernel.strict import allow_only, at, small_limits
from tests.people import ALICE, CLOSED, FRONT_DESK, HARBOUR, NORTHSIDE, NORTHSIDE_LINE
from tests.support.api import World, running_api
from tests.support.askers import Asker
from tests.support.world_calls import new_call


async def registered(world: World, client_id: str = HARBOUR, scope: str = "manage") -> tuple[str, str]:
    """A new subject that may act for a tenant, and the id of its registration."""
    subject = f"robot-{new_id()}"
    account_id = await add_service_account(
        world.urls.owner_url, client_id, issuer=world.issuer.url, subject=subject, name="Robot", scope=scope
    )
    assert account_id is not None
    return subject, account_id


def bearer(world: World, subject: str, **claims: object) -> Asker:
    token = world.issuer.access_token(subject, **claims)
    return Asker(world.api.http, {"authorization": f"Bearer {token}"})


async def test_it_says_who_it_is_and_needs_no_session(world: World) -> None:
    subject, account_id = await registered(world)
    told = (await bearer(world, subject).get("/v1/session-context")).json
    assert (told["actor"], told["assigned"], told["client_id"]) == ("service", True, HARBOUR)
    assert told["service"] == {"service_account_id": account_id, "name": "Robot", "scope": "manage"}
    assert (told["user"], told["key"], told["role"]) == (None, None, None)


async def test_it_reads_what_a_key_reads_and_a_session_header_changes_nothing(world: World) -> None:
    subject, _ = await registered(world, scope="read")
    robot = bearer(world, subject)
    for path in ("/v1/projects", "/v1/calls?limit=3", f"/v1/calls/{world.calls['front-1']}"):
        by_key, by_robot = await world.harbour_read.get(path), await robot.get(path)
        assert (by_robot.status, by_robot.body) == (200, by_key.body)
    borrowed = await robot.get("/v1/projects", x_aidial_session=world.mallory.session_id)
    assert borrowed.body == (await world.harbour_read.get("/v1/projects")).body


async def test_its_scope_and_its_tenant_bind_it_as_they_bind_a_key(world: World) -> None:
    reader = bearer(world, (await registered(world, scope="read"))[0])
    answer = await reader.post("/v1/calls", new_call(FRONT_DESK, "robot-read"))
    assert (answer.status, answer.code) == (403, "scope_insufficient")
    manager = bearer(world, (await registered(world))[0])
    answer = await manager.post("/v1/calls", new_call(NORTHSIDE_LINE, "robot-elsewhere"))
    assert (answer.status, answer.code) == (404, "not_found")
    assert (await manager.get(f"/v1/calls/{world.calls['northside-1']}")).status == 404
    answer = await manager.get("/v1/sessions")
    assert (answer.status, answer.code) == (403, "auth_mode_not_allowed")


async def test_what_it_delivers_is_recorded_as_its_own(world: World) -> None:
    subject, account_id = await registered(world)
    answer = await bearer(world, subject).post("/v1/calls", new_call(FRONT_DESK, f"robot-{new_id()}"))
    assert answer.status == 201
    (event,) = await world.events(answer.json["call_id"])
    assert (event["actor_kind"], event["actor_id"], event["actor_label"]) == ("service", account_id, "Robot")
    log = (await world.alice.get("/v1/audit-events?limit=5")).json["events"]
    assert {"kind": "service", "id": account_id, "label": "Robot"} in [one["actor"] for one in log]


async def test_a_subject_nobody_registered_is_a_person_without_a_session(world: World) -> None:
    answer = await bearer(world, f"stranger-{new_id()}").get("/v1/projects")
    assert (answer.status, answer.code) == (401, "session_missing")


async def test_a_registered_subject_needs_a_good_token_like_everybody(world: World) -> None:
    subject, _ = await registered(world)
    for changes, code in (
        ({"aud": ["other"]}, "token_invalid"),
        ({"exp": int(time.time()) - 60}, "token_expired"),
        ({"amr": ["pwd"]}, "token_invalid"),
    ):
        answer = await bearer(world, subject, **changes).get("/v1/projects")
        assert (answer.status, answer.code) == (401, code)


async def test_a_person_stays_a_person_whoever_registers_their_subject(world: World) -> None:
    await add_service_account(
        world.urls.owner_url,
        NORTHSIDE,
        issuer=world.issuer.url,
        subject=ALICE.subject,
        name="Not Alice",
        scope="manage",
    )
    world.api.app.services.credentials.heard(None)  # type: ignore[union-attr]
    assert (await world.alice.get("/v1/session-context")).json["client_id"] == HARBOUR
    answer = await world.bearer_only(ALICE).get("/v1/projects")
    assert (answer.status, answer.code) == (401, "session_missing")


async def test_one_subject_in_two_tenants_is_nobodys(world: World) -> None:
    subject, _ = await registered(world)
    assert (await bearer(world, subject).get("/v1/projects")).status == 200
    other = await add_service_account(
        world.urls.owner_url, NORTHSIDE, issuer=world.issuer.url, subject=subject, name="Twin", scope="read"
    )
    assert other is not None
    world.api.app.services.credentials.heard(None)  # type: ignore[union-attr]
    answer = await bearer(world, subject).get("/v1/projects")
    assert (answer.status, answer.code) == (401, "session_missing")
    assert await revoke_service_account(world.urls.owner_url, NORTHSIDE, other, "mistake")
    world.api.app.services.credentials.heard(None)  # type: ignore[union-attr]
    assert (await bearer(world, subject).get("/v1/session-context")).json["client_id"] == HARBOUR


async def test_a_revoked_one_is_refused_by_every_process_within_a_second(world: World) -> None:
    subject, account_id = await registered(world)
    async with running_api(world.environ) as other:
        here = bearer(world, subject)
        for robot in (here, at(other, here)):
            assert (await robot.get("/v1/projects")).status == 200
        assert await revoke_service_account(world.urls.owner_url, HARBOUR, account_id, "replaced")
        revoked_at = time.monotonic()
        for robot in (here, at(other, here)):
            answer = await robot.refused_after("/v1/projects", revoked_at)
            assert (answer.status, answer.code) == (401, "token_invalid")


async def test_a_revoked_subject_may_be_registered_anew_and_only_then(world: World) -> None:
    subject, account_id = await registered(world)
    again = {"issuer": world.issuer.url, "subject": subject, "name": "Robot", "scope": "read"}
    assert await add_service_account(world.urls.owner_url, HARBOUR, **again) is None
    assert await revoke_service_account(world.urls.owner_url, HARBOUR, account_id, "")
    assert not await revoke_service_account(world.urls.owner_url, HARBOUR, account_id, "")
    assert not await revoke_service_account(world.urls.owner_url, NORTHSIDE, account_id, "")
    assert await add_service_account(world.urls.owner_url, HARBOUR, **again) is not None
    rows = await list_service_accounts(world.urls.owner_url, HARBOUR)
    states = [row["revoked_at"] is None for row in rows if row["subject"] == subject]
    assert sorted(states) == [False, True]
    (event,) = [one for one in await world.events(account_id) if one["action"].endswith("revoked")]
    assert (event["actor_kind"], event["target_kind"]) == ("system", "service_account")


async def test_its_tenants_allowlist_and_rates_are_its_own(world: World) -> None:
    subject, _ = await registered(world)
    robot = bearer(world, subject)
    async with running_api(world.environ) as api:
        async with allow_only(world, api, HARBOUR, "203.0.113.0/24"):
            answer = await at(api, robot).get("/v1/projects")
        assert (answer.status, answer.code) == (403, "ip_not_allowed")
    async with small_limits(world) as api:
        statuses = [(await at(api, robot).get("/v1/projects")).status for _ in range(5)]
        assert statuses == [200, 200, 200, 429, 429]
        assert (await at(api, world.harbour_read).get("/v1/projects")).status == 200


async def test_that_of_an_archived_client_finds_nothing(world: World) -> None:
    subject, _ = await registered(world, CLOSED)
    assert (await bearer(world, subject).get("/v1/projects")).status == 404


@pytest.mark.parametrize("issuer", ["http://127.0.0.1:1", "http://127.0.0.1:1/"])
async def test_a_subject_of_another_issuer_is_not_this_one(world: World, issuer: str) -> None:
    subject = f"robot-{new_id()}"
    await add_service_account(
        world.urls.owner_url, HARBOUR, issuer=issuer, subject=subject, name="Foreign", scope="read"
    )
    assert (await bearer(world, subject).get("/v1/projects")).code == "session_missing"
