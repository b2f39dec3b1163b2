"""A voice runtime that did not hear the answer sends its request again, under the same Idempotency-Key."""

from __future__ import annotations

from typing import Any

import pytest

from aidial_contract.ids import new_id
from tests.api.calls.lines import Business
from tests.api.idempotency.posting import (
    another_key,
    assert_replays,
    call_of,
    deliver,
    is_replay,
    kept,
    outcome,
    stored,
)
from tests.api.sessions.newcomers import invite
from tests.people import ALICE, NORTHSIDE_LINE
from tests.support.api import World
from tests.support.askers import Asker
from tests.support.statements import statements_of_requests


async def test_the_same_request_again_gets_the_first_answer_and_makes_nothing(
    world: World, surgery: Business
) -> None:
    call, key = call_of(surgery), new_id()
    first = await deliver(surgery.key, call, key)
    assert first.status == 201
    for _ in range(2):
        assert_replays(await deliver(surgery.key, call, key), first)
    assert await stored(world, call) == 1


async def test_a_repeat_tells_what_was_answered_and_not_what_changed_since(surgery: Business) -> None:
    call, key = call_of(surgery), new_id()
    first = await deliver(surgery.key, call, key)
    changed = await surgery.key.patch(first.headers["location"], {"outcome": "later"}, if_match="*")
    assert changed.status == 200
    assert_replays(await deliver(surgery.key, call, key), first)
    without_key = await surgery.key.post("/v1/calls", call)
    assert (without_key.status, without_key.json["outcome"]) == (200, "later")


async def test_without_a_key_nothing_is_kept_and_no_statement_is_spent(
    world: World, surgery: Business
) -> None:
    before = await kept(world, surgery)
    with statements_of_requests() as statements:
        plain = await surgery.key.post("/v1/calls", call_of(surgery))
    assert (plain.status, is_replay(plain)) == (201, False)
    assert not [text for text in statements if "idempotency" in text or "advisory" in text]
    assert "SAVEPOINT part" not in statements
    assert await kept(world, surgery) == before


@pytest.mark.parametrize("change", [{"outcome": "other"}, {"external_id": "another"}])
async def test_another_body_under_the_same_key_is_a_conflict_and_does_nothing(
    world: World, surgery: Business, change: dict[str, Any]
) -> None:
    call, key = call_of(surgery), new_id()
    first = await deliver(surgery.key, call, key)
    other = await deliver(surgery.key, {**call, **change}, key)
    assert outcome(other) == (409, "idempotency_conflict")
    assert not is_replay(other)
    assert await world.sql("SELECT 1 FROM calls WHERE external_id = 'another'") == []
    assert_replays(await deliver(surgery.key, call, key), first)


async def test_another_spelling_of_the_body_is_another_body(surgery: Business) -> None:
    call, key = call_of(surgery), new_id()
    assert (await deliver(surgery.key, call, key)).status == 201
    reversed_call = {name: call[name] for name in reversed(call)}
    assert outcome(await deliver(surgery.key, reversed_call, key)) == (409, "idempotency_conflict")


async def test_a_persons_key_is_theirs_and_a_session_is_begun_once(world: World) -> None:
    body = {"id_token": world.id_token(ALICE), "device_label": "Firefox on Linux"}
    alice, key = world.bearer_only(ALICE), new_id()
    first = await alice.post("/v1/sessions", body, idempotency_key=key)
    assert first.status == 201
    assert_replays(await alice.post("/v1/sessions", body, idempotency_key=key), first)
    other = await alice.post("/v1/sessions", {**body, "device_label": "Telephone"}, idempotency_key=key)
    assert outcome(other) == (409, "idempotency_conflict")
    assert len(await world.events(first.json["session_id"])) == 1
    records = await world.sql(
        "SELECT client_id FROM idempotency_records WHERE actor_id = $1", world.user_ids["alice"]
    )
    assert {record["client_id"] for record in records} == {""}


async def test_a_first_sign_in_whose_answer_was_lost_is_repeated_by_the_person_it_made(
    world: World,
) -> None:
    newcomer = await invite(world)
    body = {"id_token": world.id_token(newcomer), "device_label": "Firefox on Linux"}
    stranger, key = world.bearer_only(newcomer), new_id()
    first = await stranger.post("/v1/sessions", body, idempotency_key=key)
    assert first.status == 201
    assert_replays(await stranger.post("/v1/sessions", body, idempotency_key=key), first)
    assert len(await world.events(world.user_ids[newcomer.name])) == 1


async def test_a_stranger_who_is_refused_is_answered_alike_again_and_nothing_is_kept(
    world: World,
) -> None:
    newcomer = await invite(world)
    body = {"id_token": world.id_token(newcomer, email_verified=False), "device_label": "Firefox"}
    stranger, key = world.bearer_only(newcomer), new_id()
    for _ in range(2):
        answer = await stranger.post("/v1/sessions", body, idempotency_key=key)
        assert outcome(answer) == (404, "not_found")
        assert not is_replay(answer)


async def test_the_neighbour_and_another_key_of_the_tenant_use_the_same_name_for_their_own(
    world: World, surgery: Business, neighbour: Business
) -> None:
    key = new_id()
    mine, theirs, colleagues = call_of(surgery), call_of(neighbour), call_of(surgery)
    first = await deliver(surgery.key, mine, key)
    for asker, call in (
        (neighbour.key, theirs),
        (await another_key(world, surgery), colleagues),
    ):
        answer = await deliver(asker, call, key)
        assert (answer.status, is_replay(answer)) == (201, False)
    assert_replays(await deliver(surgery.key, mine, key), first)


async def test_after_a_day_a_key_is_new_again(world: World, surgery: Business) -> None:
    call, key = call_of(surgery), new_id()
    await deliver(surgery.key, call, key)
    await world.sql(
        "UPDATE idempotency_records SET expires_at = expires_at - interval '24 hours' WHERE client_id = $1",
        surgery.client_id,
    )
    again = await deliver(surgery.key, call, key)
    assert (again.status, is_replay(again)) == (200, False)  # the call's own name still knows it
    assert_replays(await deliver(surgery.key, call, key), again)
    (row,) = await world.sql(
        "SELECT max(expires_at) - now() AS left FROM idempotency_records WHERE client_id = $1",
        surgery.client_id,
    )
    assert 86_300 < row["left"].total_seconds() <= 86_400


async def test_a_refusal_of_the_handler_is_kept_and_its_effects_are_not(
    world: World, surgery: Business
) -> None:
    call, key = call_of(surgery), new_id()
    await surgery.deliver(call)
    refused = await deliver(surgery.key, {**call, "outcome": "other"}, key)
    assert outcome(refused) == (409, "already_exists")
    await world.sql("UPDATE calls SET external_id = external_id || '-moved' WHERE external_id = $1",
                    call["external_id"])  # fmt: skip
    assert_replays(await deliver(surgery.key, {**call, "outcome": "other"}, key), refused)
    assert await stored(world, call) == 0


async def test_a_refusal_of_the_guard_is_not_kept(world: World, surgery: Business) -> None:
    key, before = new_id(), await kept(world, surgery)
    call = call_of(surgery)
    assert outcome(await deliver(surgery.key, {**call, "channel": "smoke"}, key)) == (
        422,
        "validation_failed",
    )
    foreign = {**call, "project_id": NORTHSIDE_LINE}
    assert outcome(await deliver(surgery.key, foreign, key)) == (404, "not_found")
    assert await kept(world, surgery) == before
    answer = await deliver(surgery.key, call, key)
    assert (answer.status, is_replay(answer)) == (201, False)


async def test_a_project_that_was_switched_off_hides_what_was_answered(
    world: World, neighbour: Business
) -> None:
    call, key = call_of(neighbour), new_id()
    first = await deliver(neighbour.key, call, key)
    switch = "UPDATE projects SET is_active = $2 WHERE project_id = $1"
    credentials = world.api.app.services
    assert credentials is not None
    await world.sql(switch, neighbour.lines[0], False)
    credentials.credentials.heard(None)
    try:
        used = await deliver(neighbour.key, call, key)
        unused = await deliver(neighbour.key, call, new_id())
        assert outcome(used) == outcome(unused) == (404, "not_found")
        request_ids = [one.headers["x-request-id"].encode() for one in (used, unused)]
        assert used.body.replace(request_ids[0], b"") == unused.body.replace(request_ids[1], b"")
        assert set(used.headers) == set(unused.headers)
    finally:
        await world.sql(switch, neighbour.lines[0], True)
        credentials.credentials.heard(None)
    assert_replays(await deliver(neighbour.key, call, key), first)


@pytest.mark.parametrize(
    ("key", "code"),
    [("x" * 256, "too_long"), ("schlüssel", "format"), ("a\tb", "format")],
    ids=["long", "umlaut", "tab"],
)
async def test_a_key_that_is_none_is_refused_by_name(surgery: Business, key: str, code: str) -> None:
    answer = await deliver(surgery.key, call_of(surgery), key)
    assert outcome(answer) == (400, "idempotency_key_invalid")
    assert [(one["field"], one["code"]) for one in answer.json["field_errors"]] == [
        ("header.idempotency-key", code)
    ]
    assert key.encode() not in answer.body


async def test_an_empty_key_is_none_either(surgery: Business) -> None:
    headers = {**surgery.key.headers, "idempotency-key": ""}
    async with surgery.key.http.post("/v1/calls", json=call_of(surgery), headers=headers) as answer:
        assert (answer.status, (await answer.json())["code"]) == (400, "idempotency_key_invalid")


@pytest.mark.parametrize("key", ["x", "x" * 255, " ~!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", "a b"])
async def test_any_printable_ascii_is_a_key(surgery: Business, key: str) -> None:
    call = call_of(surgery)
    first = await deliver(surgery.key, call, key)
    assert first.status == 201, first
    assert_replays(await deliver(surgery.key, call, key), first)


async def test_two_keys_at_once_are_no_well_formed_request(surgery: Business) -> None:
    headers = [*surgery.key.headers.items(), ("idempotency-key", "a"), ("idempotency-key", "b")]
    async with surgery.key.http.post("/v1/calls", json=call_of(surgery), headers=headers) as answer:
        assert (answer.status, (await answer.json())["code"]) == (400, "malformed_request")


async def test_whoever_may_not_deliver_learns_nothing_of_keys(world: World, surgery: Business) -> None:
    call, key = call_of(surgery), new_id()
    await deliver(surgery.key, call, key)
    for bad in (key, "x" * 256):
        assert outcome(await deliver(world.harbour_read, call, bad)) == (403, "scope_insufficient")
        assert outcome(await deliver(world.alice, call, bad)) == (403, "auth_mode_not_allowed")
        assert outcome(await deliver(Asker(world.api.http), call, bad)) == (401, "credentials_missing")
    assert outcome(await deliver(world.harbour_manage, call, key)) == (404, "not_found")


async def test_nothing_of_an_answer_is_readable_in_the_database(world: World, surgery: Business) -> None:
    call, key = call_of(surgery, summary="Toothache since Sunday"), f"key-of-{new_id()}"
    await deliver(surgery.key, call, key)
    rows = await world.sql("SELECT * FROM idempotency_records WHERE client_id = $1", surgery.client_id)
    for row in rows:
        everything = repr(dict(row))
        assert "Toothache" not in everything
        assert call["external_id"] not in everything
        assert key not in everything
