"""Partners manage keys through the portal; nobody else does."""

from __future__ import annotations

from tests.people import ALICE, HARBOUR, NORTHSIDE, PRIYA, TOM
from tests.support.portal import Town

KEYS = "/api/partner/api-keys"
NEW = {"client_id": HARBOUR, "scope": "read", "description": "the till"}


async def test_priya_makes_rotates_and_revokes_a_key(town: Town) -> None:
    priya = await town.of(PRIYA)
    made = await priya.change("POST", KEYS, NEW)
    assert made.status == 201
    key_id = made.json["api_key"]["api_key_id"]
    listed = await priya.get(f"{KEYS}?client_id={HARBOUR}")
    assert key_id in {one["api_key_id"] for one in listed.json["api_keys"]}
    assert made.json["secret"] not in listed.text
    rotated = await priya.change("POST", f"{KEYS}/{key_id}/rotate")
    assert rotated.status == 201
    new_id = rotated.json["api_key"]["api_key_id"]
    revoked = await priya.change("POST", f"{KEYS}/{new_id}/revoke", {})
    assert (revoked.status, revoked.json["api_key"]["state"]) == (200, "revoked")
    again = await priya.change("POST", f"{KEYS}/{new_id}/revoke", {})
    assert again.status == 409
    assert again.json["error"]["details"] == {"current_state": "revoked", "allowed": []}


async def test_a_retry_under_the_same_idempotency_key_makes_one_key(town: Town) -> None:
    priya = await town.of(PRIYA)
    first = await priya.change("POST", KEYS, NEW, idempotency_key="the-till-1")
    again = await priya.change("POST", KEYS, NEW, idempotency_key="the-till-1")
    assert (first.status, first.json) == (again.status, again.json)
    other = await priya.change("POST", KEYS, NEW | {"description": "x"}, idempotency_key="the-till-1")
    assert (other.status, other.json["error"]["code"]) == (409, "idempotency_conflict")


async def test_the_client_must_be_named(town: Town) -> None:
    page = await (await town.of(TOM)).get(KEYS)
    assert (page.status, page.json["error"]["code"]) == (400, "malformed_request")


async def test_tom_looks_and_does_not_touch_and_alice_does_neither(town: Town) -> None:
    tom, alice = await town.of(TOM), await town.of(ALICE)
    assert (await tom.get(f"{KEYS}?client_id={HARBOUR}")).status == 200
    assert (await tom.change("POST", KEYS, NEW)).status == 404
    assert (await alice.get(f"{KEYS}?client_id={HARBOUR}")).status == 404
    assert (await (await town.of(PRIYA)).change("POST", KEYS, NEW | {"client_id": NORTHSIDE})).status == 404
