"""People make, rotate and revoke keys of their clients; keys never do."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from aidial_contract.headers import API_KEY, IDEMPOTENCY_KEY
from aidial_contract.ids import new_api_key, new_id, parse_api_key
from tests.people import BAYSIDE, CLOSED, HARBOUR, NORTHSIDE
from tests.support.api import World
from tests.support.askers import Asker


def new_key(client_id: str = HARBOUR, **changes: Any) -> dict[str, Any]:
    return {"client_id": client_id, "scope": "read", "description": "the booking system", **changes}


async def made(world: World, **changes: Any) -> dict[str, Any]:
    answer = await world.priya.post("/v1/api-keys", new_key(**changes))
    assert answer.status == 201, answer
    body: dict[str, Any] = answer.json
    return body


def holder(world: World, secret: str) -> Asker:
    return Asker(world.api.http, {API_KEY: secret})


async def test_priya_makes_a_key_that_works_at_once_and_is_shown_once(world: World) -> None:
    key = await made(world)
    shown, secret = key["api_key"], key["secret"]
    parts = parse_api_key(secret)
    assert parts is not None
    assert shown["api_key_id"] == parts.api_key_id
    assert (shown["state"], shown["environment"], shown["last_four"]) == ("active", "live", secret[-4:])
    listed = await world.priya.get(f"/v1/api-keys?client_id={HARBOUR}&limit=100")
    assert shown in listed.json["api_keys"]
    assert (await holder(world, secret).get("/v1/session-context")).json["client_id"] == HARBOUR
    assert secret.encode() not in listed.body
    (event,) = await world.events(shown["api_key_id"])
    assert (event["action"], event["client_id"]) == ("api_keys.key.created", HARBOUR)
    kept = await world.sql("SELECT * FROM api_keys WHERE api_key_id = $1", shown["api_key_id"])
    assert secret not in str(dict(kept[0]))


async def test_a_key_made_twice_under_one_idempotency_key_is_one_key(world: World) -> None:
    own = {IDEMPOTENCY_KEY: new_id()}
    first, again = [await world.priya.ask("POST", "/v1/api-keys", new_key(), headers=own) for _ in range(2)]
    assert (first.status, again.status) == (201, 201)
    assert first.json == again.json


async def test_ada_names_the_client_and_omar_may_only_look(world: World) -> None:
    assert (await world.ada.post("/v1/api-keys", new_key(NORTHSIDE))).status == 201
    assert (await world.ada.get(f"/v1/api-keys?client_id={NORTHSIDE}")).json["api_keys"]
    assert (await world.omar.get(f"/v1/api-keys?client_id={HARBOUR}")).status == 200
    assert (await world.omar.post("/v1/api-keys", new_key())).status == 404
    for nobody in ("nobody-at-all", "No Id", CLOSED):
        assert (await world.ada.post("/v1/api-keys", new_key(nobody))).status == 404
        assert (await world.ada.get(f"/v1/api-keys?client_id={nobody.replace(' ', '%20')}")).status == 404


async def test_whoever_reaches_several_clients_must_say_which(world: World) -> None:
    for somebody in (world.priya, world.tom, world.ada):
        answer = await somebody.get("/v1/api-keys")
        assert (answer.status, answer.code) == (400, "malformed_request")
        assert answer.json["field_errors"][0]["field"] == "query.client_id"


async def test_a_foreign_client_is_a_missing_one_after_the_rest_was_checked(world: World) -> None:
    for client_id in (NORTHSIDE, CLOSED, "nobody-at-all"):
        assert (await world.priya.post("/v1/api-keys", new_key(client_id))).status == 404
        wrong = await world.priya.post("/v1/api-keys", new_key(client_id, scope="admin", description=""))
        assert (wrong.status, wrong.code) == (422, "validation_failed")
        fields = {one["field"] for one in wrong.json["field_errors"]}
        assert fields == {"/scope", "/description"}


async def test_a_key_cannot_end_in_the_past(world: World) -> None:
    ended = (datetime.now(UTC) - timedelta(minutes=1)).isoformat()
    answer = await world.priya.post("/v1/api-keys", new_key(expires_at=ended))
    assert (answer.status, answer.json["field_errors"][0]["field"]) == (422, "/expires_at")


async def test_no_key_makes_rotates_or_revokes_keys(world: World) -> None:
    key = (await made(world))["api_key"]["api_key_id"]
    for path in ("/v1/api-keys", f"/v1/api-keys/{key}/rotate", f"/v1/api-keys/{key}/revoke"):
        answer = await world.harbour_manage.post(path, new_key())
        assert (answer.status, answer.code) == (403, "auth_mode_not_allowed")


async def test_rotation_refuses_the_old_key_and_gives_a_new_one_like_it(world: World) -> None:
    old = await made(world, scope="manage", client_id=BAYSIDE)
    before = old["api_key"]
    answer = await world.priya.post(f"/v1/api-keys/{before['api_key_id']}/rotate")
    assert answer.status == 201
    after = answer.json["api_key"]
    same = ("client_id", "scope", "description", "environment", "expires_at")
    assert [after[name] for name in same] == [before[name] for name in same]
    assert (await holder(world, answer.json["secret"]).get("/v1/session-context")).status == 200
    await refused(world, old["secret"])
    again = await world.priya.post(f"/v1/api-keys/{before['api_key_id']}/rotate")
    assert (again.status, again.code) == (409, "state_conflict")
    assert again.json["details"] == {"current_state": "rotated", "allowed": []}


async def test_nobody_gets_an_admin_key_by_rotating_one(world: World) -> None:
    text, parts = new_api_key("live")
    await world.provisioner.add_key(HARBOUR, text, scope="admin", description="members")
    path = f"/v1/api-keys/{parts.api_key_id}"
    missing = await world.priya.post(f"/v1/api-keys/{'0' * 22}/rotate")
    for somebody in (world.priya, world.ada):
        answer = await somebody.post(f"{path}/rotate?client_id={HARBOUR}")
        assert (answer.status, answer.code) == (missing.status, missing.code) == (404, "not_found")
    assert (await holder(world, text).get("/v1/session-context")).status == 200
    assert (await world.priya.post(f"{path}/revoke", {})).json["api_key"]["state"] == "revoked"


async def test_a_revoked_key_is_refused_and_stays_revoked(world: World) -> None:
    key = await made(world)
    assert (await holder(world, key["secret"]).get("/v1/session-context")).status == 200
    path = f"/v1/api-keys/{key['api_key']['api_key_id']}/revoke"
    answer = await world.priya.post(path, {"reason": "the laptop was lost"})
    assert (answer.status, answer.json["api_key"]["state"]) == (200, "revoked")
    await refused(world, key["secret"])
    again = await world.priya.post(path, {})
    assert (again.status, again.code) == (409, "state_conflict")
    events = await world.events(key["api_key"]["api_key_id"])
    assert [event["action"] for event in events] == ["api_keys.key.created", "api_keys.key.revoked"]
    assert events[-1]["why"] == "the laptop was lost"


async def test_of_ten_who_end_a_key_at_once_one_does(world: World) -> None:
    key = await made(world)
    path = f"/v1/api-keys/{key['api_key']['api_key_id']}"
    revoking = [world.priya.post(f"{path}/revoke", {}) for _ in range(9)]
    answers = await asyncio.gather(*revoking, world.priya.post(f"{path}/rotate"))
    assert sum(answer.status in {200, 201} for answer in answers) == 1
    assert sum(answer.status == 409 for answer in answers) == 9


async def test_a_rivals_key_cannot_be_ended(world: World) -> None:
    theirs = (await world.ada.post("/v1/api-keys", new_key(NORTHSIDE))).json["api_key"]["api_key_id"]
    for somebody, client_id in ((world.priya, HARBOUR), (world.priya, NORTHSIDE), (world.ada, HARBOUR)):
        answer = await somebody.post(f"/v1/api-keys/{theirs}/revoke?client_id={client_id}", {})
        assert (answer.status, answer.code) == (404, "not_found")
    ended = await world.ada.post(f"/v1/api-keys/{theirs}/revoke?client_id={NORTHSIDE}", {})
    assert ended.status == 200


async def refused(world: World, secret: str) -> None:
    """Within a second, by every process."""
    for _ in range(20):
        answer = await holder(world, secret).get("/v1/session-context")
        if answer.status == 401:
            assert answer.code == "api_key_revoked"
            return
        await asyncio.sleep(0.05)
    raise AssertionError("an ended key still works")
